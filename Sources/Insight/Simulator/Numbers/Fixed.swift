/// A signed number with 48 binary digits behind the point: exact steps of 3.6 × 10^-15, up to
/// ±6 × 10^23.
///
/// What agents reckon with: prices, dollars, tokens, shares. Results never touch floating point, so
/// that a run is the same bit for bit on any machine. Products and quotients are rounded towards
/// zero; what does not fit stays at the largest value, which no scenario within its bounds reaches.
package struct Fixed: Hashable, Comparable, Sendable {
  /// The value times 2^48.
  package var raw: Int128

  /// How many binary digits lie behind the point.
  package static let fractionBits: Int128 = 48

  @inline(__always) package init(raw: Int128) { self.raw = raw }

  /// A whole number.
  @inline(__always) package init(_ whole: Int) { raw = Int128(whole) << Self.fractionBits }

  /// `numerator / denominator`, towards zero. For constants.
  package init(_ numerator: Int, over denominator: Int) {
    self = Fixed(numerator) / Fixed(denominator)
  }

  package static let zero = Fixed(raw: 0)
  package static let one = Fixed(1)
  package static let largest = Fixed(raw: .max >> 1)
  /// The smallest step, 2^-48.
  package static let epsilon = Fixed(raw: 1)

  @inline(__always) package static func < (left: Fixed, right: Fixed) -> Bool {
    left.raw < right.raw
  }

  /// The sum, at most the largest value.
  @inline(__always) package static func + (left: Fixed, right: Fixed) -> Fixed {
    let (sum, overflow) = left.raw.addingReportingOverflow(right.raw)
    return overflow ? saturated(isNegative: left.raw < 0) : Fixed(raw: sum)
  }

  /// The difference, at most the largest value.
  @inline(__always) package static func - (left: Fixed, right: Fixed) -> Fixed {
    let (difference, overflow) = left.raw.subtractingReportingOverflow(right.raw)
    return overflow ? saturated(isNegative: left.raw < 0) : Fixed(raw: difference)
  }

  /// The other sign.
  @inline(__always) package static prefix func - (value: Fixed) -> Fixed {
    Fixed(raw: 0 &- value.raw)
  }

  /// Adds.
  @inline(__always) package static func += (left: inout Fixed, right: Fixed) { left = left + right }
  /// Subtracts.
  @inline(__always) package static func -= (left: inout Fixed, right: Fixed) { left = left - right }

  /// The product, towards zero.
  @inline(__always) package static func * (left: Fixed, right: Fixed) -> Fixed {
    let isNegative = (left.raw < 0) != (right.raw < 0)
    let x = left.raw.magnitude
    let y = right.raw.magnitude
    let xHigh = UInt64(truncatingIfNeeded: x >> 64)
    let yHigh = UInt64(truncatingIfNeeded: y >> 64)
    let xLow = UInt64(truncatingIfNeeded: x)
    let yLow = UInt64(truncatingIfNeeded: y)
    var result = product(xLow, yLow) >> 48
    if xHigh | yHigh != 0 {
      let top = product(xHigh, yHigh)
      let cross = product(xHigh, yLow)
      let otherCross = product(xLow, yHigh)
      if top >> 46 != 0 || cross >> 110 != 0 || otherCross >> 110 != 0 {
        return saturated(isNegative: isNegative)
      }
      result += (cross << 16) + (otherCross << 16)
      result = result.addingReportingOverflow(top << 80).partialValue
      if result >> 126 != 0 { return saturated(isNegative: isNegative) }
    }
    return signed(result, isNegative)
  }

  /// The quotient, towards zero; over zero the largest value of the dividend's sign. Callers for
  /// whom zero can come up say what they mean with ``divided(by:orIfZero:)``.
  @inline(__always) package static func / (left: Fixed, right: Fixed) -> Fixed {
    let isNegative = (left.raw < 0) != (right.raw < 0)
    let x = left.raw.magnitude
    let y = right.raw.magnitude
    if y == 0 { return saturated(isNegative: isNegative) }
    if x >> 80 == 0 { return bounded((x << 48) / y, isNegative) }
    let product = x.multipliedFullWidth(by: 1 << 48)
    if product.high >= y { return saturated(isNegative: isNegative) }
    return bounded(y.dividingFullWidth(product).quotient, isNegative)
  }

  /// The quotient, or `fallback` when the divisor is zero.
  @inline(__always) package func divided(by divisor: Fixed, orIfZero fallback: Fixed) -> Fixed {
    divisor.raw == 0 ? fallback : self / divisor
  }

  /// The value within `low` and `high`.
  @inline(__always) package func clamped(_ low: Fixed, _ high: Fixed) -> Fixed {
    self < low ? low : (self > high ? high : self)
  }

  /// The value without its sign.
  @inline(__always) package var magnitude: Fixed { raw < 0 ? -self : self }

  /// The whole part, towards zero.
  package var whole: Int128 {
    raw < 0 ? -((0 - raw) >> Self.fractionBits) : raw >> Self.fractionBits
  }

  @inline(__always) private static func product(_ x: UInt64, _ y: UInt64) -> UInt128 {
    UInt128(x) &* UInt128(y)
  }

  @inline(__always) private static func signed(_ magnitude: UInt128, _ isNegative: Bool) -> Fixed {
    let value = Int128(truncatingIfNeeded: magnitude)
    return Fixed(raw: isNegative ? 0 &- value : value)
  }

  @inline(__always) private static func bounded(_ magnitude: UInt128, _ isNegative: Bool) -> Fixed {
    magnitude >> 126 != 0 ? saturated(isNegative: isNegative) : signed(magnitude, isNegative)
  }

  private static func saturated(isNegative: Bool) -> Fixed { isNegative ? -largest : largest }
}
