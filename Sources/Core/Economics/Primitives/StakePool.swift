import Primitives

/// Tokens that belong together to many holders, and the shares by which they are divided.
///
/// A slash takes tokens and leaves the shares, so that it costs every holder the same part. One
/// share is never worth more than one base unit, because nothing but deposits adds tokens: nobody
/// can raise a share's price to round a later deposit away.
package struct StakePool: Hashable, Sendable, CanonicalCodable {
  /// What there is.
  package private(set) var tokens: Amount
  /// How many shares of it are held.
  package private(set) var shares: UInt128

  package init(tokens: Amount = .zero, shares: UInt128 = 0) {
    self.tokens = tokens
    self.shares = shares
  }

  /// Whether a slash has taken everything although there are shares: nothing can be bought then.
  package var isWorthless: Bool { tokens == .zero && shares > 0 }

  /// What `count` shares are worth, rounded down.
  /// - Throws: ``ArithmeticError``.
  package func value(of count: UInt128) throws(ArithmeticError) -> Amount {
    if shares == 0 { return .zero }
    return try tokens.scaled(by: count, over: shares, rounding: .down)
  }

  /// The fewest shares that are worth at least `amount`: rounded up, so that who leaves never takes
  /// a part of what others hold.
  /// - Throws: ``ArithmeticError``, ``ArithmeticError/divisionByZero`` for a worthless pool.
  package func sharesWorth(_ amount: Amount) throws(ArithmeticError) -> UInt128 {
    try amount.baseUnits.scaled(by: shares, over: tokens.baseUnits, rounding: .up)
  }

  /// Adds tokens and returns the shares that they buy, rounded down: the others keep the dust.
  /// - Throws: ``ArithmeticError``, ``ArithmeticError/divisionByZero`` for a worthless pool.
  package mutating func deposit(_ amount: Amount) throws(ArithmeticError) -> UInt128 {
    let bought =
      shares == 0
      ? amount.baseUnits
      : try amount.baseUnits.scaled(by: shares, over: tokens.baseUnits, rounding: .down)
    let total = try tokens.adding(amount)
    shares = try shares.adding(bought)
    tokens = total
    return bought
  }

  /// Takes shares away and returns the tokens that they were worth, rounded down; the last holder
  /// gets all that is left.
  /// - Throws: ``ArithmeticError``, ``ArithmeticError/underflow`` when there are not so many.
  package mutating func withdraw(_ count: UInt128) throws(ArithmeticError) -> Amount {
    let rest = try shares.subtracting(count)
    let worth = try value(of: count)
    tokens = try tokens.subtracting(worth)
    shares = rest
    return worth
  }

  /// Takes a part of the tokens, rounded up, and returns what was taken.
  /// - Parameter perMillion: the part in millionths; more than a million takes everything.
  package mutating func slash(perMillion: UInt128) throws(ArithmeticError) -> Amount {
    let asked = try tokens.scaled(
      by: min(perMillion, 1_000_000), over: 1_000_000, rounding: .up)
    let taken = min(asked, tokens)
    tokens = try tokens.subtracting(taken)
    return taken
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(tokens)
    encoder.encode(shares)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    tokens = try decoder.decode()
    shares = try decoder.decodeUInt128()
  }
}
