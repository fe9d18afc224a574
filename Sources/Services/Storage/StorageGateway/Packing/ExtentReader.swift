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

  /// A range of one data shard, directly or rebuilt.
  private func read(
    _ wanted: SegmentLayout.ShardRange, of segment: SegmentShards
  ) async throws -> ByteBuffer {
    if let shard = segment.reference(slot: wanted.shard), await health.isTrusted(shard.provider),
      let bytes = await attempt(wanted.range, of: shard)
    {
      return bytes
    }
    return try await rebuild(wanted, of: segment)
  }

  /// The code works byte by byte, so the same range of any k other shards gives back the wanted
  /// one.
  private func rebuild(
    _ wanted: SegmentLayout.ShardRange, of segment: SegmentShards
  ) async throws -> ByteBuffer {
    let k = Int(segment.codeClass.dataShards)
    var candidates: [ShardReference] = []
    var doubtful: [ShardReference] = []
    for slot in 0..<Int(segment.codeClass.totalShards) where slot != wanted.shard {
      guard let shard = segment.reference(slot: slot) else { continue }
      if await health.isTrusted(shard.provider) {
        candidates.append(shard)
      } else {
        doubtful.append(shard)
      }
    }
    if let own = segment.reference(slot: wanted.shard) { doubtful.append(own) }
    candidates += doubtful
    var chunks: [Int: [UInt8]] = [:]
    while chunks.count < k && !candidates.isEmpty {
      let next = Array(candidates.prefix(k - chunks.count))
      candidates.removeFirst(next.count)
      await withTaskGroup(of: (Int, ByteBuffer?).self) { group in
        for shard in next {
          group.addTask { (Int(shard.slot), await attempt(wanted.range, of: shard)) }
        }
        for await (slot, bytes) in group {
          if let bytes { chunks[slot] = Array(bytes.readableBytesView) }
        }
      }
      if let own = chunks[wanted.shard] { return ByteBuffer(bytes: own) }
    }
    guard chunks.count >= k else {
      await directory.refresh(segment.number)
      throw EngineError.unreadable(
        reason: "\(chunks.count) of the \(k) shards needed of segment \(segment.number) answered")
    }
    let coder = try ReedSolomon(
      dataShards: k, totalShards: Int(segment.codeClass.totalShards))
    guard let bytes = try coder.reconstruct(chunks: chunks, wanted: [wanted.shard])[wanted.shard]
    else { throw EngineError.unreadable(reason: "shard \(wanted.shard) could not be rebuilt") }
    return ByteBuffer(bytes: bytes)
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
