import Primitives

/// Networks whose customers pay once for storage over time.
extension Preset {
  /// 0G: what customers pay fills pools that decay by 4 % a year; half of what is claimable is paid
  /// per proof. Source: 0G's storage documentation and contracts.
  package static let zeroG: Preset = {
    var rules = PolicyRules(
      id: "zero-g/2025", effectiveFrom: UnixTime(2025, 9, 21),
      summary: "storage fees fill an endowment that decays as e^(−0.04 t); half of what is "
        + "claimable is paid per proof")
    rules.uncertain = [
      "the deployed market contract pays linearly over 12 months instead",
      "pricing segments of 8 GB are not told apart: one fund",
    ]
    rules.supplyCap = .whole(1_000_000_000)
    rules.credit = .direct
    rules.endowment = EndowmentRule(
      .exponential(ratePerMillionYear: 40_000, paidPerMillion: 500_000, epochsPerYear: 365),
      intakePerMillion: 1_000_000, split: miners("miner", "unproven"))
    return Preset(
      name: "zero-g", title: "0G Storage", symbol: "0G",
      calendar: EpochCalendar(genesis: UnixTime(2025, 9, 21), epochSeconds: 86_400),
      capacityUnit: "8 GB segment", workUnit: "proof", roles: ["miner", "customer"],
      allocations: [Allocation("genesis", .whole(1_000_000_000))], rules: [rules])
  }()

  /// Arweave: inflation of 11 M AR that halves each year, and an endowment that pays miners only
  /// what their cost exceeds their other income. Source: Arweave's protocol, node source.
  package static let arweave: Preset = {
    let genesis = UnixTime(2018, 6, 8)
    var rules = PolicyRules(
      id: "arweave/2018", effectiveFrom: genesis,
      summary: "inflation 0.2·55 M·ln 2·2^(−year); fees into an endowment, a 21st part at once to "
        + "the miner; the endowment pays what is short of the expected cost")
    rules.uncertain = [
      "the expected cost of storage is the node's own estimate; here it is $1,000 a day for the "
        + "network"
    ]
    rules.supplyCap = .whole(66_000_000)
    rules.credit = .direct
    rules.streams = [
      EmissionStream(
        "inflation",
        .exponential(
          ExponentialEmission(pool: .whole(11_000_000), halfLifeEpochs: 365, from: genesis)),
        split: miners("miner", "unmined"))
    ]
    // A fee is 1.05 times the cost: 20 of 21 parts are kept for later.
    rules.endowment = EndowmentRule(
      .solvency(costPerEpoch: .whole(1_000), latchPerMillion: 2_000_000),
      intakePerMillion: 952_381, split: miners("miner", "unmined"))
    return Preset(
      name: "arweave", title: "Arweave", symbol: "AR",
      calendar: EpochCalendar(genesis: genesis, epochSeconds: 86_400), capacityUnit: "byte",
      workUnit: "byte", roles: ["miner", "customer"],
      allocations: [Allocation("genesis", .whole(55_000_000))], rules: [rules])
  }()

  private static func miners(_ role: String, _ residual: String) -> PoolSplit {
    PoolSplit(
      [
        Pool(
          "miners", .perMillion(1_000_000),
          .accounts(
            role: role,
            weight: Weight([Weight.Factor(.capacity), Weight.Factor(.score)])))
      ], residual: residual)
  }
}
