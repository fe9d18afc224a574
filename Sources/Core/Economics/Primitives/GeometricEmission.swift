import Primitives

/// An amount per epoch that is multiplied by a ratio at the end of each period.
///
/// The amount in period `k` is `first × ratio^k`, each product rounded down; so a period's epochs
/// are all alike. Sources: io.net (hourly, × 0.9898 a month); Render's damping.
package struct GeometricEmission: Hashable, Sendable {
  /// The amount per epoch in the first period.
  package var first: Amount
  /// The ratio of one period's amount to the last, in parts of 1,000,000.
  package var ratioPerMillion: UInt64
  package var epochsPerPeriod: UInt64
  /// How many periods there are; nothing afterwards.
  package var periods: UInt64
  /// How many epochs the first cut comes late.
  package var lateFirstCut: UInt64
  package var from: UnixTime

  package init(
    first: Amount, ratioPerMillion: UInt64, epochsPerPeriod: UInt64, periods: UInt64,
    lateFirstCut: UInt64 = 0, from: UnixTime
  ) {
    self.first = first
    self.ratioPerMillion = ratioPerMillion
    self.epochsPerPeriod = epochsPerPeriod
    self.periods = periods
    self.lateFirstCut = lateFirstCut
    self.from = from
  }

  func cumulative(
    _ epoch: UInt64, _ calendar: EpochCalendar
  ) throws(ArithmeticError) -> UInt128 {
    var left = epoch.subtractingSaturated(calendar.epoch(from: from))
    var amount = first.baseUnits
    var total: UInt128 = 0
    for period in 0..<periods {
      if left == 0 || amount == 0 { break }
      let length = period == 0 ? epochsPerPeriod.addingSaturated(lateFirstCut) : epochsPerPeriod
      let count = min(left, length)
      total = try total.adding(amount.multiplied(by: UInt128(count)))
      left -= count
      amount = try amount.scaled(by: UInt128(ratioPerMillion), over: 1_000_000, rounding: .down)
    }
    return total
  }
}
