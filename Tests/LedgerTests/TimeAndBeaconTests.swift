import Cryptography
import Ledger
import Primitives
import ServiceKit
import Testing

struct TimeAndBeaconTests {
  private static let alice = TestChain.key(0)

  private func height(at name: [UInt8], in chain: TestChain) -> UInt64? {
    chain.machine.value(at: FakeService().row(name)).map { row in
      row.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  @Test func timeIsStateAndAGapMovesItByFiveSecondsAtMost() throws {
    var chain = try TestChain()
    try chain.run(after: 1_000)
    #expect(chain.machine.time == LedgerTime(milliseconds: 1_000))
    try chain.run(after: 600_000)
    #expect(chain.machine.time == LedgerTime(milliseconds: 6_000))
    try chain.run(after: 0)
    #expect(chain.machine.time == LedgerTime(milliseconds: 6_000))
  }

  @Test func refusesBlocksThatDoNotFollow() throws {
    var chain = try TestChain()
    try chain.run()
    let good = chain.block([])
    let root = chain.machine.stateRoot
    func refused(_ block: BlockInput) -> Bool {
      let outcome = chain.machine.execute(block)
      return outcome.refusal != nil && chain.machine.stateRoot == root
        && outcome.changes.isEmpty
    }
    for height in [0, good.height - 1, good.height + 1, .max] {
      #expect(
        refused(
          BlockInput(
            height: height, timeMilliseconds: good.timeMilliseconds, items: good.items,
            proposer: good.proposer)))
    }
    #expect(
      refused(
        BlockInput(
          height: good.height, timeMilliseconds: chain.machine.lastTimeMilliseconds - 1,
          items: good.items, proposer: good.proposer)))
    for items in [[], [[0]], [[1, 2]]] as [[[UInt8]]] {
      #expect(
        refused(
          BlockInput(
            height: good.height, timeMilliseconds: good.timeMilliseconds, items: items,
            proposer: good.proposer)))
    }
    let other = VerifiableRandomKey(seed: TestChain.seed(99))
    for contributions in [
      [chain.machine.beaconContribution(key: other, account: TestChain.validator)],
      [
        chain.machine.beaconContribution(key: TestChain.validatorKey, account: Self.alice.accountID)
      ],
      Array(
        repeating: chain.machine.beaconContribution(
          key: TestChain.validatorKey, account: TestChain.validator), count: 2),
    ] {
      #expect(
        refused(
          BlockInput(
            height: good.height, timeMilliseconds: good.timeMilliseconds,
            items: [BlockItem.beacon(contributions).canonicalBytes()], proposer: good.proposer)))
    }
    #expect(chain.machine.execute(good).refusal == nil)
    // The last block's contribution proves nothing for the next.
    let stale = BlockInput(
      height: good.height + 1, timeMilliseconds: good.timeMilliseconds, items: good.items,
      proposer: good.proposer)
    #expect(chain.machine.execute(stale).refusal?.code == .badBeacon)
  }

  @Test func aDrawUsesTheFirstBeaconAfterItsRequest() throws {
    var chain = try TestChain()
    #expect(chain.machine.nextWork == .at(LedgerTime(milliseconds: 30_000)))
    try chain.command(.draw([5]), by: Self.alice)
    let asked = chain.machine.height
    #expect(height(at: [5], in: chain) == nil)
    #expect(chain.machine.nextWork == .now)
    #expect(chain.machine.millisecondsUntilNextBlock == 0)
    // A block without a beacon draws nothing and nobody is the worse for it.
    let silent = BlockInput(
      height: asked + 1, timeMilliseconds: chain.machine.lastTimeMilliseconds,
      items: [BlockItem.beacon([]).canonicalBytes()], proposer: TestChain.validator)
    let beacon = chain.machine.clock.beacon
    #expect(chain.machine.execute(silent).refusal == nil)
    #expect(chain.machine.clock.beacon == beacon)
    #expect(height(at: [5], in: chain) == nil)
    try chain.run()
    #expect(height(at: [5], in: chain) == asked + 2)
    let row = try #require(chain.machine.value(at: FakeService().row([5])))
    #expect(Array(row.dropFirst(8)) == chain.machine.clock.beacon.bytes)
    let kept: BeaconRecord? = chain.machine.record(at: StateKeys.beacon(asked + 2))
    #expect(kept?.value == chain.machine.clock.beacon)
    #expect(chain.machine.nextWork != .now)
  }

  @Test func wakesComeByTimeAndNotBeforeTheirHeight() throws {
    var chain = try TestChain()
    try chain.command(.wake(LedgerTime(milliseconds: 5_000), notBefore: 0, [1]), by: Self.alice)
    try chain.command(.wake(LedgerTime(milliseconds: 4_000), notBefore: 20, [2]), by: Self.alice)
    #expect(chain.machine.nextWork == .at(LedgerTime(milliseconds: 4_000)))
    #expect(chain.machine.millisecondsUntilNextBlock == 2_000)
    try chain.run(after: 2_999)
    #expect(height(at: [1], in: chain) == nil)
    try chain.run(after: 1)
    #expect(height(at: [1], in: chain) == 4)
    // Due, but its height has not come: blocks are wanted until then.
    #expect(chain.machine.nextWork == .now)
    while chain.machine.height < 19 { try chain.run(after: 0) }
    #expect(height(at: [2], in: chain) == nil)
    try chain.run(after: 0)
    #expect(height(at: [2], in: chain) == 20)
  }

  @Test func aFailingWakeIsUndoneAndSaid() throws {
    var chain = try TestChain()
    try chain.command(.wake(.genesis, notBefore: 0, [255]), by: Self.alice)
    let outcome = try chain.run()
    #expect(outcome.events.map(\.event.kind) == ["service.failed"])
    #expect(chain.machine.value(at: FakeService().row([255])) == nil)
    #expect(chain.machine.rows(in: StateKeys.all(.deadline)).isEmpty)
  }

  @Test func contributorsAreFixedForAnEpochAndTwoThirdsMakeABeacon() {
    #expect(BeaconRules.isQuorum(power: 1, of: 1))
    #expect(!BeaconRules.isQuorum(power: 0, of: 1))
    #expect(!BeaconRules.isQuorum(power: 2, of: 3))
    #expect(BeaconRules.isQuorum(power: 3, of: 4))
    #expect(!BeaconRules.isQuorum(power: 0, of: 0))
    let outputs: [[UInt8]] = [[1, 2], [0, 9], [5]]
    let beacon = BeaconRules.combine(previous: .zero, outputs: outputs)
    #expect(beacon == BeaconRules.combine(previous: .zero, outputs: outputs.reversed()))
    // Only the smallest output counts: leaving out any other changes nothing.
    #expect(beacon == BeaconRules.combine(previous: .zero, outputs: Array(outputs.dropLast())))
    #expect(beacon != BeaconRules.combine(previous: .zero, outputs: [[1, 2], [5]]))
  }

  @Test func governorsChangeParametersWithinBounds() throws {
    var chain = try TestChain()
    let change = { (name: String, value: UInt128) in
      Ledger.Operation.changeParameter(name: name, value: value)
    }
    try chain.expect(.notGovernor, for: change("fake.size", 2), by: TestChain.key(1))
    try chain.expect(.unknownParameter, for: change("fake.none", 2), by: Self.alice)
    try chain.expect(.parameterOutOfBounds, for: change("fake.size", 11), by: Self.alice)
    try chain.expect(
      .parameterOutOfBounds, for: change("economics.burn-per-ten-thousand", 100), by: Self.alice)
    try chain.expect(change("fake.size", 10), by: Self.alice)
    let record: ParameterRecord? = chain.machine.record(at: StateKeys.parameter("fake.size"))
    #expect(record?.value == 10)
  }

  @Test func theFaucetIsOnlyWhereGenesisAllowsIt() throws {
    let stranger = TestChain.key(77)
    let mint = Ledger.Operation.faucet(to: stranger.accountID, amount: .whole(5))
    var open = try TestChain()
    try open.expect(
      .faucetLimit, for: .faucet(to: stranger.accountID, amount: .whole(2_000_000)), by: stranger)
    #expect(open.machine.value(at: StateKeys.account(stranger.accountID)) == nil)
    let item = BlockItem.signed(open.signed(mint, by: stranger)).canonicalBytes()
    #expect(try open.run([item, item]).results.map(\.codeName) == ["ok", "ok", "sequence-used"])
    #expect(open.balance(stranger) == .whole(5))
    #expect(open.supply.issued == .whole(61_005))
    var closed = try TestChain(TestChain.makeGenesis(allowsFaucet: false))
    try closed.expect(.unknownAccount, for: mint, by: stranger)
    try closed.expect(.faucetClosed, for: mint, by: Self.alice)
  }

  @Test func checksGenesis() throws {
    let good = TestChain.makeGenesis()
    func attempt(
      policy: String = "commons/0", parameters: [Genesis.Parameter]? = nil,
      accounts: [Genesis.Allocation]? = nil
    ) throws -> LedgerMachine {
      try LedgerMachine(
        genesis: Genesis(
          chainName: "x", genesisTimeMilliseconds: 0, accounts: accounts ?? good.accounts,
          validators: good.validators, parameters: parameters ?? [], policy: policy),
        services: [FakeService()])
    }
    _ = try attempt()
    #expect(throws: LedgerStartError.self) { try attempt(policy: "nothing/1") }
    #expect(throws: LedgerStartError.self) {
      try attempt(parameters: [Genesis.Parameter(name: "fake.size", value: 11)])
    }
    #expect(throws: LedgerStartError.self) {
      try attempt(parameters: [Genesis.Parameter(name: "fake.other", value: 1)])
    }
    #expect(throws: LedgerStartError.self) { try attempt(accounts: good.accounts + good.accounts) }
    #expect(throws: LedgerStartError.self) {
      try attempt(accounts: [
        .init(account: Self.alice.accountID, amount: Amount(baseUnits: .max)),
        .init(account: TestChain.key(1).accountID, amount: Amount(baseUnits: 1)),
      ])
    }
    #expect(try Genesis(canonicalBytes: good.canonicalBytes()) == good)
  }
}
