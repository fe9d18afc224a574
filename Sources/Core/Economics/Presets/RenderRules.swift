import Primitives

/// Render: jobs burn RENDER at a dollar price, a falling emission pays nodes and the foundation.
///
/// Sources: RNP-001, RNP-006, RNP-018; the schedule as 1kx-network/depin_tokenomics has it. An
/// epoch is a month of 30.4375 days from the start of burn and mint on 2023-12-20.
extension Preset {
  package static let render: Preset = {
    let calendar = EpochCalendar(genesis: UnixTime(2023, 12, 20), epochSeconds: 2_629_800)
    return Preset(
      name: "render", title: "Render Network", symbol: "RENDER", calendar: calendar,
      capacityUnit: "node", workUnit: "OctaneBench hour", roles: ["node", "customer"],
      allocations: [Allocation("genesis", .whole(536_870_912))],
      rules: [
        RenderRules.rules("render/2023-12", 0, calendar, RenderRules.firstYear),
        RenderRules.rules("render/2024-12", 12, calendar, RenderRules.laterYears),
      ])
  }()
}

enum RenderRules {
  /// The monthly emission of years 1 to 5, then 5.5 % less each year, to nearest.
  static let monthly: [(months: UInt64, amount: UInt128)] = [
    (12, 760_567), (24, 492_132), (12, 380_284), (12, 335_544), (12, 317_089), (12, 299_649),
    (12, 283_168), (12, 267_594), (12, 252_876),
  ]

  static func schedule(_ calendar: EpochCalendar) -> StepEmission {
    var steps: [StepEmission.Step] = []
    var epoch: UInt64 = 0
    for (months, amount) in monthly {
      steps.append(.init(from: calendar.start(of: epoch), perEpoch: .whole(amount)))
      epoch += months
    }
    steps.append(.init(from: calendar.start(of: epoch), perEpoch: .zero))
    return StepEmission(steps)
  }

  /// RNP-006: half to the foundation, a fixed sum to nodes, the rest to liquidity and artists.
  static let firstYear = PoolSplit(
    [
      Pool("foundation", .perMillion(500_000), .bucket),
      Pool(
        "nodes", .fixed(.whole(190_142)), .accounts(role: "node", weight: RenderRules.work)),
    ], residual: "liquidity-and-artists")

  /// RNP-018: a quarter to nodes, a quarter to grants, half to operations.
  static let laterYears = PoolSplit(
    [
      Pool("nodes", .perMillion(250_000), .accounts(role: "node", weight: RenderRules.work)),
      Pool("grants", .perMillion(250_000), .bucket),
    ], residual: "operations")

  private static let work = Weight([Weight.Factor(.work), Weight.Factor(.score)])

  static func rules(
    _ id: String, _ epoch: UInt64, _ calendar: EpochCalendar, _ split: PoolSplit
  ) -> PolicyRules {
    var rules = PolicyRules(
      id: id, effectiveFrom: calendar.start(of: epoch),
      summary: "burn and mint: jobs burn after a 5 % fee; a falling monthly emission")
    rules.uncertain = [
      "from the sixth year on the damping of 0.945 a year is read as a factor on the year before"
    ]
    if epoch > 0 { rules.uncertain.append("the split of year 2 is assumed for the years after it") }
    rules.supplyCap = .whole(644_245_094)
    rules.credit = .sinkOnly(SinkCredit(confidenceMultiple: 0))
    rules.revenue = [RevenueShare(perMillion: 50_000, to: .bucket("fees"))]
    rules.streams = [EmissionStream("emission", .steps(schedule(calendar)), split: split)]
    return rules
  }
}
