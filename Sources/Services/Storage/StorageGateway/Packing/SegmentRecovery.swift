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
/// least k providers still hold it; ``DurabilityJudge`` says what follows from who answers.
struct SegmentRecovery: Sendable {
  let catalog: SegmentCatalog
  let network: any StorageNetwork
  let calls: ShardCalls
  let log: SegmentLog
  let index: any MutationIndex & SegmentUseIndex
  let logger: Logger

  /// What a recovery found.
  struct Outcome: Sendable {
    /// The highest sequence number that the log holds.
    let highestSequence: UInt64
    /// Whether a segment is gone that may have held records which the index has: without a
    /// checkpoint the log has a gap.
    let hasDropped: Bool
  }

  /// Closes all open segments and applies what the index lacks.
  /// - Throws: when the catalog or the index fails, or when a segment that holds acknowledged data
  ///   has too few reachable providers: the gateway then waits and tries again rather than lose it.
  func run() async throws -> Outcome {
    var highest = try await index.appliedSequence()
    var hasDropped = false
    for segment in try await catalog.segments(in: .open) {
      guard let sealed = try await closed(segment) else {
        hasDropped = hasDropped || !segment.stripeLengths.isEmpty
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
    return Outcome(highestSequence: highest, hasDropped: hasDropped)
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
    let judge = DurabilityJudge(
      held: held, silent: segment.slots.count - held.count,
      dataShards: Int(segment.codeClass.dataShards))
    for stripes in stride(from: segment.stripeLengths.count, to: 0, by: -1) {
      switch judge.judge(end: layout.shardOffsets[stripes]) {
      case .durable:
        guard let sealed = segment.sealed(atStripes: stripes) else { return nil }
        return sealed
      case .neverAcknowledged, .lost: continue
      case .undecided(let reason):
        // What the index never saw was acknowledged to nobody: an answer follows the index's sync.
        if try await index.blobCount(inSegment: segment.number) == 0 { continue }
        throw EngineError.unavailable(
          reason: "segment \(segment.number) cannot be closed yet: \(reason)")
      }
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
    for stripe in segment.stripeLengths.indices {
      let header = try await log.header(of: segment, stripe: stripe)
      guard header.logLength > 0 else { continue }
      let records = try await log.records(of: segment, stripe: stripe, header: header)
      highest = max(highest, records.last?.sequence ?? 0)
      let missing = records.filter { $0.sequence > applied }
      if !missing.isEmpty {
        logger.notice("applying \(missing.count) log records of segment \(segment.number)")
        _ = try await index.apply(missing)
      }
    }
    return highest
  }
}
