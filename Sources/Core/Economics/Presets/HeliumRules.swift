import Primitives

/// Helium: data credits burned, HNT emitted, sub-networks and back to one token.
///
/// Sources: github.com/helium/HIP (HIP-10, 20, 51, 52, 75, 76, 138, 141, 147, 149) and the emission
/// tables deployed on Solana (helium-program-library). An epoch is a UTC day throughout; the chain
/// takes the table's row in force at a day's end, so a row of `2023-08-03T00:00:00Z` holds from the
/// day that begins on 2 August.
extension Preset {
  package static let helium = Preset(
    name: "helium", title: "Helium", symbol: "HNT",
    calendar: EpochCalendar(genesis: UnixTime(2019, 8, 1), epochSeconds: 86_400),
    capacityUnit: "coverage point", workUnit: "GB",
    roles: [
      "iot-hotspot", "mobile-hotspot", "mapper", "service-provider", "delegator", "consensus",
      "customer",
    ],
    allocations: [],
    rules: [
      HeliumRules.oneNetwork(year: 2019, poc: 290_000, data: 300_000, founders: 350_000),
      HeliumRules.oneNetwork(year: 2020, poc: 275_000, data: 325_000, founders: 340_000),
      HeliumRules.oneNetwork(year: 2021, poc: 260_000, data: 350_000, founders: 330_000),
      HeliumRules.oneNetwork(year: 2022, poc: 245_000, data: 375_000, founders: 320_000),
      HeliumRules.subNetworks("helium/2023-04", UnixTime(2023, 4, 18), founders: 320_000),
      HeliumRules.subNetworks("helium/2023-08", UnixTime(2023, 8, 1), founders: 310_000),
      HeliumRules.subNetworks("helium/2024-08", UnixTime(2024, 8, 1), founders: 300_000),
      HeliumRules.backToOneToken("helium/2025-01", UnixTime(2025, 1, 28), dataFirst: 400_000),
      HeliumRules.backToOneToken("helium/2025-09", UnixTime(2025, 9, 1), dataFirst: 600_000),
      HeliumRules.realigned(),
    ])
}

/// The building blocks of Helium's rules.
enum HeliumRules {
  /// HNT's schedule: HIP-20 until the migration to Solana, then the deployed table.
  static let schedule = StepEmission([
    step(UnixTime(2019, 8, 1), "164383.56164383"), step(UnixTime(2021, 8, 1), "82191.78082192"),
    step(UnixTime(2023, 8, 2), "40983.60655738"), step(UnixTime(2024, 8, 1), "41095.89041096"),
    step(UnixTime(2025, 8, 1), "20547.94520548"),
  ])

  /// IOT's: HIP-52, then the deployed table.
  static let iot = StepEmission([
    step(UnixTime(2023, 4, 18), "178082191.780822"),
    step(UnixTime(2023, 8, 1), "88797814.207650"), step(UnixTime(2024, 8, 1), "89041095.890411"),
    step(UnixTime(2025, 8, 1), "44520547.945206"), step(UnixTime(2027, 8, 1), "22199453.551913"),
  ])

  /// MOBILE's: HIP-75, then the deployed table.
  static let mobile = StepEmission([
    step(UnixTime(2023, 4, 18), "82191780.821918"),
    step(UnixTime(2023, 8, 1), "81967213.114754"), step(UnixTime(2024, 8, 1), "82191780.821918"),
    step(UnixTime(2025, 8, 1), "41095890.410959"), step(UnixTime(2027, 8, 1), "20491803.278689"),
  ])

  private static func step(_ from: UnixTime, _ amount: String) -> StepEmission.Step {
    StepEmission.Step(from: from, perEpoch: Amount(decimal: amount) ?? .zero)
  }

  /// 34.24 HNT for each of a day's 48 epochs.
  private static let netEmissionsCap = Amount(decimal: "1643.52") ?? .zero

  private static let coverage = Weight([Weight.Factor(.capacity), Weight.Factor(.score)])

  /// The original network: data first, up to its part; the rest of it to proof of coverage.
  static func oneNetwork(
    year: Int64, poc: UInt64, data: UInt64, founders: UInt64
  ) -> PolicyRules {
    var rules = PolicyRules(
      id: "helium/\(year)", effectiveFrom: UnixTime(year, 8, 1),
      summary: "one network; shares of HIP-20's table for the year; data paid at the value of "
        + "the credits burned (HIP-10)")
    rules.uncertain = [
      "slow blocks minted less than the schedule in 2019 and 2020 (223 M in all, not 240 M)"
    ]
    rules.supplyCap = .whole(240_000_000)
    rules.credit = .sinkOnly(SinkCredit(confidenceMultiple: 0))
    if year >= 2021 {
      rules.reEmission = ReEmission(smoothingEpochs: 1, cap: netEmissionsCap)
    }
    rules.streams = [
      EmissionStream(
        "hnt", .steps(schedule),
        split: PoolSplit(
          [
            Pool("founders", .perMillion(founders), .bucket),
            Pool(
              "consensus", .perMillion(60_000),
              .accounts(role: "consensus", weight: Weight(.equal))),
            Pool("hotspots", .perMillion(poc + data), .split(dataFirst(data, of: poc + data))),
          ], residual: "unassigned"))
    ]
    return rules
  }

  /// Data at the value of its burn, at most its part; coverage gets the rest.
  private static func dataFirst(_ data: UInt64, of both: UInt64) -> PoolSplit {
    PoolSplit(
      [
        Pool(
          "data",
          .usage(
            role: "iot-hotspot", perMillion: 1_000_000,
            atMostPerMillion: data * 1_000_000 / both),
          .accounts(role: "iot-hotspot", weight: Weight(.usage)))
      ], residual: "coverage",
      residualRecipients: .accounts(role: "iot-hotspot", weight: coverage))
  }

  /// HIP-51: HNT fills the treasuries of IOT and MOBILE, which are what participants earn.
  static func subNetworks(_ id: String, _ from: UnixTime, founders: UInt64) -> PolicyRules {
    var rules = PolicyRules(
      id: id, effectiveFrom: from,
      summary: "sub-networks with tokens and treasuries; HNT by utility score V·D·A (HIP-51, 52, "
        + "75, 76)")
    rules.uncertain = [
      "the sub-tokens' shares move by 1.5 points a year; here they are those of the first year"
    ]
    solana(&rules)
    rules.mintBreaker = Breaker(windowEpochs: 1, perMillion: 5_000_000)
    rules.vote = VoteRule(
      candidates: ["iot", "mobile"],
      weight: Weight([
        Weight.Factor(.votes, minimumPerMillion: 1_000_000),
        Weight.Factor(.usage, root: 2, minimumPerMillion: 1_000_000),
        Weight.Factor(.fees, root: 4, minimumPerMillion: 1_000_000),
      ]), smoothingEpochs: 1)
    let treasuries = PoolSplit(
      [
        Pool("iot-treasury", .votes(candidate: "iot"), .bucket),
        Pool("mobile-treasury", .votes(candidate: "mobile"), .bucket),
      ], residual: "unassigned")
    rules.streams = [
      EmissionStream(
        "hnt", .steps(schedule),
        split: PoolSplit(
          [
            Pool("founders", .perMillion(founders), .bucket),
            Pool("sub-networks", .perMillion(1_000_000 - founders), .split(treasuries)),
          ], residual: "unassigned"))
    ]
    rules.redemption = Redemption(curvature: 0)
    rules.redemptionBreaker = Breaker(windowEpochs: 1, perMillion: 200_000)
    rules.subTokens = [
      SubToken(
        "IOT", premine: .whole(5_000_000_000), emission: iot, split: iotSplit(poc: 300_000),
        treasury: "iot-treasury"),
      SubToken(
        "MOBILE", premine: .whole(50_000_000_000), emission: mobile,
        split: mobileSplit(data: 400_000), treasury: "mobile-treasury"),
    ]
    return rules
  }

  /// What every version since the migration has in common.
  private static func solana(_ rules: inout PolicyRules) {
    rules.supplyCap = .whole(240_000_000)
    rules.credit = .sinkOnly(SinkCredit(confidenceMultiple: 2))
    rules.reEmission = ReEmission(smoothingEpochs: 7, cap: netEmissionsCap)
    rules.lock = Lock(
      minimum: .whole(1), shortestEpochs: 1, longestEpochs: 1_461, shortestPerMillion: 0,
      longestPerMillion: 100_000_000, bonusPerMillion: 3_000_000,
      bonusUntil: UnixTime(2023, 4, 28))
  }

  private static func iotSplit(poc: UInt64) -> PoolSplit {
    PoolSplit(
      [
        Pool(
          "iot-delegators", .perMillion(60_000),
          .accounts(role: "delegator", weight: Weight(.votes))),
        Pool("iot-operations", .perMillion(70_000), .bucket),
        Pool("iot-oracles", .perMillion(70_000), .bucket),
        Pool(
          "iot-data",
          .usage(
            role: "iot-hotspot", perMillion: 1_000_000, atMostPerMillion: 800_000 - poc),
          .accounts(role: "iot-hotspot", weight: Weight(.usage))),
      ], residual: "iot-coverage",
      residualRecipients: .accounts(role: "iot-hotspot", weight: coverage))
  }

  private static func mobileSplit(data: UInt64) -> PoolSplit {
    PoolSplit(
      [
        Pool(
          "mobile-delegators", .perMillion(60_000),
          .accounts(role: "delegator", weight: Weight(.votes))),
        Pool(
          "mappers", .perMillion(100_000), .accounts(role: "mapper", weight: Weight(.work))),
        Pool(
          "service-provider", .perMillion(200_000),
          .accounts(role: "service-provider", weight: Weight(.work))),
        Pool("mobile-oracles", .perMillion(40_000), .bucket),
        Pool(
          "mobile-data",
          .usage(role: "mobile-hotspot", perMillion: 1_000_000, atMostPerMillion: data),
          .accounts(role: "mobile-hotspot", weight: Weight(.usage))),
      ], residual: "mobile-coverage",
      residualRecipients: .accounts(role: "mobile-hotspot", weight: coverage))
  }

  /// HIP-138 and HIP-141: HNT straight to participants, by votes alone.
  static func backToOneToken(_ id: String, _ from: UnixTime, dataFirst: UInt64) -> PolicyRules {
    var rules = PolicyRules(
      id: id, effectiveFrom: from,
      summary: "HNT to participants by smoothed veHNT shares; no share for investors (HIP-138, "
        + "141\(dataFirst > 400_000 ? ", 147" : ""))")
    rules.uncertain = [
      "2.9 M HNT for the MOBILE treasury at 12,236.287 a day would need 237 days; from 28 January "
        + "to 1 August 2025 it gives 2.26 M",
      "IoT's shares are those of its second year",
    ]
    solana(&rules)
    votesAlone(&rules)
    rules.streams = [
      EmissionStream(
        "hnt", .steps(schedule),
        split: byVotes(iot: iotSplit(poc: 285_000), mobile: mobileSplit(data: dataFirst))),
      EmissionStream(
        "mobile-treasury",
        .steps(
          StepEmission([
            step(UnixTime(2025, 1, 28), "12236.287"), step(UnixTime(2025, 8, 1), "0"),
          ])), split: PoolSplit([], residual: "mobile-treasury")),
    ]
    rules.redemption = Redemption(curvature: 0)
    rules.redemptionBreaker = Breaker(windowEpochs: 1, perMillion: 200_000)
    rules.subTokens = [
      ended("IOT", "iot-treasury", .whole(5_000_000_000)),
      ended("MOBILE", "mobile-treasury", .whole(50_000_000_000)),
    ]
    return rules
  }

  private static func votesAlone(_ rules: inout PolicyRules) {
    rules.vote = VoteRule(
      candidates: ["iot", "mobile"], weight: Weight(.votes), smoothingEpochs: 30)
  }

  private static func byVotes(iot: PoolSplit, mobile: PoolSplit) -> PoolSplit {
    PoolSplit(
      [
        Pool("iot", .votes(candidate: "iot"), .split(iot)),
        Pool("mobile", .votes(candidate: "mobile"), .split(mobile)),
      ], residual: "unassigned")
  }

  /// A sub-token that is not emitted any more but may be redeemed.
  private static func ended(_ name: String, _ treasury: String, _ premine: Amount) -> SubToken {
    SubToken(
      name, premine: premine, emission: StepEmission([]),
      split: PoolSplit([], residual: "unassigned"), treasury: treasury)
  }

  /// HIP-149: coverage retired, a floor and a cap on what data earns, a supplement.
  static func realigned() -> PolicyRules {
    var rules = PolicyRules(
      id: "helium/2026-08", effectiveFrom: UnixTime(2026, 8, 5),
      summary: "proof of coverage retired; data earns 0.5 to 3 times the payer's price; a "
        + "supplement of 141 M HNT over 36 months (HIP-149)")
    rules.uncertain = [
      "the payer's price is Nova's to set; here it is $0.10 a GB",
      "coverage ended in July 2026, here with the supplement's start",
    ]
    solana(&rules)
    votesAlone(&rules)
    rules.supplyCap = .whole(381_120_000)
    rules.knownCirculating = .whole(182_500_000)
    let price = Credits(decimal: "0.1") ?? .zero
    rules.reEmission?.topUp = ReEmission.TopUp(
      creditsPerUnit: price, targetPerMillion: 500_000, role: "mobile-hotspot",
      candidate: "mobile", poolPerMillion: 700_000)
    rules.streams = [
      EmissionStream(
        "hnt", .steps(schedule), split: byVotes(iot: iotLate, mobile: mobileLate(price: price))),
      EmissionStream(
        "supplement",
        .taper(
          TaperEmission(
            perEpoch: .whole(196_000), flatEpochs: 360, taperEpochs: 720,
            from: UnixTime(2026, 8, 5, 12))),
        split: PoolSplit([], residual: "supplement-vault")),
    ]
    rules.redemption = Redemption(curvature: 0)
    rules.redemptionBreaker = Breaker(windowEpochs: 1, perMillion: 200_000)
    rules.subTokens = [
      ended("IOT", "iot-treasury", .whole(5_000_000_000)),
      ended("MOBILE", "mobile-treasury", .whole(50_000_000_000)),
    ]
    return rules
  }

  private static let iotLate = PoolSplit(
    [
      Pool(
        "iot-delegators", .perMillion(60_000),
        .accounts(role: "delegator", weight: Weight(.votes))),
      Pool("iot-oracles", .perMillion(70_000), .burn),
      Pool(
        "iot-data",
        .usage(role: "iot-hotspot", perMillion: 1_000_000, atMostPerMillion: 500_000),
        .accounts(role: "iot-hotspot", weight: Weight(.usage))),
    ], residual: "iot-operations")

  /// Data gets 70 %, at most three times the payer's price; what is above goes to delegators.
  private static func mobileLate(price: Credits) -> PoolSplit {
    let most = Credits(baseUnits: price.baseUnits * 3)
    return PoolSplit(
      [
        Pool(
          "mobile-data",
          .cappedWork(perMillion: 700_000, role: "mobile-hotspot", creditsPerUnit: most),
          .accounts(role: "mobile-hotspot", weight: Weight(.work))),
        Pool(
          "service-provider", .perMillion(240_000),
          .accounts(role: "service-provider", weight: Weight(.equal))),
      ], residual: "mobile-delegators",
      residualRecipients: .accounts(role: "delegator", weight: Weight(.votes)))
  }
}
