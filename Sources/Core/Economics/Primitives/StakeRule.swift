import Primitives

/// How much a provider must have at stake.
package enum StakeRule: Hashable, Sendable {
  /// So much for each unit of capacity, times max(1, multiplier); rounded up (io.net: 200 IO for
  /// each GPU times its class).
  case perUnit(amount: Amount)
  /// Days of expected reward plus a share of the circulating supply; rounded up (Filecoin's
  /// initial pledge).
  case pledge(Pledge)

  /// What `measures` must have at stake.
  /// - Throws: ``ArithmeticError``.
  package func required(
    _ measures: Measures, _ network: Network
  ) throws(ArithmeticError) -> Amount {
    switch self {
    case .perUnit(let amount):
      let multiplier = max(1_000_000, measures.multiplierPerMillion)
      let one = Amount(baseUnits: try amount.baseUnits.multiplied(by: measures.capacity))
      return try one.perMillion(multiplier, rounding: .up)
    case .pledge(let pledge): return try pledge.required(measures, network)
    }
  }

  /// What a stake rule may depend on.
  package struct Network: Hashable, Sendable {
    /// What all providers together earn in an epoch.
    package var rewardPerEpoch: Amount
    package var circulating: Amount
    /// The network's quality-adjusted capacity.
    package var power: UInt128
    /// Filecoin's baseline, or zero.
    package var baseline: UInt128

    package init(rewardPerEpoch: Amount, circulating: Amount, power: UInt128, baseline: UInt128) {
      self.rewardPerEpoch = rewardPerEpoch
      self.circulating = circulating
      self.power = power
      self.baseline = baseline
    }
  }

  /// `days·BR + share·circulating·Q·[γ/max(b, N) + (1 − γ)/N]`, at most `cap` a unit.
  ///
  /// Q is the capacity times its multiplier, N the network's, b the baseline; BR is the expected
  /// reward per epoch, Q/N of the network's. Source: Filecoin, with FIP-0081 for γ.
  package struct Pledge: Hashable, Sendable {
    package var rewardEpochs: UInt64
    package var supplyPerMillion: UInt64
    package var gammaPerMillion: UInt64
    /// The most for `capUnits` of Q.
    package var cap: Amount
    package var capUnits: UInt128

    package init(
      rewardEpochs: UInt64, supplyPerMillion: UInt64, gammaPerMillion: UInt64, cap: Amount,
      capUnits: UInt128
    ) {
      self.rewardEpochs = rewardEpochs
      self.supplyPerMillion = supplyPerMillion
      self.gammaPerMillion = gammaPerMillion
      self.cap = cap
      self.capUnits = capUnits
    }

    func required(
      _ measures: Measures, _ network: Network
    ) throws(ArithmeticError) -> Amount {
      let quality = try measures.capacity.scaled(
        by: UInt128(measures.multiplierPerMillion), over: 1_000_000, rounding: .up)
      let power = max(network.power, quality)
      if quality == 0 { return .zero }
      let days = Amount(
        baseUnits: try network.rewardPerEpoch.baseUnits.multiplied(by: UInt128(rewardEpochs)))
      let storage = try days.scaled(by: quality, over: power, rounding: .up)
      let lock = try network.circulating.perMillion(supplyPerMillion, rounding: .up)
      let byBaseline = try lock.perMillion(gammaPerMillion, rounding: .up)
        .scaled(by: quality, over: max(network.baseline, power), rounding: .up)
      let rest = UInt64(1_000_000).subtractingSaturated(gammaPerMillion)
      let byPower = try lock.perMillion(rest, rounding: .up)
        .scaled(by: quality, over: power, rounding: .up)
      let most = try cap.scaled(by: quality, over: capUnits, rounding: .up)
      return min(try storage.adding(byBaseline).adding(byPower), most)
    }
  }
}
