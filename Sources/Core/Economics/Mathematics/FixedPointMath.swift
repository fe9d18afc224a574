import Primitives

/// Exponential, logarithm, power and root in integers: the same bits on every machine, and none of
/// the C library's functions.
///
/// Inside, values have 120 bits behind the point. The stated bounds are proven against values made
/// with 600 bits (`FixedPointMathTests`).
package enum FixedPointMath {
  /// e^x, within 0.51 × 2^-64 + 2^-112 × e^x; zero when that is below half of 2^-64.
  ///
  /// Source: e^x = 2^k·(e^(r/256))^256 with r = x − k·ln 2 in [0, ln 2), the inner one by 11 terms.
  /// - Throws: ``ArithmeticError/overflow`` from x = 43.668… (e^x = 2^63) on.
  package static func exponential(_ x: FixedPoint) throws(ArithmeticError) -> FixedPoint {
    let whole = x.raw >> 64
    if whole > 43 { throw .overflow }
    return whole < -45 ? .zero : try exponential(q120: x.raw << 56)
  }

  /// ln x, within 0.51 × 2^-64.
  ///
  /// Source: ln(2^e·m) = e·ln 2 + 2·artanh((m − 1)/(m + 1)) with m in [√½, √2], 25 terms.
  /// - Throws: ``ArithmeticError/divisionByZero`` unless x is above zero.
  package static func naturalLogarithm(_ x: FixedPoint) throws(ArithmeticError) -> FixedPoint {
    FixedPoint(raw: (try logarithmQ120(x) + 1 << 55) >> 56)
  }

  /// x^y = e^(y·ln x), within 0.51 × 2^-64 + 2^-111 × (1 + |y|) × x^y. 0^0 is 1.
  /// - Throws: ``ArithmeticError/overflow`` from 2^63 on; ``ArithmeticError/divisionByZero`` for a
  ///   negative x, or a negative power of zero.
  package static func power(
    _ x: FixedPoint, _ y: FixedPoint
  ) throws(ArithmeticError) -> FixedPoint {
    if y == .zero { return .one }
    if x == .zero && y > .zero { return .zero }
    let (high, low) = try logarithmQ120(x).multipliedFullWidth(by: y.raw)
    // high/2^56 is the exponent's whole part: far outside ±64 nothing is left to compute.
    if high >= 44 << 56 { throw .overflow }
    if high < -(46 << 56) { return .zero }
    return try exponential(q120: high << 64 | Int128(low >> 64))
  }

  /// ⌊√n⌋, exact.
  ///
  /// Source: Newton's iteration from above, which only falls until it has arrived.
  package static func squareRoot(_ n: UInt128) -> UInt128 {
    if n < 2 { return n }
    var root: UInt128 = 1 << UInt128((129 - n.leadingZeroBitCount) / 2)
    while true {
      let next = (root + n / root) >> 1
      if next >= root { return root }
      root = next
    }
  }

  /// e^x of x/2^120, |x| < 64.
  private static func exponential(q120 x: Int128) throws(ArithmeticError) -> FixedPoint {
    // x/ln 2 to about 2^-50: at worst k is one too large or too small, and then put right.
    var k = ((x >> 64) * 1_663_314_137_230_540_311) >> 116
    var rest = x - k * ln2
    while rest < 0 { (k, rest) = (k - 1, rest + ln2) }
    while rest >= ln2 { (k, rest) = (k + 1, rest - ln2) }
    if k > 62 { throw .overflow }
    // rest/256 with 128 bits behind the point is the same integer as rest with 120.
    let t = UInt128(rest)
    var series: UInt128 = 0
    for factor in inverseFactorials { series = factor + high(series, t) }
    var grown = t + high(high(series, t), t)  // e^t − 1
    for _ in 0..<8 { grown = grown << 1 + high(grown, grown) }
    let shift = UInt128(64 - k)  // the result is (1 + grown)·2^k
    if shift > 129 { return .zero }
    if shift == 129 { return FixedPoint(raw: 1) }
    let whole: UInt128 = 1 << (128 - shift)
    let rounded = whole + grown >> shift + grown >> (shift - 1) & 1
    guard let raw = Int128(exactly: rounded) else { throw .overflow }
    return FixedPoint(raw: raw)
  }

  /// ln x times 2^120, within 2^-114.
  private static func logarithmQ120(_ x: FixedPoint) throws(ArithmeticError) -> Int128 {
    if x.raw <= 0 { throw .divisionByZero }
    let zeros = x.raw.leadingZeroBitCount
    let mantissa = UInt128(x.raw) << UInt128(zeros)  // m·2^127, 1 ≤ m < 2
    let one: UInt128 = 1 << 127
    let isAbove = mantissa > squareRootOf2
    let exponent = Int128(63 - zeros) + (isAbove ? 1 : 0)
    let numerator = isAbove ? 0 &- mantissa : mantissa - one  // |2 − m| or m − 1
    let denominator = isAbove ? one + mantissa >> 1 : (mantissa >> 1) + (one >> 1)
    // numerator/(2·denominator) with 128 bits behind the point.
    let z = denominator.dividingFullWidth((numerator >> 1, numerator << 127)).quotient
    let square = high(z, z)
    var series: UInt128 = 0
    for factor in inverseOdds { series = factor + high(series, square) }
    let half = Int128((z + high(z, high(square, series))) >> 7)
    return exponent * ln2 + (isAbove ? -half : half)
  }

  @inline(__always)
  private static func high(_ left: UInt128, _ right: UInt128) -> UInt128 {
    left.multipliedHigh(by: right)
  }

  /// ln 2 × 2^120.
  private static let ln2: Int128 = 0xb1_7217_f7d1_cf79_abc9_e3b3_9803_f2f6

  /// √2 × 2^127.
  private static let squareRootOf2: UInt128 = 0xb504_f333_f9de_6484_597d_89b3_754a_be9f

  /// 2^128/n! for n = 11 … 2.
  private static let inverseFactorials: [UInt128] = (2...11).reversed().map { n in
    UInt128.max / UInt128((2...n).reduce(1, *))
  }

  /// 2^128/(2k + 1) for k = 24 … 1.
  private static let inverseOdds: [UInt128] = (1...24).reversed().map { k in
    UInt128.max / UInt128(2 * k + 1)
  }
}
