import Primitives

extension Fixed {
  /// A quantity with 18 decimals as a number, rounded down.
  @inline(__always) package init(_ quantity: some Quantity) {
    // ⌊x·2^48/10^18⌋ by the reciprocal 2^139·2^48/10^18, which is exact to less than one step.
    let product = quantity.baseUnits.multipliedFullWidth(by: Self.reciprocal)
    raw = Int128(truncatingIfNeeded: min(product.high >> 11, Self.largest.raw.magnitude))
  }

  /// The number in base units of 10^-18, rounded down; zero for what is negative.
  @inline(__always) package var baseUnits: UInt128 {
    if raw <= 0 { return 0 }
    let product = raw.magnitude.multipliedFullWidth(by: 1_000_000_000_000_000_000)
    if product.high >> 48 != 0 { return .max }
    return (product.high << 80) | (product.low >> 48)
  }

  /// ⌊2^187/10^18⌋.
  private static let reciprocal: UInt128 = {
    let billion: UInt128 = 1_000_000_000_000_000_000
    return billion.dividingFullWidth((high: 1 << 59, low: 0)).quotient
  }()
}
