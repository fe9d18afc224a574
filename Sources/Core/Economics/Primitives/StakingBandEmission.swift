import Primitives

/// Inflation that moves up while less than the goal is staked and down while more is.
///
/// Each epoch `inflation += (1 − staked/supply/goal) × rateChange / epochsPerYear`, clamped to a
/// band; the epoch's amount is `supply × inflation / epochsPerYear`, rounded down. There is no
/// closed form, so `n` epochs are `n` steps over the supply that grows with them.
/// Source: Cosmos SDK x/mint, as Akash uses it.
package struct StakingBandEmission: Hashable, Sendable {
  /// The share of the supply that should be staked, in parts of 1,000,000.
  package var goalPerMillion: UInt64
  package var rateChangePerMillion: UInt64
  package var minimumPerMillion: UInt64
  package var maximumPerMillion: UInt64
  package var initialPerMillion: UInt64
  package var epochsPerYear: UInt64

  package init(
    goalPerMillion: UInt64, rateChangePerMillion: UInt64, minimumPerMillion: UInt64,
    maximumPerMillion: UInt64, initialPerMillion: UInt64, epochsPerYear: UInt64
  ) {
    self.goalPerMillion = goalPerMillion
    self.rateChangePerMillion = rateChangePerMillion
    self.minimumPerMillion = minimumPerMillion
    self.maximumPerMillion = maximumPerMillion
    self.initialPerMillion = initialPerMillion
    self.epochsPerYear = epochsPerYear
  }

  private static let one: UInt128 = 1_000_000_000_000_000_000
  private static let million: UInt128 = 1_000_000_000_000  // one / 1,000,000

  func amount(
    _ context: EmissionContext, state: inout EmissionState
  ) throws(ArithmeticError) -> Amount {
    var supply = context.supply.baseUnits
    for _ in 0..<context.epochs {
      let inflation = try next(state.inflation, supply: supply, staked: context.staked.baseUnits)
      state.inflation = inflation
      let divisor = try Self.one.multiplied(by: UInt128(epochsPerYear))
      supply = try supply.adding(supply.scaled(by: inflation, over: divisor, rounding: .down))
    }
    return Amount(baseUnits: try supply.subtracting(context.supply.baseUnits))
  }

  /// The inflation of the next epoch, times 10^18.
  private func next(
    _ last: UInt128?, supply: UInt128, staked: UInt128
  ) throws(ArithmeticError) -> UInt128 {
    let low = try UInt128(minimumPerMillion).multiplied(by: Self.million)
    let high = try UInt128(maximumPerMillion).multiplied(by: Self.million)
    let initial = try UInt128(initialPerMillion).multiplied(by: Self.million)
    let current = last ?? initial
    let bonded = supply == 0 ? 0 : try staked.scaled(by: Self.one, over: supply, rounding: .down)
    let ratio = try bonded.scaled(
      by: 1_000_000, over: UInt128(goalPerMillion), rounding: .down)
    let gap = ratio > Self.one ? ratio - Self.one : Self.one - ratio
    let divisor = try UInt128(1_000_000).multiplied(by: UInt128(epochsPerYear))
    let change = try gap.scaled(by: UInt128(rateChangePerMillion), over: divisor, rounding: .down)
    let moved =
      ratio > Self.one ? current.subtractingSaturated(change) : try current.adding(change)
    return min(max(moved, low), high)
  }
}
