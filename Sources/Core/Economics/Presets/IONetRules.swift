import Primitives

/// io.net: 300 M IO over 20 years for suppliers, 1.02 % less a month; since June 2026 a target in
/// dollars.
///
/// Source: io.net's documentation. An epoch is an hour, a period 730 of them; observed pay shows
/// that the first cut came a month late.
extension Preset {
  package static let ioNet: Preset = {
    let genesis = UnixTime(2024, 6, 11)
    return Preset(
      name: "io-net", title: "io.net", symbol: "IO",
      calendar: EpochCalendar(genesis: genesis, epochSeconds: 3_600), capacityUnit: "device",
      workUnit: "device hour", roles: ["worker", "customer"],
      allocations: [
        Allocation("genesis", .whole(500_000_000)),
        Allocation("reward-vault", .whole(300_000_000), isReserve: true),
      ],
      rules: [
        IONetRules.geometric(genesis), IONetRules.target(UnixTime(2026, 6, 11), since: genesis),
      ])
  }()
}

enum IONetRules {
  private static let workers = PoolSplit(
    [
      Pool(
        "workers", .perMillion(1_000_000),
        .accounts(
          role: "worker",
          weight: Weight([
            Weight.Factor(.capacity), Weight.Factor(.multiplier), Weight.Factor(.score),
          ])))
    ], residual: "unassigned")

  /// 500 M × 8 % / 8,760 an hour, × 0.9898 a month.
  static func emission(from genesis: UnixTime) -> GeometricEmission {
    GeometricEmission(
      first: Amount(decimal: "4566.210045662100456621") ?? .zero, ratioPerMillion: 989_800,
      epochsPerPeriod: 730, periods: 240, lateFirstCut: 730, from: genesis)
  }

  static func geometric(_ genesis: UnixTime) -> PolicyRules {
    var rules = PolicyRules(
      id: "io-net/2024-06", effectiveFrom: genesis,
      summary: "hourly emission to staked devices, 1.02 % less a month")
    rules.uncertain = [
      "from December 2024 on the observed pay runs 2 % below the formula",
      "of the fees, those on the suppliers' side are taken: 0.25 % and 2 %",
    ]
    rules.supplyCap = .whole(800_000_000)
    rules.credit = .direct
    rules.revenue = [RevenueShare(perMillion: 22_500, to: .bucket("fee-vault"))]
    rules.streams = [
      EmissionStream(
        "block-rewards", .geometric(emission(from: genesis)), from: ["reward-vault"],
        split: workers)
    ]
    rules.stake = .perUnit(amount: .whole(200))
    rules.stakeCooldownEpochs = 336
    return rules
  }

  /// Suppliers get a target in dollars; what customers do not pay of it comes from the vaults.
  static func target(_ from: UnixTime, since genesis: UnixTime) -> PolicyRules {
    var rules = geometric(genesis)
    rules.id = "io-net/2026-06"
    rules.effectiveFrom = from
    rules.summary =
      "a target in dollars for suppliers, from the reward vault, then the fee vault; half of any "
      + "surplus is bought back and burned"
    rules.uncertain = [
      "the target is not published as a number; here it is $1.00 a device hour",
      "of a surplus at least half is burned; here exactly half",
    ]
    rules.streams = [
      EmissionStream(
        "supplier-target",
        .usdTarget(
          UsdTargetEmission(creditsPerUnit: .whole(1), cap: .whole(1_000_000))),
        from: ["reward-vault", "fee-vault"], split: workers)
    ]
    rules.surplus = SurplusBuyBack(stream: "supplier-target", perMillion: 500_000)
    return rules
  }
}
