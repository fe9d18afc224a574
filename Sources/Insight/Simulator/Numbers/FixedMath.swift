import Economics

/// ``FixedPointMath`` for ``Fixed``: exact to 2^-47 where the result fits, else its largest value.
package enum FixedMath {
  /// ln 2.
  package static let ln2 = ln(Fixed(2))

  /// e^x; from x = 43 on e^43.
  package static func exp(_ x: Fixed) -> Fixed {
    let bounded = x.clamped(Fixed(-60), Fixed(43))
    return narrowed(try? FixedPointMath.exponential(widened(bounded)))
  }

  /// ln x; for what is not above zero that of the smallest step.
  package static func ln(_ x: Fixed) -> Fixed {
    let bounded = x.clamped(.epsilon, Fixed(1 << 46))
    return narrowed(try? FixedPointMath.naturalLogarithm(widened(bounded)))
  }

  /// x^y of an x that is not negative; 0^y is 0 for any y but 0.
  package static func power(_ x: Fixed, _ y: Fixed) -> Fixed {
    if y.raw == 0 { return .one }
    if x.raw <= 0 { return .zero }
    if y == .one { return x }
    if x == .one { return .one }
    return exp(y * ln(x))
  }

  /// √x of an x that is not negative.
  package static func squareRoot(_ x: Fixed) -> Fixed {
    if x.raw <= 0 { return .zero }
    // √(raw · 2^48): shifted as far as it fits, evenly.
    let room = UInt128(min(48, max(0, x.raw.leadingZeroBitCount - 1))) & ~1
    let root = FixedPointMath.squareRoot(x.raw.magnitude << room)
    return Fixed(raw: Int128(root << ((48 - room) / 2)))
  }

  /// 1/(1 + e^-x): from 0 to 1.
  package static func logistic(_ x: Fixed) -> Fixed { .one / (.one + exp(-x)) }

  private static func widened(_ value: Fixed) -> FixedPoint { FixedPoint(raw: value.raw << 16) }

  private static func narrowed(_ value: FixedPoint?) -> Fixed {
    value.map { Fixed(raw: $0.raw >> 16) } ?? .largest
  }
}
