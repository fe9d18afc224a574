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

  /// The bytes of an extent.
  /// - Throws: ``EngineError/unreadable(reason:)``.
  func read(_ extent: Extent) async throws -> ByteBuffer {
    let segment = try await directory.shards(of: extent.segment)
    guard let ranges = segment.layout.shardRanges(of: extent) else {
      throw EngineError.corrupt(reason: "extent \(extent) lies outside of its segment")
    }
    let parts = try await withThrowingTaskGroup(of: (Int, ByteBuffer).self) { group in
      for (index, range) in ranges.enumerated() {
        group.addTask { (index, try await read(range, of: segment)) }
      }
      var parts = [ByteBuffer](repeating: ByteBuffer(), count: ranges.count)
      for try await (index, bytes) in group { parts[index] = bytes }
      return parts
    }
    guard var whole = parts.first else { return ByteBuffer() }
    if parts.count > 1 {
      whole.reserveCapacity(Int(extent.length))
      for part in parts.dropFirst() { whole.writeImmutableBuffer(part) }
    }
    return whole
  }

  /// How long the holder of the wanted bytes, or the first k of the others, may take before more
  /// providers are asked beside them: a machine that is stuck must not keep a reader waiting.
  static let patience: Duration = .seconds(1)

  /// A range of one data shard: directly, or rebuilt when its holder fails or takes too long.
  private func read(
    _ wanted: SegmentLayout.ShardRange, of segment: SegmentShards
  ) async throws -> ByteBuffer {
    guard let shard = segment.reference(slot: wanted.shard), await health.isTrusted(shard.provider)
    else { return try await rebuild(wanted, of: segment) }
    return try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
      let began = ContinuousClock.now
      group.addTask { await attempt(wanted.range, of: shard) }
      group.addTask {
        try await Task.sleep(for: Self.patience)
        await health.noteFailure(of: shard.provider)
        return try await rebuild(wanted, of: segment)
      }
      defer { group.cancelAll() }
      while let answer = try await group.next() {
        if let answer { return answer }
        // The holder has failed; unless the rebuilding has begun already, it begins now.
        if ContinuousClock.now - began < Self.patience { break }
      }
      return try await rebuild(wanted, of: segment)
    }
  }

  /// The code works byte by byte, so the same range of any k other shards gives back the wanted
  /// one.
  private func rebuild(
    _ wanted: SegmentLayout.ShardRange, of segment: SegmentShards
  ) async throws -> ByteBuffer {
    let k = Int(segment.codeClass.dataShards)
    let chunks = await gather(
      wanted.range, from: await candidates(of: segment, except: wanted.shard), count: k)
    if let own = chunks[wanted.shard] { return ByteBuffer(bytes: own) }
    guard chunks.count >= k else {
      await directory.refresh(segment.number)
      throw EngineError.unreadable(
        reason: "\(chunks.count) of the \(k) shards needed of segment \(segment.number) answered")
    }
    let coder = try ReedSolomon(dataShards: k, totalShards: Int(segment.codeClass.totalShards))
    guard let bytes = try coder.reconstruct(chunks: chunks, wanted: [wanted.shard])[wanted.shard]
    else { throw EngineError.unreadable(reason: "shard \(wanted.shard) could not be rebuilt") }
    return ByteBuffer(bytes: bytes)
  }

  /// Whom to ask: those trusted first, then those that failed lately, the wanted shard's own holder
  /// last.
  private func candidates(
    of segment: SegmentShards, except wanted: Int
  ) async -> [ShardReference] {
    var trusted: [ShardReference] = []
    var doubtful: [ShardReference] = []
    for slot in 0..<Int(segment.codeClass.totalShards) where slot != wanted {
      guard let shard = segment.reference(slot: slot) else { continue }
      if await health.isTrusted(shard.provider) {
        trusted.append(shard)
      } else {
        doubtful.append(shard)
      }
    }
    if let own = segment.reference(slot: wanted) { doubtful.append(own) }
    return trusted + doubtful
  }

  private enum Arrival: Sendable {
    case shard(slot: Int, bytes: ByteBuffer?)
    case patienceEnded
  }

  /// The range of `count` of the candidates: the first ones, another for each that fails, and all
  /// of them when patience ends.
  private func gather(
    _ range: Range<UInt64>, from candidates: [ShardReference], count: Int
  ) async -> [Int: [UInt8]] {
    await withTaskGroup(of: Arrival.self) { group in
      var waiting = candidates[...]
      var chunks: [Int: [UInt8]] = [:]
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
          chunks[slot] = Array(bytes.readableBytesView)
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
        logger.info(
          "provider \(shard.provider) did not serve segment \(shard.segment): \(error)")
        await health.noteFailure(of: shard.provider)
        return nil
      }
      position = end
    }
    await vouchers.note(bytes: range.upperBound - range.lowerBound, from: shard.provider)
    return whole
  }

  /// Reads, and pays first when the provider asks for it.
  private func paid(_ range: Range<UInt64>, of shard: ShardReference) async throws -> ByteBuffer {
    do {
      return try await calls.read(range, of: shard)
    } catch let refusal as StorageRefusal where refusal.code == .paymentDue {
      await vouchers.settle(
        with: shard.provider, extraBytes: range.upperBound - range.lowerBound)
      return try await calls.read(range, of: shard)
    }
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

  func noteFailure(of provider: ProviderID) { distrustedUntil[provider] = .now + memory }
}
