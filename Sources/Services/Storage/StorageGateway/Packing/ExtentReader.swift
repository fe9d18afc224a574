import ErasureCoding
import Logging
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// Reads extents: from the data shards that hold them, or from any k shards when one of those does
/// not answer with bytes that lead to its root.
struct ExtentReader: Sendable {
  let directory: SegmentDirectory
  let calls: ShardCalls
  let vouchers: VoucherBook
  let health: ProviderHealth
  let logger: Logger

  /// How long the holder of the wanted bytes, or the first k of the others, may take before more
  /// providers are asked: a machine that is stuck must not keep a reader waiting.
  static let patience: Duration = .seconds(1)

  /// The bytes of an extent.
  /// - Throws: ``EngineError/unreadable(reason:)``.
  func read(_ extent: Extent) async throws -> ByteBuffer { try await read([extent]) }

  /// The bytes of extents, one behind the other; all are read at once.
  /// - Throws: ``EngineError/unreadable(reason:)``.
  func read(_ extents: [Extent]) async throws -> ByteBuffer {
    let parts: [[ByteBuffer]]
    if extents.count == 1 {
      parts = [try await self.parts(of: extents[0])]
    } else {
      parts = try await withThrowingTaskGroup(of: (Int, [ByteBuffer]).self) { group in
        for (index, extent) in extents.enumerated() {
          group.addTask { (index, try await self.parts(of: extent)) }
        }
        var parts = [[ByteBuffer]](repeating: [], count: extents.count)
        for try await (index, found) in group { parts[index] = found }
        return parts
      }
    }
    let all = parts.flatMap { $0 }
    if all.count == 1 { return all[0] }
    var whole = ByteBuffer()
    whole.reserveCapacity(all.reduce(0) { $0 + $1.readableBytes })
    for part in all { whole.writeImmutableBuffer(part) }
    return whole
  }

  /// An extent as the parts that lie in one shard each.
  private func parts(of extent: Extent) async throws -> [ByteBuffer] {
    let segment = try await directory.shards(of: extent.segment)
    guard let ranges = segment.layout.shardRanges(of: extent) else {
      throw EngineError.corrupt(reason: "extent \(extent) lies outside of its segment")
    }
    var lost: [Int] = []
    for range in ranges where !(await isTrusted(range.shard, of: segment)) {
      lost.append(range.shard)
    }
    if !lost.isEmpty, Self.areClose(ranges) {
      return try await rebuild(ranges, without: lost, of: segment)
    }
    var parts = await direct(ranges, of: segment)
    let missing = parts.indices.filter { parts[$0] == nil }
    if !missing.isEmpty {
      let rebuilt = try await rebuild(missing.map { ranges[$0] }, of: segment)
      for (index, bytes) in zip(missing, rebuilt) { parts[index] = bytes }
    }
    return parts.compactMap { $0 }
  }

  /// Whether a data shard has a holder that has not failed lately.
  private func isTrusted(_ slot: Int, of segment: SegmentShards) async -> Bool {
    guard let shard = segment.reference(slot: slot) else { return false }
    return await health.isTrusted(shard.provider)
  }

  /// Whether reading all of the span from k shards costs little more than the ranges themselves.
  private static func areClose(_ ranges: [SegmentLayout.ShardRange]) -> Bool {
    let low = ranges.map(\.range.lowerBound).min() ?? 0
    let high = ranges.map(\.range.upperBound).max() ?? 0
    let longest = ranges.map { $0.range.upperBound - $0.range.lowerBound }.max() ?? 0
    return ranges.count < 2 || high - low <= 2 * longest
  }

  /// The ranges of the data shards that hold them; nil for those whose holder is not trusted now,
  /// fails, or takes too long.
  private func direct(
    _ ranges: [SegmentLayout.ShardRange], of segment: SegmentShards
  ) async -> [ByteBuffer?] {
    await withTaskGroup(of: (Int, ByteBuffer?).self) { group in
      for (index, range) in ranges.enumerated() {
        group.addTask {
          guard let shard = segment.reference(slot: range.shard),
            await health.isTrusted(shard.provider)
          else { return (index, nil) }
          return (index, await patiently(range.range, of: shard))
        }
      }
      var parts = [ByteBuffer?](repeating: nil, count: ranges.count)
      for await (index, bytes) in group { parts[index] = bytes }
      return parts
    }
  }

  /// A range of a shard, unless its holder fails or takes too long.
  private func patiently(_ range: Range<UInt64>, of shard: ShardReference) async -> ByteBuffer? {
    await withTaskGroup(of: ByteBuffer?.self) { group in
      group.addTask { await attempt(range, of: shard) }
      group.addTask {
        do { try await Task.sleep(for: Self.patience) } catch { return nil }
        _ = await health.noteFailure(of: shard.provider)
        return nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
  }

  /// Ranges of data shards from any k shards. The code works byte by byte, so the same range of any
  /// k shards gives back that range of all the others; ranges that nearly coincide are rebuilt
  /// together from one set of k.
  private func rebuild(
    _ wanted: [SegmentLayout.ShardRange], of segment: SegmentShards
  ) async throws -> [ByteBuffer] {
    guard !Self.areClose(wanted) else {
      return try await rebuild(wanted, without: wanted.map(\.shard), of: segment)
    }
    var parts: [ByteBuffer] = []
    for range in wanted { parts += try await rebuild([range], without: [range.shard], of: segment) }
    return parts
  }

  /// Ranges that lie close together, from one reading of k shards: those wanted whose holders are
  /// trusted, and as many others as the `lost` ones need.
  private func rebuild(
    _ wanted: [SegmentLayout.ShardRange], without lost: [Int], of segment: SegmentShards
  ) async throws -> [ByteBuffer] {
    let low = wanted.map(\.range.lowerBound).min() ?? 0
    let high = wanted.map(\.range.upperBound).max() ?? 0
    let chunks = try await anyChunks(
      of: low..<high, wanted: wanted.map(\.shard), except: lost, of: segment)
    let coder = try ReedSolomon(
      dataShards: Int(segment.codeClass.dataShards),
      totalShards: Int(segment.codeClass.totalShards))
    let missing = wanted.map(\.shard).filter { chunks[$0] == nil }
    let rebuilt = missing.isEmpty ? [:] : try coder.reconstruct(chunks, wanted: missing)
    return try wanted.map { range in
      let chunk = chunks[range.shard] ?? rebuilt[range.shard]
      guard let chunk,
        let bytes = chunk.getSlice(
          at: chunk.readerIndex + Int(range.range.lowerBound - low),
          length: Int(range.range.upperBound - range.range.lowerBound))
      else { throw EngineError.unreadable(reason: "shard \(range.shard) could not be rebuilt") }
      return bytes
    }
  }

  /// A range of k shards, whichever answer. Asks all once more before it gives up: with just k
  /// holders alive a passing refusal of one must not fail the read.
  private func anyChunks(
    of range: Range<UInt64>, wanted: [Int], except lost: [Int], of segment: SegmentShards
  ) async throws -> [Int: ByteBuffer] {
    let k = Int(segment.codeClass.dataShards)
    var best = 0
    for attempt in 0..<3 {
      if attempt > 0 { try await Task.sleep(for: .milliseconds(200 * attempt)) }
      let chunks = await gather(
        range, from: await candidates(of: segment, wanted: wanted, except: lost), count: k)
      if chunks.count >= k { return chunks }
      best = max(best, chunks.count)
    }
    await directory.refresh(segment.number)
    throw EngineError.unreadable(
      reason: "\(best) of the \(k) shards needed of segment \(segment.number) answered")
  }

  /// Whom to ask: the holders of what is wanted, then others that are trusted, then those that
  /// failed lately, the holders of what was lost last.
  private func candidates(
    of segment: SegmentShards, wanted: [Int], except lost: [Int]
  ) async -> [ShardReference] {
    var trusted: [ShardReference] = []
    var doubtful: [ShardReference] = []
    let others = (0..<Int(segment.codeClass.totalShards)).filter { !wanted.contains($0) }
    for slot in wanted + others where !lost.contains(slot) {
      guard let shard = segment.reference(slot: slot) else { continue }
      if await health.isTrusted(shard.provider) {
        trusted.append(shard)
      } else {
        doubtful.append(shard)
      }
    }
    return trusted + doubtful + lost.compactMap { segment.reference(slot: $0) }
  }

  private enum Arrival: Sendable {
    case shard(slot: Int, bytes: ByteBuffer?)
    case patienceEnded
  }

  /// The range of `count` of the candidates: the first ones, another for each that fails, and all
  /// of them when patience ends.
  private func gather(
    _ range: Range<UInt64>, from candidates: [ShardReference], count: Int
  ) async -> [Int: ByteBuffer] {
    await withTaskGroup(of: Arrival.self) { group in
      var waiting = candidates[...]
      var chunks: [Int: ByteBuffer] = [:]
      func ask(_ number: Int) {
        for shard in waiting.prefix(number) {
          group.addTask {
            .shard(slot: Int(shard.slot), bytes: await attempt(range, of: shard))
          }
        }
        waiting = waiting.dropFirst(number)
      }
      ask(count)
      group.addTask {
        try? await Task.sleep(for: Self.patience)
        return .patienceEnded
      }
      defer { group.cancelAll() }
      for await arrival in group {
        switch arrival {
        case .shard(let slot, let bytes?):
          chunks[slot] = bytes
          if chunks.count == count { return chunks }
        case .shard: ask(1)
        case .patienceEnded: ask(waiting.count)
        }
      }
      return chunks
    }
  }

  /// Reads from one provider in orders of at most 1 MiB; nil when it does not give the bytes.
  private func attempt(_ range: Range<UInt64>, of shard: ShardReference) async -> ByteBuffer? {
    var whole = ByteBuffer()
    var position = range.lowerBound
    while position < range.upperBound {
      // A leaf to spare on each side, so that the widened answer fits into one frame.
      let end = min(range.upperBound, position + UInt64(ReadOrder.byteLimit))
      do {
        var bytes = try await paid(position..<end, of: shard)
        if position == range.lowerBound && end == range.upperBound {
          whole = bytes
        } else {
          whole.writeBuffer(&bytes)
        }
      } catch {
        // Somebody else was faster: no failure of this provider's.
        if Task.isCancelled { return nil }
        // Said once for each time that a provider falls from trust, not for each read.
        if await health.noteFailure(of: shard.provider) {
          logger.info(
            "provider \(shard.provider) did not serve segment \(shard.segment): \(error)")
        }
        return nil
      }
      position = end
    }
    await vouchers.note(bytes: range.upperBound - range.lowerBound, from: shard.provider)
    return whole
  }

  /// Reads, and pays first when the provider asks for it: twice at most, since other reads may use
  /// up what was paid for this one, and a provider that only takes money must not get much.
  private func paid(_ range: Range<UInt64>, of shard: ShardReference) async throws -> ByteBuffer {
    for _ in 0..<2 {
      do {
        return try await calls.read(range, of: shard)
      } catch let refusal as StorageRefusal where refusal.code == .paymentDue {
        await vouchers.settle(
          with: shard.provider, extraBytes: range.upperBound - range.lowerBound)
      }
    }
    return try await calls.read(range, of: shard)
  }
}

/// Which providers failed a read lately: they are asked last, so that a dead one costs one time-out
/// and not one a read.
actor ProviderHealth {
  private var distrustedUntil: [ProviderID: ContinuousClock.Instant] = [:]
  private let memory: Duration

  init(memory: Duration = .seconds(20)) { self.memory = memory }

  func isTrusted(_ provider: ProviderID) -> Bool {
    guard let until = distrustedUntil[provider] else { return true }
    if until > .now { return false }
    distrustedUntil[provider] = nil
    return true
  }

  /// Asks a provider last for a while. Returns whether it was trusted until now.
  func noteFailure(of provider: ProviderID) -> Bool {
    let wasTrusted = isTrusted(provider)
    distrustedUntil[provider] = .now + memory
    return wasTrusted
  }
}
