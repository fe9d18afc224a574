import Primitives

/// A pool of which a constant fraction is paid each epoch: after `e` epochs,
/// `pool × (1 − 2^(−e/halfLife))` in all, rounded down.
///
/// Error of a cumulative value: at most `pool × 2^-63` + 1 base unit.
/// Sources: Filecoin's simple minting (half-life 6 years); Arweave's inflation 0.2·55 M·ln
/// 2·2^(−t).
package struct ExponentialEmission: Hashable, Sendable {
  package var pool: Amount
  /// After so many epochs half of the pool is paid.
  package var halfLifeEpochs: UInt64
  /// When it begins.
  package var from: UnixTime

  package init(pool: Amount, halfLifeEpochs: UInt64, from: UnixTime) {
    self.pool = pool
    self.halfLifeEpochs = halfLifeEpochs
    self.from = from
  }

  func cumulative(
    _ epoch: UInt64, _ calendar: EpochCalendar
  ) throws(ArithmeticError) -> UInt128 {
    let elapsed = epoch.subtractingSaturated(calendar.epoch(from: from))
    let left = try Self.halved(elapsed, halfLife: halfLifeEpochs)
    return try pool.baseUnits.scaled(by: FixedPoint.one.subtracting(left), rounding: .down)
  }

  /// 2^(−elapsed/halfLife), within 2^-64.
  static func halved(
    _ elapsed: UInt64, halfLife: UInt64
  ) throws(ArithmeticError) -> FixedPoint {
    let exponent = try FixedPoint(-Int128(elapsed), over: Int128(halfLife))
    if exponent < FixedPoint(-70) { return .zero }
    return try FixedPointMath.power(FixedPoint(2), exponent)
  }
}
