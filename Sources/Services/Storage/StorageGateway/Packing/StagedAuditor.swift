import Logging
import Primitives
import StorageService

/// Reads random leaves of staged shards, verified and paid like any read, so that a provider cannot
/// acknowledge data and throw it away before the ledger begins to ask for it.
struct StagedAuditor: Sendable {
  let catalog: SegmentCatalog
  let directory: SegmentDirectory
  let calls: ShardCalls
  let vouchers: VoucherBook
  let logger: Logger

  /// Bytes of one audit.
  private static let auditBytes: UInt64 = 1024

  /// Audits one random range of one random staged shard, if there is any.
  func pass() async {
    do {
      var staged: [UInt64] = []
      for state in [SegmentRecord.State.open, .sealed] {
        staged += try await catalog.segments(in: state).map(\.number)
      }
      guard let number = staged.randomElement() else { return }
      let segment = try await directory.shards(of: number)
      let slots = (0..<Int(segment.codeClass.totalShards)).compactMap {
        segment.reference(slot: $0)
      }
      guard let shard = slots.randomElement(), shard.shardBytes > 0 else { return }
      let start = UInt64.random(in: 0..<shard.shardBytes)
      let end = min(shard.shardBytes, start + Self.auditBytes)
      do {
        _ = try await calls.read(start..<end, of: shard)
        await vouchers.note(bytes: end - start, from: shard.provider)
      } catch {
        logger.warning(
          "provider \(shard.provider) failed an audit of staged data",
          metadata: ["segment": "\(number)", "slot": "\(shard.slot)", "why": "\(error)"])
      }
    } catch {
      logger.debug("staged data could not be audited: \(error)")
    }
  }
}
