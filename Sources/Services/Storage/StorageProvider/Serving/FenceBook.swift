import Locks
import Primitives
import ServiceKit
import StorageService

/// The highest fencing epoch seen of each lease, in memory and on disk. All calls block.
final class FenceBook: Sendable {
  private let index: ShardIndex
  private let known = Locked<[LeaseID: UInt64]>([:])

  init(index: ShardIndex) { self.index = index }

  private func current(_ lease: LeaseID) throws -> UInt64 {
    if let epoch = known.withLock({ $0[lease] }) { return epoch }
    let epoch = try index.fence(of: lease)
    return known.withLock { known in
      let best = max(epoch, known[lease] ?? 0)
      known[lease] = best
      return best
    }
  }

  /// Refuses an epoch that was overtaken, and remembers, durably, one that overtakes.
  func check(_ lease: LeaseID, epoch: UInt64) throws {
    let highest = try current(lease)
    guard epoch >= highest else {
      throw StorageRefusal(
        .fenced, "a gateway with fencing epoch \(highest) has taken lease \(lease) over",
        number: highest)
    }
    if epoch > highest { try raise(lease, to: epoch) }
  }

  func raise(_ lease: LeaseID, to epoch: UInt64) throws {
    try index.raiseFence(of: lease, to: epoch)
    known.withLock { $0[lease] = max($0[lease] ?? 0, epoch) }
  }
}
