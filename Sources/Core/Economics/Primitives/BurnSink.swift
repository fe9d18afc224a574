import Primitives

/// Burns a fraction of revenue. Rounded up: no way of cutting revenue into small pieces burns less.
package struct BurnSink: Hashable, Sendable {
  /// The fraction burned, in parts of 10,000.
  package let perTenThousand: UInt128

  /// - Precondition: at most 10,000.
  package init(perTenThousand: UInt128) {
    precondition(perTenThousand <= 10_000)
    self.perTenThousand = perTenThousand
  }

  /// What of `revenue` is kept and what is burned; the two add up to it exactly.
  /// - Throws: ``ArithmeticError``.
  package func divide(
    _ revenue: Amount
  ) throws(ArithmeticError) -> (kept: Amount, burned: Amount) {
    let burned = Split.Claim(
      .fraction(numerator: perTenThousand, denominator: 10_000, rounding: .up))
    let shares = try Split([burned]).divide(revenue.baseUnits)
    return (Amount(baseUnits: shares.residual), Amount(baseUnits: shares.claimed[0]))
  }
}
