import Primitives

/// How many tokens a schedule gives in an epoch.
///
/// Schedules that depend on time alone are kept as cumulative functions of the epoch, so that `n`
/// epochs at once give exactly what `n` single ones give: an epoch's amount is the difference of
/// two cumulative values, each rounded down. Epochs are counted from the network's genesis.
package enum Emission: Hashable, Sendable {
  /// A table of amounts per epoch with the dates from which they hold (Helium).
  case steps(StepEmission)
  /// A pool that halves every so many epochs (Filecoin's simple minting, Arweave).
  case exponential(ExponentialEmission)
  /// An amount per epoch that is multiplied by a ratio at the end of each period (io.net, Render).
  case geometric(GeometricEmission)
  /// An amount per epoch that halves whenever issuance passes a threshold (Bittensor).
  case thresholds(ThresholdEmission)
  /// Filecoin's baseline minting over effective network time.
  case effectiveTime(EffectiveTimeEmission)
  /// The same in the chain's own steps and arithmetic.
  case filecoin(FilecoinEmission)
  /// Inflation that moves to keep a share of the supply staked (Cosmos, Akash).
  case stakingBand(StakingBandEmission)
  /// What suppliers lack of a target in dollars (io.net from June 2026).
  case usdTarget(UsdTargetEmission)
  /// A flat window, then a linear taper to zero (Helium's 2026 supplement).
  case taper(TaperEmission)

  /// What the schedule gives for `context.epochs` epochs from `context.epoch` on.
  /// - Throws: ``ArithmeticError``.
  package func amount(
    _ context: EmissionContext, state: inout EmissionState
  ) throws(ArithmeticError) -> Amount {
    switch self {
    case .steps(let form): try difference(context, form.cumulative)
    case .exponential(let form): try difference(context, form.cumulative)
    case .geometric(let form): try difference(context, form.cumulative)
    case .taper(let form): try difference(context, form.cumulative)
    case .thresholds(let form): try form.amount(issued: context.issued, epochs: context.epochs)
    case .effectiveTime(let form): try form.amount(context, state: &state)
    case .filecoin(let form): try form.amount(context, state: &state)
    case .stakingBand(let form): try form.amount(context, state: &state)
    case .usdTarget(let form): try form.amount(context)
    }
  }

  private func difference(
    _ context: EmissionContext,
    _ cumulative: (_ epoch: UInt64, _ calendar: EpochCalendar) throws(ArithmeticError) -> UInt128
  ) throws(ArithmeticError) -> Amount {
    let end = context.epoch.addingSaturated(context.epochs)
    let until = try cumulative(end, context.calendar)
    let before = try cumulative(context.epoch, context.calendar)
    return Amount(baseUnits: until.subtractingSaturated(before))
  }
}

/// How a network's epochs lie in civil time.
package struct EpochCalendar: Hashable, Sendable {
  /// When epoch 0 begins.
  package var genesis: UnixTime
  /// How long an epoch is.
  package var epochSeconds: UInt64

  package init(genesis: UnixTime, epochSeconds: UInt64) {
    self.genesis = genesis
    self.epochSeconds = epochSeconds
  }

  /// When an epoch begins.
  package func start(of epoch: UInt64) -> UnixTime {
    genesis.advanced(seconds: epoch.multipliedSaturated(by: epochSeconds))
  }

  /// The first epoch that begins at `time` or later.
  package func epoch(from time: UnixTime) -> UInt64 {
    time.steps(of: epochSeconds, since: genesis)
  }
}

/// What a schedule may depend on.
package struct EmissionContext: Sendable {
  package var calendar: EpochCalendar
  /// The first epoch that is paid for …
  package var epoch: UInt64
  /// … and how many.
  package var epochs: UInt64
  /// What was minted before.
  package var issued: Amount
  /// What exists: minted less burned.
  package var supply: Amount
  /// What of it is staked.
  package var staked: Amount
  /// The network's power, in the preset's unit of capacity.
  package var power: UInt128
  /// A whole token's price.
  package var price: Credits
  /// What customers paid for in the epoch.
  package var usage: Credits
}

/// What a schedule remembers.
package struct EmissionState: Hashable, Sendable {
  /// Capacity × epochs that counted so far (``EffectiveTimeEmission``).
  package var realized: UInt128 = 0
  /// The yearly inflation in force, times 10^18 (``StakingBandEmission``); nil before the first.
  package var inflation: UInt128?
  /// The reward actor's state (``FilecoinEmission``); nil before the first epoch.
  package var filecoin: FilecoinReward?

  package init() {}
}

extension UInt64 {
  /// `self × other`, or the largest value. For epochs and times; never for money.
  func multipliedSaturated(by other: UInt64) -> UInt64 {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
