import Primitives

/// Credits backed by tokens in a vault, at a fixed rate.
///
/// Tokens become credits rounded down and credits become tokens rounded down, so that the vault
/// keeps the dust both ways and always covers the credits outstanding.
package struct Credit: Hashable, Sendable {
  /// So many base units of tokens …
  package let tokenUnits: UInt128
  /// … are worth so many base units of credits.
  package let creditUnits: UInt128

  /// - Precondition: neither is zero.
  package init(tokenUnits: UInt128, creditUnits: UInt128) {
    precondition(tokenUnits > 0 && creditUnits > 0)
    self.tokenUnits = tokenUnits
    self.creditUnits = creditUnits
  }

  /// How many credits `tokens` buy, rounded down.
  /// - Throws: ``ArithmeticError/overflow``.
  package func credits(for tokens: Amount) throws(ArithmeticError) -> Credits {
    Credits(
      baseUnits: try tokens.baseUnits.scaled(by: creditUnits, over: tokenUnits, rounding: .down))
  }

  /// How many tokens the vault releases for `credits`, rounded down.
  /// - Throws: ``ArithmeticError/overflow``.
  package func tokens(for credits: Credits) throws(ArithmeticError) -> Amount {
    Amount(
      baseUnits: try credits.baseUnits.scaled(by: tokenUnits, over: creditUnits, rounding: .down))
  }

  /// The fewest tokens that buy at least `credits`: ``tokens(for:)`` rounded up.
  /// - Throws: ``ArithmeticError/overflow``.
  package func tokensToBuy(_ credits: Credits) throws(ArithmeticError) -> Amount {
    Amount(
      baseUnits: try credits.baseUnits.scaled(by: tokenUnits, over: creditUnits, rounding: .up))
  }

  /// Whether a vault with `tokens` could redeem all `outstanding` credits.
  /// - Throws: ``ArithmeticError/overflow``.
  package func isCovered(
    _ outstanding: Credits, by tokens: Amount
  ) throws(ArithmeticError) -> Bool {
    try tokensToBuy(outstanding) <= tokens
  }
}
