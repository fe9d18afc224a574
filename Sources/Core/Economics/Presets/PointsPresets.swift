import Primitives

/// Networks that divide a fixed pool by points.
extension Preset {
  /// Grass: a tenth of 1 B by the points of past epochs; 500 points to count.
  /// Source: Grass' documentation.
  package static let grass: Preset = {
    let genesis = UnixTime(2024, 10, 28)
    let month: UInt64 = 2_592_000
    var rules = PolicyRules(
      id: "grass/2024", effectiveFrom: genesis,
      summary: "10 % of 1 B by points: 9 to nodes, 0.5 and 0.5 to two smaller groups")
    rules.uncertain = [
      "no amount is published for later distributions: after the first nothing is paid",
      "the two smaller groups are buckets here",
    ]
    rules.supplyCap = .whole(1_000_000_000)
    rules.credit = .direct
    var points = Weight(.capacity)
    points.countsFrom = 500
    rules.streams = [
      EmissionStream(
        "airdrop",
        .steps(
          StepEmission([
            .init(from: genesis, perEpoch: .whole(100_000_000)),
            .init(from: genesis.advanced(seconds: month), perEpoch: .zero),
          ])), from: ["airdrop-pool"],
        split: PoolSplit(
          [
            Pool("nodes", .perMillion(900_000), .accounts(role: "node", weight: points)),
            Pool("group-a", .perMillion(50_000), .bucket),
          ], residual: "group-b"))
    ]
    return Preset(
      name: "grass", title: "Grass", symbol: "GRASS",
      calendar: EpochCalendar(genesis: genesis, epochSeconds: month), capacityUnit: "point",
      workUnit: "GB", roles: ["node", "customer"],
      allocations: [
        Allocation("airdrop-pool", .whole(100_000_000), isReserve: true),
        Allocation("other", .whole(900_000_000), isReserve: true),
      ], rules: [rules])
  }()

  /// Aethir: 9.66 B for edge devices over years, 6.3 B for checkers over 1,460 days.
  /// Source: Aethir's documentation.
  package static let aethir: Preset = {
    let genesis = UnixTime(2024, 6, 12)
    var rules = PolicyRules(
      id: "aethir/2024", effectiveFrom: genesis,
      summary: "edge pool in yearly parts of 40, 24.12, 14.54, 8.77, 5.29 % …; checkers evenly; "
        + "edge fees 80/20")
    rules.uncertain = ["the yearly parts after the fifth follow their ratio of 0.603"]
    rules.supplyCap = .whole(42_000_000_000)
    rules.credit = .direct
    rules.revenue = [RevenueShare(perMillion: 200_000, to: .bucket("aethir"))]
    rules.streams = [
      EmissionStream(
        "edge",
        .geometric(
          GeometricEmission(
            first: Amount(decimal: "10586301.36986301369863") ?? .zero, ratioPerMillion: 603_000,
            epochsPerPeriod: 365, periods: 9, from: genesis)), from: ["edge-pool"],
        split: points("edge")),
      EmissionStream(
        "checkers",
        .steps(
          StepEmission([
            .init(from: genesis, perEpoch: Amount(decimal: "4315068.493150684931506849") ?? .zero),
            .init(from: genesis.advanced(seconds: 1_460 * 86_400), perEpoch: .zero),
          ])), from: ["checker-pool"], split: points("checker")),
    ]
    return Preset(
      name: "aethir", title: "Aethir", symbol: "ATH",
      calendar: EpochCalendar(genesis: genesis, epochSeconds: 86_400), capacityUnit: "device",
      workUnit: "device hour", roles: ["edge", "checker", "customer"],
      allocations: [
        Allocation("edge-pool", .whole(9_660_000_000), isReserve: true),
        Allocation("checker-pool", .whole(6_300_000_000), isReserve: true),
        Allocation("other", .whole(26_040_000_000)),
      ], rules: [rules])
  }()

  private static func points(_ role: String) -> PoolSplit {
    PoolSplit(
      [
        Pool(
          role, .perMillion(1_000_000),
          .accounts(
            role: role, weight: Weight([Weight.Factor(.capacity), Weight.Factor(.score)])))
      ], residual: "unassigned")
  }
}
