import Cryptography
import Ledger
import Primitives
import ServiceKit
import Testing

struct OracleTests {
  private func price(_ chain: StakingChain) -> OraclePriceRecord? {
    chain.machine.record(at: StateKeys.oraclePrice)
  }

  @Test func aPriceIsTheMedianByPowerOfMoreThanTwoThirds() throws {
    var chain = try StakingChain(stakes: [500, 300, 200])
    try chain.run(prices: [0: .whole(9), 2: .whole(2)])
    #expect(price(chain)?.price == .whole(9))
    #expect(price(chain)?.power == 700)
    // Exactly two thirds, or less, are not enough: the last price stays.
    try chain.run(prices: [0: .whole(3)])
    #expect(price(chain)?.price == .whole(9))
    try chain.run(prices: [0: .whole(3), 1: .whole(4), 2: .whole(1_000)])
    #expect(price(chain)?.price == .whole(3))
    #expect(price(chain)?.reports == 3)
    // One liar with less than half of the power moves nothing beyond an honest price.
    try chain.run(prices: [0: .whole(3), 1: .whole(5), 2: Credits(baseUnits: 1)])
    #expect(price(chain)?.price == .whole(3))
  }

  @Test func forgedOldDoubledAndForeignItemsAreRefused() throws {
    var chain = try StakingChain(stakes: [500, 300, 200])
    try chain.run()
    let height = chain.machine.height + 1
    func report(
      _ index: Int, price: Credits = .whole(2), height: UInt64, chain id: Digest? = nil
    ) -> PriceReport {
      PriceReport.sign(
        price, height: height, chain: id ?? chain.machine.chain,
        with: StakingChain.validator(index))
    }
    func refusal(_ item: ExtensionItem) -> String? {
      let block = chain.block()
      let input = BlockInput(
        height: block.height, timeMilliseconds: block.timeMilliseconds,
        items: [BlockItem.extensions(item).canonicalBytes()], proposer: block.proposer)
      var machine = chain.machine
      return machine.execute(input).refusal?.code.name
    }
    let good = report(0, height: height)
    #expect(refusal(ExtensionItem(prices: [good])) == nil)
    let bad: [PriceReport] = [
      report(0, height: height - 1), report(0, height: height + 1),
      report(0, price: .zero, height: height),
      report(0, price: .whole(1_000_000_001), height: height),
      report(0, height: height, chain: Digest.sha256([1])), report(5, height: height),
      PriceReport(
        validator: good.validator, height: height, price: .whole(3), signature: good.signature),
    ]
    for one in bad { #expect(refusal(ExtensionItem(prices: [one])) == "bad-price") }
    #expect(refusal(ExtensionItem(prices: [good, good])) == "bad-price")
    let contribution = chain.machine.beaconContribution(
      key: StakingChain.random(1), account: StakingChain.validator(1).accountID)
    #expect(refusal(ExtensionItem(contributions: [contribution])) == nil)
    #expect(
      refusal(ExtensionItem(contributions: [contribution, contribution])) == "bad-beacon")
  }

  @Test func extensionsForTheNextBlockAndTheOneAfterAgree() throws {
    var chain = try StakingChain(stakes: [500, 300])
    for _ in 0..<3 { try chain.run() }
    let target = chain.machine.height + 2
    // An engine asks with the vote for the next block, from the state before it.
    let early = VoteExtension(
      contribution: chain.machine.beaconContribution(
        key: StakingChain.random(1), account: StakingChain.validator(1).accountID,
        height: target),
      price: PriceReport.sign(
        .whole(2), height: target, chain: chain.machine.chain, with: StakingChain.validator(1)))
    let address = StakingChain.address(1)
    #expect(chain.machine.accepts(early, by: address, height: target))
    #expect(!chain.machine.accepts(early, by: StakingChain.address(0), height: target))
    #expect(!chain.machine.accepts(early, by: address, height: target - 1))
    #expect(!chain.machine.accepts(early, by: address, height: target + 1))
    try chain.run()
    #expect(chain.machine.accepts(early, by: address, height: target))
    let item = chain.machine.extensionItem([early, early])
    #expect(item.contributions.count == 1 && item.prices.count == 1)
    let late = chain.machine.beaconContribution(
      key: StakingChain.random(1), account: StakingChain.validator(1).accountID)
    #expect(late == early.contribution)
    try chain.run()
    #expect(chain.machine.extensionItem([early]).contributions.isEmpty)
  }

  @Test func theBeaconNeedsTwoThirdsOfThePowerNotOfTheHeads() throws {
    var chain = try StakingChain(stakes: [900, 100, 100])
    try chain.run(chain.block(contributors: [1, 2]))
    #expect(chain.machine.clock.beaconHeight == 0)
    try chain.run(chain.block(contributors: [0]))
    #expect(chain.machine.clock.beaconHeight == 2)
  }
}
