import Primitives

// What a ledger asks of the rule before it settles: what a customer's credits cost, and what it can
// pay for.
extension CreditRule {
  /// The tokens that `credits` cost at a price, as the settlement reckons them.
  /// - Throws: ``ArithmeticError``.
  package func cost(
    of credits: Credits, at price: Credits, confidence: Credits
  ) throws(ArithmeticError) -> Amount {
    switch self {
    case .sinkOnly(let rule):
      try rule.tokensToBurn(for: credits, oracle: price, confidence: confidence)
    case .vault(let rule): try rule.tokensToBuy(credits, at: price)
    case .direct: try credits.tokens(at: price, rounding: .up)
    }
  }

  /// The most credits whose cost is at most `tokens`, up to rounding.
  /// - Throws: ``ArithmeticError``.
  package func affordable(
    _ tokens: Amount, at price: Credits, confidence: Credits
  ) throws(ArithmeticError) -> Credits {
    switch self {
    case .sinkOnly(let rule):
      return try tokens.credits(
        at: rule.mintPrice(oracle: price, confidence: confidence), rounding: .down)
    case .vault(let rule):
      if rule.quantum == 0 { throw .divisionByZero }
      let whole = Amount(baseUnits: tokens.baseUnits / rule.quantum * rule.quantum)
      return try whole.credits(at: price, rounding: .down)
    case .direct: return try tokens.credits(at: price, rounding: .down)
    }
  }
}
