import Primitives

/// Bittensor: 1 TAO a block, halving as issuance passes 10.5 M, 15.75 M, … of 21 M.
extension Preset {
  package static let bittensor: Preset = {
    var rules = PolicyRules(
      id: "bittensor/2021", effectiveFrom: UnixTime(2021, 1, 3),
      summary: "1 TAO a 12 s block, halving by issuance; owner 18 %, rest half miners, half "
        + "validators (subtensor, pallets/subtensor: block_emission, coinbase)")
    rules.uncertain = [
      "an epoch is a day of 7,200 blocks; the chain halves at the block, here at the next day",
      "subnets' own tokens (alpha_in = tao/price, capped) are not modelled, only TAO",
    ]
    rules.supplyCap = .whole(21_000_000)
    rules.streams = [
      EmissionStream(
        "blocks",
        .thresholds(ThresholdEmission(first: .whole(7_200), cap: .whole(21_000_000))),
        split: PoolSplit(
          [
            Pool("owners", .perMillion(180_000), .accounts(role: "owner", weight: Weight(.equal))),
            Pool("miners", .perMillion(410_000), .accounts(role: "miner", weight: Weight(.score))),
            Pool(
              "validators", .perMillion(410_000),
              .accounts(role: "validator", weight: Weight(.stake))
            ),
          ], residual: "undistributed"))
    ]
    return Preset(
      name: "bittensor", title: "Bittensor", symbol: "TAO",
      calendar: EpochCalendar(genesis: UnixTime(2021, 1, 3), epochSeconds: 86_400),
      capacityUnit: "score", workUnit: "request", roles: ["miner", "validator", "owner"],
      allocations: [], rules: [rules])
  }()
}
