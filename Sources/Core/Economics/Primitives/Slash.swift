import Primitives

/// What a fault costs: terms, and the larger or smaller of them. Each term is rounded up, and no
/// result is above the stake.
package indirect enum Slash: Hashable, Sendable {
  /// Hundredths of an epoch's expected reward (351 of a day: Filecoin's fault fee).
  case rewardHundredths(UInt64)
  /// A share of the stake, in parts of 1,000,000.
  case stakePerMillion(UInt64)
  /// A share of the stake that is reached linearly with age, in epochs (FIP-0098).
  case stakeByAge(perMillion: UInt64, fullAfter: UInt64)
  /// So many tokens.
  case fixed(Amount)
  case sum([Slash])
  case largest([Slash])
  case smallest([Slash])

  /// What it comes to.
  /// - Parameters:
  ///   - reward: the expected reward of an epoch.
  ///   - age: for how many epochs the obligation has run.
  /// - Throws: ``ArithmeticError/overflow``.
  package func amount(
    stake: Amount, reward: Amount, age: UInt64
  ) throws(ArithmeticError) -> Amount {
    min(stake, try uncapped(stake, reward, age))
  }

  private func uncapped(
    _ stake: Amount, _ reward: Amount, _ age: UInt64
  ) throws(ArithmeticError) -> Amount {
    switch self {
    case .rewardHundredths(let n):
      return try reward.scaled(by: UInt128(n), over: 100, rounding: .up)
    case .stakePerMillion(let parts): return try stake.perMillion(parts, rounding: .up)
    case .stakeByAge(let parts, let full):
      let most = try stake.perMillion(parts, rounding: .up)
      return try most.scaled(
        by: UInt128(min(age, full)), over: UInt128(max(full, 1)), rounding: .up)
    case .fixed(let amount): return amount
    case .sum(let terms):
      var total = Amount.zero
      for term in terms { total = try total.adding(term.uncapped(stake, reward, age)) }
      return total
    case .largest(let terms): return try best(terms, stake, reward, age, by: >)
    case .smallest(let terms): return try best(terms, stake, reward, age, by: <)
    }
  }

  private func best(
    _ terms: [Slash], _ stake: Amount, _ reward: Amount, _ age: UInt64,
    by isBetter: (Amount, Amount) -> Bool
  ) throws(ArithmeticError) -> Amount {
    var found: Amount?
    for term in terms {
      let value = try term.uncapped(stake, reward, age)
      if let last = found, !isBetter(value, last) { continue }
      found = value
    }
    return found ?? .zero
  }
}
