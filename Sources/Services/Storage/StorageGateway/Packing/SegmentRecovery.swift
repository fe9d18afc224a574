import Cryptography
import Logging
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// Closes what a crash left open: finds out from the providers how far each open segment is
/// durable, seals it there, and applies the log records that the index does not have yet.
///
/// Every acknowledged stripe had all n acknowledgements, so after any loss that the class bears at
/// least k providers still hold it. A stripe that fewer hold was acknowledged to nobody.
struct SegmentRecovery: Sendable {
  let catalog: SegmentCatalog
  let network: any StorageNetwork
  let calls: ShardCalls
  let directory: SegmentDirectory
  let reader: ExtentReader
  let index: any MutationIndex
  let indexKey: SymmetricKeyBytes
  let logger: Logger

  /// Recovers and returns the highest sequence number that the log holds.
  /// - Throws: when the catalog or the index fails, or when a segment that holds acknowledged data
  ///   has too few reachable providers: the gateway then waits and tries again rather than lose it.
  func run() async throws -> UInt64 {
    var highest = try await index.appliedSequence()
    for segment in try await catalog.segments(in: .open) {
      guard let sealed = try await closed(segment) else {
        var dropped = segment
        dropped.state = .dropped
        try await catalog.save(dropped)
        continue
      }
      try await catalog.save(sealed)
    }
    // Only now, ascending, since the index takes records in order: a crash may also have come
    // between sealing and applying.
    for segment in try await catalog.segments(in: .sealed) {
      highest = max(highest, try await applyLog(of: segment))
    }
    return highest
  }

  /// The segment sealed at its last durable stripe; nil when no stripe of it is durable.
  private func closed(_ segment: SegmentRecord) async throws -> SegmentRecord? {
    guard !segment.stripeLengths.isEmpty else { return nil }
    guard
      let layout = SegmentLayout(
        stripePayloadLengths: segment.stripeLengths,
        dataShards: Int(segment.codeClass.dataShards))
    else { throw CatalogError.damaged("the lengths of segment \(segment.number)") }
    let held = await heldBytes(of: segment)
    let k = Int(segment.codeClass.dataShards)
    let answered = held.count
    for stripes in stride(from: segment.stripeLengths.count, to: 0, by: -1) {
      let end = layout.shardOffsets[stripes]
      guard held.count(where: { $0 >= end }) >= k else { continue }
      guard let sealed = segment.sealed(atStripes: stripes) else { break }
      return sealed
    }
    // Fewer than k hold the first stripe. That is proof only if enough were asked.
    if segment.slots.count - answered >= k {
      throw EngineError.unavailable(
        reason: "only \(answered) of the \(segment.slots.count) providers of segment "
          + "\(segment.number) answer; waiting for more before it is closed")
    }
    return nil
  }

  /// How many bytes of its shard each provider that answers holds.
  private func heldBytes(of segment: SegmentRecord) async -> [UInt64] {
    await withTaskGroup(of: UInt64?.self) { group in
      for (slot, provider) in segment.slots.enumerated() {
        group.addTask {
          do {
            let shards = try await calls.stagedShards(at: provider)
            return shards.first {
              $0.segment == segment.number && Int($0.slot) == slot
                && $0.group.number == segment.group
            }?.length ?? 0
          } catch {
            logger.warning("provider \(provider) did not list its staged shards: \(error)")
            return nil
          }
        }
      }
      var held: [UInt64] = []
      for await bytes in group { if let bytes { held.append(bytes) } }
      return held
    }
  }

  /// Reads the log sections of a segment's stripes and applies what the index lacks.
  private func applyLog(of segment: SegmentRecord) async throws -> UInt64 {
    let applied = try await index.appliedSequence()
    var highest: UInt64 = 0
    for (number, length) in segment.stripeLengths.enumerated() {
      let header = try await self.header(of: segment, stripe: UInt32(number), length: length)
      guard header.logLength > 0 else { continue }
      let records = try await log(of: segment, stripe: UInt32(number), header: header)
      highest = max(highest, records.last?.sequence ?? 0)
      let missing = records.filter { $0.sequence > applied }
      if !missing.isEmpty {
        logger.notice("applying \(missing.count) log records of segment \(segment.number)")
        _ = try await index.apply(missing)
      }
    }
    return highest
  }

  private func header(
    of segment: SegmentRecord, stripe: UInt32, length: UInt32
  ) async throws -> StripeHeader {
    let extent = Extent(
      segment: segment.number, stripe: stripe, offset: 0,
      length: UInt32(StripeHeader.byteCount))
    let bytes = try await reader.read(extent)
    do {
      let header = try StripeHeader(canonicalBytes: Array(bytes.readableBytesView))
      guard header.payloadLength == UInt64(length), header.segment == segment.number else {
        throw CodecError.invalid("its lengths are not the catalog's")
      }
      return header
    } catch {
      throw EngineError.corrupt(
        reason: "the header of stripe \(stripe) of segment \(segment.number): \(error)")
    }
  }

  private func log(
    of segment: SegmentRecord, stripe: UInt32, header: StripeHeader
  ) async throws -> [LogRecord] {
    let extent = Extent(
      segment: segment.number, stripe: stripe, offset: UInt32(header.logRange.lowerBound),
      length: header.logLength)
    let sealed = Array(try await reader.read(extent).readableBytesView)
    return try SealedLogSection.open(
      sealed, key: indexKey,
      segment: SegmentID(lease: network.lease, number: segment.number), stripe: stripe)
  }
}
