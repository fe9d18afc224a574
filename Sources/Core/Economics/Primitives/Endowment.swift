import Primitives

/// A fund that customers fill once and that pays for service over time.
package enum Endowment: Hashable, Sendable {
  /// A constant fraction of what is left each epoch: `fund × (1 − e^(−rate·epochs/year))`, rounded
  /// down; a part of it is paid, the rest stays claimable (0G: 4 % a year, half per proof).
  case exponential(ratePerMillionYear: UInt64, paidPerMillion: UInt64, epochsPerYear: UInt64)
  /// Equal parts over so many epochs from when the money came in (0G's deployed contract).
  case linear(epochs: UInt64)
  /// Pays only what the miners' cost exceeds their other income; while it is empty, uploads cost
  /// `latch` times as much (Arweave).
  case solvency(costPerEpoch: Credits, latchPerMillion: UInt64)

  /// What it pays for one epoch, and what stays.
  /// - Parameter income: what the recipients earned otherwise in the epoch.
  /// - Throws: ``ArithmeticError``.
  package func release(
    _ fund: Amount, income: Amount, price: Credits
  ) throws(ArithmeticError) -> Amount {
    switch self {
    case .exponential(let rate, let paid, let year):
      let exponent = try FixedPoint(-Int128(rate), over: Int128(year) * 1_000_000)
      let left = try FixedPointMath.exponential(exponent)
      let due = try fund.baseUnits.scaled(by: FixedPoint.one.subtracting(left), rounding: .down)
      return try Amount(baseUnits: due).perMillion(paid, rounding: .down)
    case .linear(let epochs):
      return Amount(baseUnits: fund.baseUnits / UInt128(max(epochs, 1)))
    case .solvency(let cost, _):
      if price == .zero { return .zero }
      let needed = try cost.tokens(at: price, rounding: .up)
      return min(fund, needed.subtractingSaturated(income))
    }
  }

  /// The price of storing for ever what costs `yearly` a year now, when cost falls by a fraction
  /// each year: `yearly × replicas / −ln(1 − decline) × margin`, rounded up.
  ///
  /// Source: Arweave (0.5 % a year, 20 replicas, 1.05: about 199.5 years).
  /// - Throws: ``ArithmeticError``.
  package static func perpetualPrice(
    yearly: Credits, replicas: UInt64, declinePerMillion: UInt64, marginPerMillion: UInt64
  ) throws(ArithmeticError) -> Credits {
    let kept = try FixedPoint(1_000_000 - Int128(declinePerMillion), over: 1_000_000)
    let years = try FixedPoint(-1).divided(by: FixedPointMath.naturalLogarithm(kept))
    let all = try yearly.baseUnits.multiplied(by: UInt128(replicas))
    return Credits(
      baseUnits: try all.scaled(by: years, rounding: .up)
        .scaled(by: UInt128(marginPerMillion), over: 1_000_000, rounding: .up))
  }
}
