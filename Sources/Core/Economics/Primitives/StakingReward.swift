import Primitives

/// What validators and those who stake with them get for securing the ledger.
package enum StakingReward {
  /// A year of 365 days, in milliseconds.
  package static let yearMilliseconds: UInt128 = 365 * 86_400_000

  /// New tokens for a bonded stake over a time, rounded down.
  /// - Parameter perMillionPerYear: millionths of the stake for a whole year.
  /// - Throws: ``ArithmeticError``.
  package static func issued(
    stake: Amount, perMillionPerYear: UInt128, milliseconds: UInt64
  ) throws(ArithmeticError) -> Amount {
    let parts = try perMillionPerYear.multiplied(by: UInt128(milliseconds))
    return try stake.scaled(by: parts, over: 1_000_000 * yearMilliseconds, rounding: .down)
  }

  /// A validator's commission, rounded down, and what its stake divides.
  /// - Throws: ``ArithmeticError``.
  package static func divide(
    _ reward: Amount, commissionPerTenThousand: UInt16
  ) throws(ArithmeticError) -> (commission: Amount, stakers: Amount) {
    let claim = Split.Claim(
      .fraction(
        numerator: UInt128(commissionPerTenThousand), denominator: 10_000, rounding: .down))
    let shares = try Split([claim]).divide(reward.baseUnits)
    return (Amount(baseUnits: shares.claimed[0]), Amount(baseUnits: shares.residual))
  }
}

/// The median of values of which each counts by its holder's weight.
package enum WeightedMedian {
  /// The smallest value at which at least half of the weight is reached; nil without any weight.
  /// - Precondition: the weights' sum fits in 127 bits.
  package static func of<Value: Comparable>(
    _ values: [(value: Value, weight: UInt64)]
  ) -> Value? {
    let sorted = values.sorted { $0.value < $1.value }
    let total = sorted.reduce(UInt128(0)) { $0 + UInt128($1.weight) }
    if total == 0 { return nil }
    var reached: UInt128 = 0
    for entry in sorted {
      reached += UInt128(entry.weight)
      if reached * 2 >= total { return entry.value }
    }
    return nil
  }
}
