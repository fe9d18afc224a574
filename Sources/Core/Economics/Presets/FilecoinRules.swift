import Primitives

/// Filecoin: baseline minting over effective network time, pledge, vesting, quality.
///
/// Sources: the Filecoin specification and builtin-actors; FIP-0081, FIP-0098, FIP-0100. Epochs are
/// days from the chain's genesis; the calendar of vesting allocations starts at mainnet lift-off,
/// 52 days later.
extension Preset {
  package static let filecoin: Preset = {
    let genesis = UnixTime(2020, 8, 24, 22)
    return Preset(
      name: "filecoin", title: "Filecoin", symbol: "FIL",
      calendar: EpochCalendar(genesis: genesis, epochSeconds: 86_400),
      capacityUnit: "byte", workUnit: "byte", roles: ["provider", "client"],
      allocations: FilecoinRules.allocations,
      rules: [
        FilecoinRules.rules("filecoin/2020", genesis),
        FilecoinRules.later(UnixTime(2025, 4, 14)),
      ])
  }()
}

/// The building blocks of Filecoin's rules.
enum FilecoinRules {
  private static let liftOff: UInt64 = 52

  /// 15 % Protocol Labs, 5 % foundation, 10 % investors, 15 % mining reserve.
  static let allocations: [Preset.Allocation] = [
    .init("protocol-labs", .whole(300_000_000), linearEpochs: 2_190, startEpoch: liftOff),
    .init("foundation", .whole(100_000_000), linearEpochs: 2_190, startEpoch: liftOff),
    .init("saft-0", .whole(10_632_000), startEpoch: liftOff),
    .init("saft-6-months", .whole(51_803_587), linearEpochs: 183, startEpoch: liftOff),
    .init("saft-1-year", .whole(31_821_712), linearEpochs: 365, startEpoch: liftOff),
    .init("saft-2-years", .whole(7_223_364), linearEpochs: 730, startEpoch: liftOff),
    .init("saft-3-years", .whole(88_536_841), linearEpochs: 1_095, startEpoch: liftOff),
    .init("saft-6-years", .whole(9_805_053), linearEpochs: 2_190, startEpoch: liftOff),
    .init("saft-unassigned", .whole(177_443), isReserve: true),
    .init(
      "mining-reserve", .whole(300_000_000).less("17066618.961773411890063046"),
      isReserve: true),
    .init(
      "reserve-disbursed", .whole(0).plus("17066618.961773411890063046"),
      startEpoch: liftOff),
  ]

  /// The minting rule that every version has.
  static let minting = EffectiveTimeEmission(
    simpleTotal: .whole(330_000_000), baselineTotal: .whole(770_000_000), halfLifeEpochs: 2_190,
    initialBaseline: FilecoinReward.initialBaseline, doublingEpochs: 365,
    from: UnixTime(2020, 8, 24, 22), leadPerMillion: 500_000)  // a day counts by its middle

  static func rules(_ id: String, _ from: UnixTime) -> PolicyRules {
    var rules = PolicyRules(
      id: id, effectiveFrom: from,
      summary: "simple and baseline minting, 75 % vesting over 180 days, pledge, base fee")
    rules.uncertain = [
      "minting is stepped by the day in its continuous form (form `filecoin` is the chain's)",
      "the base fee moves once a day here, not every 30 s",
    ]
    rules.supplyCap = .whole(2_000_000_000)
    rules.streams = [
      EmissionStream(
        "block-rewards", .effectiveTime(minting),
        split: PoolSplit(
          [
            Pool(
              "block-rewards", .perMillion(1_000_000),
              .accounts(
                role: "provider",
                weight: Weight([Weight.Factor(.capacity), Weight.Factor(.multiplier)])),
              vests: true)
          ], residual: "unmined"))
    ]
    rules.vesting = Vesting(lockedPerMillion: 750_000, epochs: 180)
    rules.stake = .pledge(pledge(gamma: 1_000_000))
    rules.slashes = [
      NamedSlash("fault-day", .rewardHundredths(351)),
      NamedSlash("invalid-proof", .sum([.rewardHundredths(551), .fixed(.whole(20))])),
      NamedSlash("termination", .rewardHundredths(9_000)),
    ]
    // Five blocks of 5·10^9 gas each 30 s.
    rules.baseFee = BaseFee(
      minimum: Amount(baseUnits: 100), target: 72_000_000_000_000, maximumChangeDivisor: 8)
    return rules
  }

  /// From network version 25 on.
  static func later(_ from: UnixTime) -> PolicyRules {
    var rules = rules("filecoin/2025-04", from)
    rules.summary += "; gamma 0.7 (FIP-0081), termination fee (FIP-0098), daily fee (FIP-0100)"
    rules.uncertain.append("gamma falls from 1 to 0.7 over a year; here at once")
    rules.stake = .pledge(pledge(gamma: 700_000))
    rules.slashes[2] = NamedSlash(
      "termination",
      .largest([
        .smallest([.stakePerMillion(85_000), .stakeByAge(perMillion: 85_000, fullAfter: 140)]),
        .stakePerMillion(20_000), .rewardHundredths(369),
      ]))
    rules.capacityFee = CapacityFee(
      numerator: 161_817, denominator: 1_000_000_000_000_000_000_000_000_000_000,
      rewardCapPerMillion: 500_000)
    return rules
  }

  private static func pledge(gamma: UInt64) -> StakeRule.Pledge {
    StakeRule.Pledge(
      rewardEpochs: 20, supplyPerMillion: 300_000, gammaPerMillion: gamma, cap: .whole(1),
      capUnits: 34_359_738_368)  // 32 GiB
  }
}

extension Amount {
  fileprivate func less(_ decimal: String) -> Amount {
    subtractingSaturated(Amount(decimal: decimal) ?? .zero)
  }

  fileprivate func plus(_ decimal: String) -> Amount {
    Amount(baseUnits: baseUnits + (Amount(decimal: decimal) ?? .zero).baseUnits)
  }
}
