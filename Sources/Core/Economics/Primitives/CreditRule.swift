import Primitives

/// How customers' money becomes providers' pay.
package enum CreditRule: Hashable, Sendable {
  /// Customers burn tokens for credits that nobody can turn back; providers live on emission
  /// (Helium's Data Credits, Render).
  case sinkOnly(SinkCredit)
  /// Tokens go into a vault, and providers are paid from it in tokens at the price of the day
  /// (Akash's ACT, commons).
  case vault(VaultCredit)
  /// Customers pay providers in tokens (or dollars turned into tokens) at the price of the day.
  case direct
}

/// A credit that is bought by burning and can only be spent.
///
/// The burn is reckoned at the oracle price less a multiple of its confidence interval, and rounded
/// up: the network never gives a credit too cheaply. Source: Helium's Data Credit, minted at the
/// Pyth price − 2 × its confidence.
package struct SinkCredit: Hashable, Sendable {
  /// How many confidence intervals are taken off the price.
  package var confidenceMultiple: UInt64

  package init(confidenceMultiple: UInt64) { self.confidenceMultiple = confidenceMultiple }

  /// The price at which credits are minted.
  /// - Throws: ``ArithmeticError/underflow`` when the haircut leaves no price.
  package func mintPrice(oracle: Credits, confidence: Credits) throws(ArithmeticError) -> Credits {
    let haircut = try confidence.baseUnits.multiplied(by: UInt128(confidenceMultiple))
    let price = Credits(baseUnits: try oracle.baseUnits.subtracting(haircut))
    if price == .zero { throw .underflow }
    return price
  }

  /// The tokens that buy `credits`.
  /// - Throws: ``ArithmeticError``.
  package func tokensToBurn(
    for credits: Credits, oracle: Credits, confidence: Credits
  ) throws(ArithmeticError) -> Amount {
    try credits.tokens(
      at: mintPrice(oracle: oracle, confidence: confidence), rounding: .up)
  }
}

/// A credit backed by tokens in a vault.
///
/// Bought: tokens are rounded up to the quantum. Settled: tokens are rounded down to the quantum,
/// so that dust stays in the vault both ways. When the token fell in between, the vault holds less
/// than is owed: then either new tokens are minted, or everyone is paid the share that is covered.
/// Source: Akash AEP-76.
package struct VaultCredit: Hashable, Sendable {
  /// What happens when the vault does not cover what is owed.
  package enum Shortfall: String, CaseIterable, Sendable {
    /// The lack is minted (AEP-76).
    case mint
    /// Payments shrink in proportion to what is covered; nothing is minted.
    case proRata = "pro-rata"
  }

  /// The smallest unit of the token, in base units (10^12 for six decimals).
  package var quantum: UInt128
  package var shortfall: Shortfall
  /// Below this value of the vault over the credits outstanding, in parts of 1,000,000, no credit
  /// is sold.
  package var haltBelowPerMillion: UInt64
  /// Below this one the epoch's notes warn.
  package var warnBelowPerMillion: UInt64

  package init(
    quantum: UInt128, shortfall: Shortfall, haltBelowPerMillion: UInt64,
    warnBelowPerMillion: UInt64
  ) {
    self.quantum = quantum
    self.shortfall = shortfall
    self.haltBelowPerMillion = haltBelowPerMillion
    self.warnBelowPerMillion = warnBelowPerMillion
  }

  /// The tokens that buy `credits`, rounded up to the quantum.
  /// - Throws: ``ArithmeticError``.
  package func tokensToBuy(
    _ credits: Credits, at price: Credits
  ) throws(ArithmeticError) -> Amount {
    let exact = try credits.tokens(at: price, rounding: .up).baseUnits
    if quantum == 0 { throw .divisionByZero }
    let units = exact / quantum + (exact % quantum > 0 ? 1 : 0)
    return Amount(baseUnits: try units.multiplied(by: quantum))
  }

  /// The credits that `tokens` buy, rounded down to the quantum of credits of the same size.
  /// - Throws: ``ArithmeticError``.
  package func credits(
    for tokens: Amount, at price: Credits
  ) throws(ArithmeticError) -> Credits {
    let exact = try tokens.credits(at: price, rounding: .down).baseUnits
    if quantum == 0 { throw .divisionByZero }
    return Credits(baseUnits: exact / quantum * quantum)
  }

  /// The tokens that settle `credits`, rounded down to the quantum.
  /// - Throws: ``ArithmeticError``.
  package func tokensToSettle(
    _ credits: Credits, at price: Credits
  ) throws(ArithmeticError) -> Amount {
    let exact = try credits.tokens(at: price, rounding: .down).baseUnits
    if quantum == 0 { throw .divisionByZero }
    return Amount(baseUnits: exact / quantum * quantum)
  }

  /// The vault's value over the credits outstanding, in parts of 1,000,000; nil when none are.
  /// - Throws: ``ArithmeticError/overflow``.
  package func ratioPerMillion(
    vault: Amount, outstanding: Credits, at price: Credits
  ) throws(ArithmeticError) -> UInt128? {
    if outstanding == .zero { return nil }
    let value = try vault.credits(at: price, rounding: .down).baseUnits
    return try value.scaled(by: 1_000_000, over: outstanding.baseUnits, rounding: .down)
  }
}
