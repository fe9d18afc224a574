import Primitives

/// A flat amount per epoch for a while, then falling linearly to zero.
///
/// In the taper's epoch `i` of `n` the amount is `flat × (n − i)/n`; cumulative values are rounded
/// down. Source: Helium HIP-149, decision 2 (196,000 HNT a day for 360 days, then 720 days down).
package struct TaperEmission: Hashable, Sendable {
  package var perEpoch: Amount
  package var flatEpochs: UInt64
  package var taperEpochs: UInt64
  package var from: UnixTime

  package init(perEpoch: Amount, flatEpochs: UInt64, taperEpochs: UInt64, from: UnixTime) {
    self.perEpoch = perEpoch
    self.flatEpochs = flatEpochs
    self.taperEpochs = taperEpochs
    self.from = from
  }

  func cumulative(
    _ epoch: UInt64, _ calendar: EpochCalendar
  ) throws(ArithmeticError) -> UInt128 {
    let elapsed = epoch.subtractingSaturated(calendar.epoch(from: from))
    let flat = try perEpoch.baseUnits.multiplied(by: UInt128(min(elapsed, flatEpochs)))
    let n = UInt128(taperEpochs)
    let m = UInt128(min(elapsed.subtractingSaturated(flatEpochs), taperEpochs))
    if m == 0 { return flat }
    // Σ_{i<m} (n − i)/n = m·(2n − m + 1)/(2n)
    let parts = try m.multiplied(by: 2 * n - m + 1)
    return try flat.adding(perEpoch.baseUnits.scaled(by: parts, over: 2 * n, rounding: .down))
  }
}
