import Primitives

/// What suppliers lack of a target in dollars after customers paid.
///
/// Target = power × credits per unit; the lack is turned into tokens at the oracle price, rounded
/// down, and is paid from buckets, never minted. With the same inputs `n` epochs lack `n` times as
/// much, up to what rounding down each of them keeps: at most `n` base units.
/// Source: io.net from 2026-06-11.
package struct UsdTargetEmission: Hashable, Sendable {
  /// What a unit of capacity should earn in an epoch.
  package var creditsPerUnit: Credits
  /// The most tokens in an epoch.
  package var cap: Amount

  package init(creditsPerUnit: Credits, cap: Amount) {
    self.creditsPerUnit = creditsPerUnit
    self.cap = cap
  }

  /// What suppliers should earn in an epoch.
  /// - Throws: ``ArithmeticError/overflow``.
  package func target(power: UInt128) throws(ArithmeticError) -> Credits {
    Credits(baseUnits: try creditsPerUnit.baseUnits.multiplied(by: power))
  }

  func amount(_ context: EmissionContext) throws(ArithmeticError) -> Amount {
    if context.price == .zero { return .zero }
    let lack = try target(power: context.power).subtractingSaturated(context.usage)
    let tokens = min(try lack.tokens(at: context.price, rounding: .down), cap)
    return Amount(baseUnits: try tokens.baseUnits.multiplied(by: UInt128(context.epochs)))
  }
}

extension Credits {
  /// The tokens that are worth these credits when a whole token costs `price`.
  /// - Throws: ``ArithmeticError``.
  package func tokens(
    at price: Credits, rounding: Rounding
  ) throws(ArithmeticError) -> Amount {
    Amount(
      baseUnits: try baseUnits.scaled(
        by: Amount.baseUnitsPerWhole, over: price.baseUnits, rounding: rounding))
  }
}

extension Amount {
  /// The credits that these tokens are worth when a whole token costs `price`.
  /// - Throws: ``ArithmeticError``.
  package func credits(
    at price: Credits, rounding: Rounding
  ) throws(ArithmeticError) -> Credits {
    Credits(
      baseUnits: try baseUnits.scaled(
        by: price.baseUnits, over: Amount.baseUnitsPerWhole, rounding: rounding))
  }

  /// This amount in parts of 1,000,000.
  /// - Throws: ``ArithmeticError``.
  package func perMillion(_ parts: UInt64, rounding: Rounding) throws(ArithmeticError) -> Amount {
    try scaled(by: UInt128(parts), over: 1_000_000, rounding: rounding)
  }
}
