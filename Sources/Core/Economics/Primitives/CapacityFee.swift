import Primitives

/// A fee on capacity, in proportion to the circulating supply; it is burned.
///
/// `circulating × capacity × numerator/denominator` an epoch, rounded up, at most a part of what
/// the account earns in it. Source: Filecoin FIP-0100 (1.61817·10^-25 a day and byte, half of the
/// expected reward).
package struct CapacityFee: Hashable, Sendable {
  package var numerator: UInt128
  package var denominator: UInt128
  /// The most, in parts of 1,000,000 of the epoch's reward.
  package var rewardCapPerMillion: UInt64

  package init(numerator: UInt128, denominator: UInt128, rewardCapPerMillion: UInt64) {
    self.numerator = numerator
    self.denominator = denominator
    self.rewardCapPerMillion = rewardCapPerMillion
  }

  /// What an account with `capacity`, quality-adjusted, owes.
  /// - Throws: ``ArithmeticError``.
  package func amount(
    capacity: UInt128, circulating: Amount, reward: Amount
  ) throws(ArithmeticError) -> Amount {
    let share = try capacity.multiplied(by: numerator)
    let fee = try circulating.scaled(by: share, over: denominator, rounding: .up)
    return min(fee, try reward.perMillion(rewardCapPerMillion, rounding: .down))
  }
}
