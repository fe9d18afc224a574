import Ledger
import Primitives
import ServiceKit

/// What lease a customer wants to hold for a service, and how its escrow is kept.
package struct LeasePlan: Hashable, Sendable {
  package let service: ServiceID
  /// The most that the customer pays, per dimension.
  package let ceiling: PriceVector
  /// What each bucket begins with and is filled up to.
  package let escrow: EscrowBalances
  /// A bucket is filled up when it falls below this part of its plan, in thousandths…
  package let lowPerMille: UInt128
  /// …or when, at the present epoch's rate of spending, it lasts for less than this.
  package let runwayMilliseconds: UInt64

  package init(
    service: ServiceID, ceiling: PriceVector, escrow: EscrowBalances, lowPerMille: UInt128 = 500,
    runwayMilliseconds: UInt64
  ) {
    self.service = service
    self.ceiling = ceiling
    self.escrow = escrow
    self.lowPerMille = lowPerMille
    self.runwayMilliseconds = runwayMilliseconds
  }

  /// A sum that a bucket is short of.
  package struct TopUp: Hashable, Sendable {
    package let bucket: EscrowBucket
    package let credits: Credits
  }

  /// What each bucket of `lease` needs, buckets in the order of their numbers.
  ///
  /// A bucket that is low, or does not last for the runway, is filled up to its plan or to twice
  /// the runway at the present rate, whichever is more.
  /// - Throws: ``ArithmeticError/overflow``.
  package func topUps(
    for lease: LeaseRecord, clock: ChainClock
  ) throws(ArithmeticError) -> [TopUp] {
    var needed: [TopUp] = []
    for bucket in EscrowBucket.allCases {
      let held = lease.escrow[bucket]
      let low = try escrow[bucket].scaled(by: lowPerMille, over: 1000, rounding: .down)
      let runway = try spending(of: bucket, lease: lease, clock: clock)
      guard held < low || held < runway else { continue }
      let target = max(escrow[bucket], try runway.scaled(by: 2, over: 1, rounding: .down))
      needed.append(TopUp(bucket: bucket, credits: target.subtractingSaturated(held)))
    }
    return needed.filter { $0.credits > .zero }
  }

  /// What the runway costs at the rate of the running epoch. An epoch that has only begun says
  /// little, so the rate is taken over at least a tenth of the runway.
  private func spending(
    of bucket: EscrowBucket, lease: LeaseRecord, clock: ChainClock
  ) throws(ArithmeticError) -> Credits {
    let spent = lease.spent[bucket].subtractingSaturated(lease.spentAtEpochStart[bucket])
    let elapsed = max(
      clock.time.milliseconds(since: clock.epochStartedAt), runwayMilliseconds / 10, 1)
    return try spent.scaled(
      by: UInt128(runwayMilliseconds), over: UInt128(elapsed), rounding: .up)
  }
}
