/// The inverse of the standard normal distribution function by AS 241 (PPND16), in integers.
enum InverseNormal {
  /// The z above which lies the probability `(1 + numerator/denominator) · 2^-(octave+2)`, at most
  /// one half. Never negative.
  static func upper(octave: Int, numerator: Int, of denominator: Int) -> Fixed {
    let mantissa = Fixed.one + Fixed(numerator, over: denominator)
    if octave <= 1 {
      let probability = Fixed(raw: mantissa.raw >> Int128(octave + 2))
      let distance = Fixed(1, over: 2) - probability
      if distance <= decimal("0.425") { return central(distance) }
    }
    let logarithm = FixedMath.ln(mantissa) - FixedMath.ln2 * Fixed(octave + 2)
    return tail(FixedMath.squareRoot(-logarithm))
  }

  private static func central(_ distance: Fixed) -> Fixed {
    let r = decimal("0.180625") - distance * distance
    return distance * polynomial(a, r) / polynomial(b, r)
  }

  private static func tail(_ root: Fixed) -> Fixed {
    let r = root - decimal("1.6")
    return polynomial(c, r) / polynomial(d, r)
  }

  private static func polynomial(_ coefficients: [Fixed], _ x: Fixed) -> Fixed {
    coefficients.reversed().reduce(Fixed.zero) { $0 * x + $1 }
  }

  private static func decimal(_ text: String) -> Fixed { Fixed(decimal: text) ?? .zero }

  private static let a = [
    "3.3871328727963666080", "133.14166789178437745", "1971.5909503065514427",
    "13731.693765509461125", "45921.953931549871457", "67265.770927008700853",
    "33430.575583588128105", "2509.0809287301226727",
  ].map(decimal)
  private static let b = [
    "1", "42.313330701600911252", "687.18700749205790830", "5394.1960214247511077",
    "21213.794301586595867", "39307.895800092710610", "28729.085735721942674",
    "5226.4952788528545610",
  ].map(decimal)
  private static let c = [
    "1.42343711074968357734", "4.63033784615654529590", "5.76949722146069140550",
    "3.64784832476320460504", "1.27045825245236838258", "0.241780725177450611770",
    "0.0227238449892691845833", "0.000774545014278341407640",
  ].map(decimal)
  private static let d = [
    "1", "2.05319162663775882187", "1.67638483018380384940", "0.689767334985100004550",
    "0.148103976427480074590", "0.0151986665636164571966", "0.000547593808499534494600",
    "1.05075007164441684324e-9",
  ].map(decimal)
}
