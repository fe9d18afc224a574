import Cryptography
import ErasureCoding
import Logging
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// Makes a segment's record again from the shards that its providers hold, when neither gateway nor
/// bundle says how long its stripes are.
///
/// k shards are read whole and coded again, which gives the payload lengths, all n roots and the
/// headers; that the roots of the other holders agree shows that none of the k lied.
struct StagedRebuilder: Sendable {
  let calls: ShardCalls
  let vouchers: VoucherBook
  let transport: any ShardTransport
  let indexKey: SymmetricKeyBytes
  let lease: LeaseID
  /// Whether providers that do not answer are taken to be gone for good.
  let ignoresSilent: Bool
  let logger: Logger

  /// A segment that was made again, with its stripes' headers.
  struct Rebuilt: Sendable {
    let record: SegmentRecord
    let headers: [StripeHeader]
  }

  /// The segment up to its last durable stripe; nil when none is durable.
  /// - Parameter limit: the first record of a later segment: stripes whose records have that number
  ///   or a higher one were lost and their numbers used again.
  func rebuild(_ staged: LeaseSurvey.Staged, before limit: UInt64?) async throws -> Rebuilt? {
    guard let end = try durableEnd(of: staged) else { return nil }
    let rebuilt = try await rebuild(staged, upTo: end)
    guard let limit,
      let void = rebuilt.headers.firstIndex(where: {
        $0.logLength > 0 && $0.firstLogSequence >= limit
      })
    else { return rebuilt }
    logger.notice(
      "segment \(staged.segment) ends before stripe \(void), whose records were written again later"
    )
    if void == 0 { return nil }
    let layout = SegmentLayout(
      stripePayloadLengths: Array(rebuilt.record.stripeLengths.prefix(void)),
      dataShards: Int(staged.group.codeClass.dataShards))
    guard let layout else { return nil }
    return try await rebuild(staged, upTo: layout.shardBytes)
  }

  /// Where in its shards the segment's last durable stripe ends.
  private func durableEnd(of staged: LeaseSurvey.Staged) throws -> UInt64? {
    let total = staged.group.providers.count
    let shards = staged.slots.values.map { $0 }
    let judge = DurabilityJudge(
      held: shards.map { $0?.length ?? 0 }, silent: ignoresSilent ? 0 : total - shards.count,
      dataShards: Int(staged.group.codeClass.dataShards))
    let ends = Set(shards.flatMap { $0?.chunkEnds ?? [] }).sorted(by: >)
    for end in ends {
      switch judge.judge(end: end) {
      case .durable: return end
      case .neverAcknowledged, .lost: continue
      case .undecided(let reason):
        throw RecoveryError.waitsForProviders("of segment \(staged.segment), \(reason)")
      }
    }
    return nil
  }

  private func rebuild(_ staged: LeaseSurvey.Staged, upTo end: UInt64) async throws -> Rebuilt {
    let holders = staged.slots.keys.sorted().filter {
      guard let shard = staged.slots[$0].flatMap({ $0 }) else { return false }
      return shard.length >= end && shard.chunkEnds.contains(end)
    }
    let k = Int(staged.group.codeClass.dataShards)
    var excludedSets: [Set<Int>] = [[]]
    excludedSets += holders.map { [$0] }
    for (index, one) in holders.enumerated() {
      excludedSets += holders[(index + 1)...].map { [one, $0] }
    }
    var reason: any Error = RecoveryError.inconsistent("segment \(staged.segment) has no holders")
    for excluded in excludedSets {
      let trusted = holders.filter { !excluded.contains($0) }
      guard trusted.count >= k else { continue }
      do {
        let rebuilt = try await attempt(staged, from: Array(trusted.prefix(k)), upTo: end)
        try check(rebuilt, agrees: staged, trusted: trusted, end: end)
        return rebuilt
      } catch {
        if error is CancellationError { throw error }
        reason = error
        logger.warning(
          "segment \(staged.segment) does not come from slots \(trusted.prefix(k)): \(error)")
      }
    }
    throw reason
  }

  private func check(
    _ rebuilt: Rebuilt, agrees staged: LeaseSurvey.Staged, trusted: [Int], end: UInt64
  ) throws {
    for slot in trusted {
      guard let shard = staged.slots[slot].flatMap({ $0 }), shard.length == end else { continue }
      guard shard.runningRoot == rebuilt.record.shardRoots[slot] else {
        throw RecoveryError.inconsistent(
          "slot \(slot) of segment \(staged.segment) is no shard of what the others hold")
      }
    }
  }

  private func attempt(
    _ staged: LeaseSurvey.Staged, from slots: [Int], upTo end: UInt64
  ) async throws -> Rebuilt {
    guard let first = slots.first.flatMap({ staged.slots[$0] }).flatMap({ $0 }) else {
      throw RecoveryError.inconsistent("segment \(staged.segment)")
    }
    let group = staged.group
    let k = Int(group.codeClass.dataShards)
    let coder = try ReedSolomon(dataShards: k, totalShards: Int(group.codeClass.totalShards))
    var segment = try OpenSegment(number: staged.segment, group: group, transport: transport)
    var headers: [StripeHeader] = []
    var start: UInt64 = 0
    for stripeEnd in first.chunkEnds where stripeEnd <= end {
      let range = start..<stripeEnd
      guard range.count > 0, range.count <= StripeLayout.chunkByteLimit else {
        throw RecoveryError.inconsistent("a chunk of \(range.count) bytes")
      }
      let chunks = try await read(range, of: staged, from: slots)
      let rebuilt = try coder.reconstruct(
        chunks: chunks, wanted: (0..<k).filter { chunks[$0] == nil })
      var payload: [UInt8] = []
      for slot in 0..<k { payload += chunks[slot] ?? rebuilt[slot] ?? [] }
      let header = try self.header(of: payload, segment: staged.segment)
      payload.removeLast(payload.count - Int(header.payloadLength))
      guard
        StripeLayout(payloadLength: payload.count, dataShards: k)?.chunkBytes == range.count
      else { throw RecoveryError.inconsistent("a stripe of \(payload.count) bytes") }
      try checkLog(payload, header, stripe: headers.count, segment: staged.segment)
      _ = try await segment.append(StripePayload(ByteBuffer(bytes: payload), dataShards: k))
      headers.append(header)
      start = stripeEnd
    }
    segment.durableStripes = headers.count
    guard start == end, let record = segment.sealed() else {
      throw RecoveryError.inconsistent("the stripes of segment \(staged.segment) do not add up")
    }
    return Rebuilt(record: record, headers: headers)
  }

  private func header(of payload: [UInt8], segment: UInt64) throws -> StripeHeader {
    let header = try StripeHeader(canonicalBytes: Array(payload.prefix(StripeHeader.byteCount)))
    guard header.segment == segment, header.payloadLength <= UInt64(payload.count) else {
      throw RecoveryError.inconsistent("a stripe's header names segment \(header.segment)")
    }
    return header
  }

  /// Whether the log section opens: the cheapest proof that the payload is what was written.
  private func checkLog(
    _ payload: [UInt8], _ header: StripeHeader, stripe: Int, segment: UInt64
  ) throws {
    let range = Int(header.logRange.lowerBound)..<Int(header.logRange.upperBound)
    _ = try SealedLogSection.open(
      Array(payload[range]), key: indexKey, segment: SegmentID(lease: lease, number: segment),
      stripe: UInt32(stripe))
  }

  /// The same range of several shards.
  private func read(
    _ range: Range<UInt64>, of staged: LeaseSurvey.Staged, from slots: [Int]
  ) async throws -> [Int: [UInt8]] {
    try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
      for slot in slots {
        guard let shard = staged.slots[slot].flatMap({ $0 }) else { continue }
        let reference = ShardReference(
          provider: staged.group.providers[slot], segment: staged.segment, slot: UInt8(slot),
          shardBytes: shard.length, root: shard.runningRoot,
          leafBytes: Int(staged.group.codeClass.leafBytes))
        group.addTask { (slot, Array(try await paid(range, of: reference).readableBytesView)) }
      }
      var chunks: [Int: [UInt8]] = [:]
      for try await (slot, bytes) in group { chunks[slot] = bytes }
      return chunks
    }
  }

  private func paid(
    _ range: Range<UInt64>, of shard: ShardReference
  ) async throws -> ByteBuffer {
    do {
      let bytes = try await calls.read(range, of: shard)
      await vouchers.note(bytes: UInt64(range.count), from: shard.provider)
      return bytes
    } catch let refusal as StorageRefusal where refusal.code == .paymentDue {
      await vouchers.settle(with: shard.provider, extraBytes: UInt64(range.count))
      return try await calls.read(range, of: shard)
    }
  }
}
