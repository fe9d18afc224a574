import Primitives

/// Akash: Cosmos inflation for stakers; leases in AKT or dollars with a take, and since AEP-76 in
/// ACT, a vault-backed credit.
///
/// Sources: Cosmos SDK x/mint; Akash governance proposals on the inflation band; AEP-76.
extension Preset {
  package static let akash = Preset(
    name: "akash", title: "Akash Network", symbol: "AKT",
    calendar: EpochCalendar(genesis: UnixTime(2020, 12, 3), epochSeconds: 86_400),
    capacityUnit: "GPU", workUnit: "lease hour", roles: ["provider", "validator", "tenant"],
    allocations: [Allocation("genesis", .whole(100_000_000))],
    rules: [
      AkashRules.band("akash/2020-12", UnixTime(2020, 12, 3), 410_000, 530_000),
      AkashRules.band("akash/2021-07", UnixTime(2021, 7, 16), 250_000, 400_000),
      AkashRules.band("akash/2022-01", UnixTime(2022, 1, 19), 150_000, 250_000),
      AkashRules.band("akash/2025-01", UnixTime(2025, 1, 1), 40_000, 80_000),
      AkashRules.vault(),
    ])
}

enum AkashRules {
  /// ACT and AKT have six decimals.
  static let credit = VaultCredit(
    quantum: 1_000_000_000_000, shortfall: .mint, haltBelowPerMillion: 900_000,
    warnBelowPerMillion: 950_000)

  static func band(
    _ id: String, _ from: UnixTime, _ low: UInt64, _ high: UInt64
  ) -> PolicyRules {
    var rules = PolicyRules(
      id: id, effectiveFrom: from,
      summary: "inflation of \(low / 10_000) to \(high / 10_000) % for stakers; a take of 4 % on "
        + "leases paid in AKT")
    rules.uncertain = [
      "bands are from governance and press; the goal of 67 % and the rate of change of 13 points "
        + "are Cosmos' defaults",
      "leases in other currencies pay 20 %; here all pay the 4 % of AKT",
    ]
    if id == "akash/2025-01" { rules.uncertain.append("the date of this band is approximate") }
    rules.supplyCap = .whole(388_539_008)
    rules.credit = .direct
    rules.revenue = [RevenueShare(perMillion: 40_000, to: .bucket("community-pool"))]
    rules.streams = [
      EmissionStream(
        "inflation",
        .stakingBand(
          StakingBandEmission(
            goalPerMillion: 670_000, rateChangePerMillion: 130_000, minimumPerMillion: low,
            maximumPerMillion: high, initialPerMillion: high, epochsPerYear: 365)),
        split: PoolSplit(
          [
            Pool(
              "stakers", .perMillion(1_000_000),
              .accounts(role: "validator", weight: Weight(.stake)))
          ], residual: "community-pool"))
    ]
    return rules
  }

  /// AEP-76: no take; tenants buy ACT, providers are settled in AKT at the day's price.
  static func vault() -> PolicyRules {
    var rules = band("akash/2026-03", UnixTime(2026, 3, 23), 40_000, 80_000)
    rules.summary =
      "leases in ACT, backed by burned AKT that settlements mint again; no take (AEP-76)"
    rules.uncertain = [rules.uncertain[0]]
    rules.credit = .vault(credit)
    rules.revenue = []
    return rules
  }
}
