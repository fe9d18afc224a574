import Cryptography
import Ledger
import Logging
import Primitives
import ServiceKit
import StorageService

/// Claims what is due for staged bytes whose customer has not been heard of for a while: no bundle
/// of its own will pay for them.
struct StagingClaimant: Sendable {
  let provider: ProviderID
  let store: ShardStore
  let access: any StorageLedgerAccess
  let ledger: LedgerView
  let logger: Logger

  private struct Slot: Hashable {
    let lease: LeaseID
    let group: PlacementGroupID
    let number: UInt8
  }

  /// Claims for every group whose customer is silent.
  /// - Parameter graceMilliseconds: how long it must be before the ledger pays.
  /// - Throws: when the ledger does not answer.
  func step(graceMilliseconds: UInt64) async throws {
    let staged = Dictionary(grouping: store.rows().filter { $0.lastOrder != nil && !$0.isDamaged })
    {
      Slot(lease: $0.key.segment.lease, group: $0.group, number: $0.key.slot)
    }
    for (slot, rows) in staged.sorted(by: { $0.value[0].key < $1.value[0].key }) {
      let orders = Self.largest(rows)
      guard let silence = try await silence(slot), silence >= graceMilliseconds / 2,
        try await isNews(orders, slot, isDue: silence >= graceMilliseconds)
      else { continue }
      do {
        try await access.submit(
          .claimStaging(ClaimStaging(orders: orders)), lane: ProviderLane.staging)
        logger.notice(
          "Claimed pay for staged bytes of a silent customer.",
          metadata: ["lease": "\(slot.lease)", "group": "\(slot.group)"])
      } catch let refusal as LedgerRefusal {
        logger.info("The ledger refused a claim.", metadata: ["why": "\(refusal)"])
      }
    }
  }

  /// For how long, in milliseconds, nothing was heard of a group's customer; nil where there is no
  /// such group.
  private func silence(_ slot: Slot) async throws -> UInt64? {
    guard let group = try await ledger.group(slot.group) else { return nil }
    let seen = try await access.value(StorageKeys.customerSeen(slot.lease), as: LedgerTime.self)
    return await ledger.time.milliseconds(since: max(group.drawnAt, seen ?? .genesis))
  }

  /// Before anything is due the ledger need only know what is kept: it is told half a grace early,
  /// since pay counts from the first claim.
  private func isNews(
    _ orders: [Signed<AppendOrder>], _ slot: Slot, isDue: Bool
  ) async throws -> Bool {
    if isDue { return true }
    let known = try await access.value(
      StorageKeys.stagingClaim(slot.group, slot.number), as: StagingClaimRecord.self)
    return known?.bytes != orders.reduce(0) { $0 + $1.message.end }
  }

  /// The orders of the largest shards, as many as a claim takes, ascending by segment.
  private static func largest(_ rows: [ShardRow]) -> [Signed<AppendOrder>] {
    rows.sorted { ($1.length, $0.key) < ($0.length, $1.key) }.prefix(ClaimStaging.orderLimit)
      .compactMap { $0.lastOrder.flatMap { try? Signed<AppendOrder>(canonicalBytes: $0) } }
      .sorted { $0.message.segment < $1.message.segment }
  }
}
