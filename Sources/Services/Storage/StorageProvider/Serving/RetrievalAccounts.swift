import Foundation
import Ledger
import Locks
import Logging
import Primitives
import ServiceKit
import StorageService

/// What was read for each lease and what was paid for it by voucher.
///
/// Reading on credit starts small and grows with what a customer has paid: whoever stops paying has
/// cost the provider a small part of what it earned from them.
package final class RetrievalAccounts: Sendable {
  /// What may be read before the first voucher: 32 MiB.
  package static let firstBytes: UInt64 = 32 << 20
  /// The most that is ever read on credit: 1 GiB.
  package static let largestBytes: UInt64 = 1 << 30

  private struct Account {
    var servedBytes: UInt64 = 0
    /// The best voucher of each lane.
    var lanes: [UInt32: SignedVoucher] = [:]
    var claimed: [UInt32: Credits] = [:]
    var isDirty = false

    /// Everything paid, over all lanes.
    var paid: Credits {
      lanes.values.reduce(.zero) { sum, voucher in
        Credits(baseUnits: sum.baseUnits.addingSaturated(voucher.voucher.cumulative.baseUnits))
      }
    }
  }

  private let index: ShardIndex
  private let accounts: Locked<[LeaseID: Account]>

  /// Reads what is known. - Throws: when the index cannot be read.
  package init(index: ShardIndex) throws {
    self.index = index
    var known: [LeaseID: Account] = [:]
    for (lease, bytes) in try index.servedBytes() {
      known[lease, default: Account()].servedBytes = bytes
    }
    for row in try index.vouchers() {
      guard let voucher = try? SignedVoucher(canonicalBytes: row.bytes) else { continue }
      known[row.lease, default: Account()].lanes[row.lane] = voucher
      known[row.lease, default: Account()].claimed[row.lane] =
        row.claimed.flatMap { try? Credits(canonicalBytes: $0) }
    }
    accounts = Locked(known)
  }

  /// How many bytes a sum buys at a lease's egress price, at most `UInt64.max`; nil when egress is
  /// free.
  private static func bytes(for sum: Credits, _ prices: PriceVector) -> UInt64? {
    guard let price = prices.price(of: .egressBytes), price > .zero else { return nil }
    let bought = try? sum.baseUnits.scaled(
      by: PriceDimension.egressBytes.quantityPerUnit, over: price.baseUnits, rounding: .down)
    return bought.map { UInt64(clamping: $0) } ?? .max
  }

  /// How many more bytes may be read before the next voucher; nil for without a limit.
  private static func readable(_ account: Account, _ prices: PriceVector) -> UInt64? {
    guard let paid = bytes(for: account.paid, prices) else { return nil }
    let credit = min(largestBytes, firstBytes.addingSaturated(paid / 4))
    return paid.addingSaturated(credit).subtractingSaturated(account.servedBytes)
  }

  /// Counts a read before it is answered. - Throws: ``StorageRefusal`` (`paymentDue`).
  package func charge(
    _ lease: LeaseID, bytes: Int, prices: PriceVector
  ) throws(StorageRefusal) {
    let refusal: StorageRefusal? = accounts.withLock { accounts in
      var account = accounts[lease] ?? Account()
      if let readable = Self.readable(account, prices), readable < UInt64(bytes) {
        let due = try? prices.cost(of: UInt128(account.servedBytes), .egressBytes)
        return StorageRefusal(
          .paymentDue,
          "\(account.servedBytes) bytes were read and \(account.paid) credits paid of "
            + "\(due.map { "\($0)" } ?? "more") due; send a voucher", number: account.servedBytes)
      }
      account.servedBytes = account.servedBytes.addingSaturated(UInt64(bytes))
      account.isDirty = true
      accounts[lease] = account
      return nil
    }
    if let refusal { throw refusal }
  }

  /// Takes a voucher that is valid, and returns the best of its lane and what may be read now. A
  /// smaller one than before changes nothing.
  /// - Throws: ``StorageRefusal`` (`diskError`) when it could not be kept.
  package func accept(
    _ voucher: SignedVoucher, prices: PriceVector
  ) throws(StorageRefusal) -> (cumulative: Credits, readable: UInt64) {
    let lease = voucher.voucher.lease
    let lane = voucher.voucher.lane
    let isBetter = accounts.withLock { accounts in
      let best = accounts[lease]?.lanes[lane]?.voucher.cumulative ?? .zero
      return voucher.voucher.cumulative > best
    }
    if isBetter {
      do {
        try index.saveVoucher(lease: lease, lane: lane, bytes: voucher.canonicalBytes())
      } catch { throw ShardStore.refusal(error) }
    }
    return accounts.withLock { accounts in
      var account = accounts[lease] ?? Account()
      let best = account.lanes[lane]?.voucher.cumulative ?? .zero
      if voucher.voucher.cumulative > best { account.lanes[lane] = voucher }
      accounts[lease] = account
      return (
        account.lanes[lane]?.voucher.cumulative ?? .zero, Self.readable(account, prices) ?? .max
      )
    }
  }

  /// How many lanes of a lease have vouchers.
  package func laneCount(_ lease: LeaseID) -> Int {
    accounts.withLock { $0[lease]?.lanes.count ?? 0 }
  }

  /// What was claimed of a lane so far.
  package func claimed(_ lease: LeaseID, _ lane: UInt32) -> Credits {
    accounts.withLock { $0[lease]?.claimed[lane] ?? .zero }
  }

  /// Vouchers that are worth more than what was claimed, in a fixed order.
  package func unclaimed() -> [SignedVoucher] {
    let all = accounts.withLock { $0 }
    return all.sorted { $0.key < $1.key }.flatMap { _, account in
      account.lanes.sorted { $0.key < $1.key }.compactMap { lane, voucher in
        voucher.voucher.cumulative > account.claimed[lane] ?? .zero ? voucher : nil
      }
    }
  }

  /// The ledger has taken a voucher. - Throws: when that could not be kept.
  package func noteClaimed(_ voucher: SignedVoucher) throws {
    let content = voucher.voucher
    try index.noteClaimed(
      lease: content.lease, lane: content.lane, cumulative: content.cumulative.canonicalBytes())
    accounts.withLock { $0[content.lease]?.claimed[content.lane] = content.cumulative }
  }

  /// Writes what was served since the last time. A crash forgets at most what came after; that is
  /// the provider's loss and small.
  /// - Throws: when it could not be kept.
  package func flush() throws {
    let dirty = accounts.withLock { accounts in
      let changed = accounts.filter { $0.value.isDirty }.map {
        (lease: $0.key, bytes: $0.value.servedBytes)
      }
      for entry in changed { accounts[entry.lease]?.isDirty = false }
      return changed
    }
    if !dirty.isEmpty { try index.saveServed(dirty) }
  }
}
