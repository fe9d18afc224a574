import Primitives

/// A signed number with 64 bits behind the point: Q63.64 in two's complement.
///
/// Range ±2^63, resolution 2^-64 ≈ 5.4 × 10^-20. Sums and differences are exact; products and
/// quotients are rounded to nearest, a tie away from zero. Nothing here traps: a result that does
/// not fit throws. The functions of more than one step are in ``FixedPointMath``.
package struct FixedPoint: Hashable, Comparable, Sendable {
  /// The number times 2^64.
  package let raw: Int128

  /// The number `raw`/2^64.
  @inlinable package init(raw: Int128) { self.raw = raw }

  /// A whole number.
  @inlinable package init(_ whole: Int64) { raw = Int128(whole) << 64 }

  /// `numerator / denominator`, rounded to nearest.
  /// - Throws: ``ArithmeticError/divisionByZero``, ``ArithmeticError/overflow``.
  package init(_ numerator: Int128, over denominator: Int128) throws(ArithmeticError) {
    let magnitude = try Self.quotient(numerator.magnitude, denominator.magnitude)
    raw = try Self.signed(magnitude, isNegative: (numerator < 0) != (denominator < 0))
  }

  /// Zero.
  @inlinable package static var zero: FixedPoint { FixedPoint(raw: 0) }
  /// One.
  @inlinable package static var one: FixedPoint { FixedPoint(raw: 1 << 64) }

  @inlinable package static func < (left: FixedPoint, right: FixedPoint) -> Bool {
    left.raw < right.raw
  }

  /// The sum, exact. - Throws: ``ArithmeticError/overflow``.
  @inlinable package func adding(_ other: FixedPoint) throws(ArithmeticError) -> FixedPoint {
    FixedPoint(raw: try raw.adding(other.raw))
  }

  /// The difference, exact. - Throws: ``ArithmeticError/underflow``.
  @inlinable package func subtracting(_ other: FixedPoint) throws(ArithmeticError) -> FixedPoint {
    FixedPoint(raw: try raw.subtracting(other.raw))
  }

  /// The product, within half a unit of 2^-64. - Throws: ``ArithmeticError/overflow``.
  package func multiplied(by other: FixedPoint) throws(ArithmeticError) -> FixedPoint {
    let (high, low) = raw.magnitude.multipliedFullWidth(by: other.raw.magnitude)
    if high >> 63 != 0 { throw .overflow }
    let magnitude = try (high << 64 | low >> 64).adding(low >> 63 & 1)
    return FixedPoint(
      raw: try Self.signed(magnitude, isNegative: (raw < 0) != (other.raw < 0)))
  }

  /// The quotient, within half a unit of 2^-64.
  /// - Throws: ``ArithmeticError/divisionByZero``, ``ArithmeticError/overflow``.
  package func divided(by other: FixedPoint) throws(ArithmeticError) -> FixedPoint {
    try FixedPoint(raw, over: other.raw)
  }

  /// The largest whole number not above this one.
  @inlinable package var floor: Int64 { Int64(truncatingIfNeeded: raw >> 64) }

  /// ⌊n·2^64/d⌉.
  private static func quotient(
    _ numerator: UInt128, _ denominator: UInt128
  ) throws(ArithmeticError) -> UInt128 {
    if denominator == 0 { throw .divisionByZero }
    let wide = (high: numerator >> 64, low: numerator << 64)
    if wide.high >= denominator { throw .overflow }
    let (quotient, remainder) = denominator.dividingFullWidth(wide)
    // remainder ≥ denominator/2, without the doubling that might not fit.
    return remainder >= denominator - remainder ? try quotient.adding(1) : quotient
  }

  private static func signed(
    _ magnitude: UInt128, isNegative: Bool
  ) throws(ArithmeticError) -> Int128 {
    guard let value = Int128(exactly: magnitude) else { throw .overflow }
    return isNegative ? -value : value
  }
}

extension UInt128 {
  /// This count of base units times a factor, exact before rounding.
  /// - Throws: ``ArithmeticError/underflow`` for a negative factor, ``ArithmeticError/overflow``.
  package func scaled(
    by factor: FixedPoint, rounding: Rounding
  ) throws(ArithmeticError) -> UInt128 {
    if factor.raw < 0 { throw .underflow }
    return try scaled(by: factor.raw.magnitude, over: 1 << 64, rounding: rounding)
  }
}
