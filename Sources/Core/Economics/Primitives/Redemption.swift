import Primitives

/// The curve along which a sub-network's token is exchanged for its treasury:
/// `dR = R·((S ± dS)/S)^(1+k) − R`. With k = 0 the price is R/S.
///
/// Redeeming is rounded down, issuing against the treasury up: the treasury keeps the dust.
/// Source: Helium HIP-51.
package struct Redemption: Hashable, Sendable {
  /// k, a small whole number.
  package var curvature: UInt64

  package init(curvature: UInt64) { self.curvature = curvature }

  /// What `burned` of the `supply` brings from the `reserve`.
  /// - Throws: ``ArithmeticError/underflow`` when more is burned than exists.
  package func redeem(
    _ burned: Amount, supply: Amount, reserve: Amount
  ) throws(ArithmeticError) -> Amount {
    let left = try supply.subtracting(burned)
    if supply == .zero { return .zero }
    var kept = reserve
    for _ in 0...min(curvature, 16) {
      kept = try kept.scaled(by: left.baseUnits, over: supply.baseUnits, rounding: .up)
    }
    return try reserve.subtracting(kept)
  }

  /// What must come into the `reserve` for `issued` more of the token.
  /// - Throws: ``ArithmeticError``.
  package func deposit(
    for issued: Amount, supply: Amount, reserve: Amount
  ) throws(ArithmeticError) -> Amount {
    let more = try supply.adding(issued)
    var grown = reserve
    for _ in 0...min(curvature, 16) {
      grown = try grown.scaled(by: more.baseUnits, over: supply.baseUnits, rounding: .up)
    }
    return try grown.subtracting(reserve)
  }
}
