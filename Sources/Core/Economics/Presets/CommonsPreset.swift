import Primitives

/// Our own default.
///
/// Usage comes first and is paid in dollar-pegged credits. A tenth of it burns. A declining,
/// bounded subsidy adds at most 8 % of what customers paid, in proportion to proven service, and
/// vests: so whoever buys from itself loses at least 2 % of what it spends, at any token price, and
/// capacity that nobody pays for earns nothing.
///
/// What the vault lacks when the token fell is minted: with payments cut in proportion instead,
/// 64 % of simulated networks could not pay within two years (docs/audit.md); minting it cost less
/// than the burn took away.
extension Preset {
  package static let commons: Preset = {
    var rules = PolicyRules(
      id: "commons/1", effectiveFrom: UnixTime(2026, 1, 1),
      summary: "usage first, a tenth of it burned; a subsidy below the burn, for proven service")
    rules.supplyCap = .whole(1_000_000_000)
    rules.credit = .vault(
      VaultCredit(
        quantum: 1, shortfall: .mint, haltBelowPerMillion: 500_000,
        warnBelowPerMillion: 900_000))
    rules.revenue = [RevenueShare(perMillion: 100_000, to: .burn)]
    let weight = Weight([Weight.Factor(.usage), Weight.Factor(.score)])
    rules.streams = [
      EmissionStream(
        "subsidy",
        .exponential(
          ExponentialEmission(
            pool: .whole(200_000_000), halfLifeEpochs: 1_461, from: UnixTime(2026, 1, 1))),
        split: PoolSplit(
          [
            Pool(
              "proven-service",
              .usage(role: "provider", perMillion: 80_000, atMostPerMillion: 1_000_000),
              .accounts(role: "provider", weight: weight), vests: true)
          ], residual: "unearned", residualRecipients: .burn))
    ]
    rules.vesting = Vesting(lockedPerMillion: 750_000, epochs: 90)
    rules.slashes = [
      NamedSlash(
        "missed-proof", .largest([.rewardHundredths(200), .stakePerMillion(10_000)])),
      NamedSlash("lost-data", .stakePerMillion(300_000)),
    ]
    rules.lock = Lock(
      minimum: .whole(1), shortestEpochs: 30, longestEpochs: 1_461, shortestPerMillion: 0,
      longestPerMillion: 4_000_000)
    return Preset(
      name: "commons", title: "Commons, the default of a Trellis network", symbol: "TRL",
      calendar: EpochCalendar(genesis: UnixTime(2026, 1, 1), epochSeconds: 86_400),
      capacityUnit: "byte", workUnit: "byte",
      roles: ["provider", "customer", "delegator"],
      allocations: [
        Allocation("community", .whole(600_000_000)),
        Allocation("contributors", .whole(200_000_000), linearEpochs: 1_461),
      ], rules: [rules])
  }()
}
