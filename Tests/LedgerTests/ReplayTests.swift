import Cryptography
import Ledger
import Primitives
import ServiceKit
import TestSupport
import Testing

struct ReplayTests {
  /// Random operations by six accounts, valid and invalid, for some epochs.
  private static func randomRun(
    _ generator: inout SeededGenerator, blocks: Int
  ) throws -> (chain: TestChain, roots: [Digest]) {
    var chain = try TestChain()
    chain.checksInvariants = false
    var roots: [Digest] = []
    for _ in 0..<blocks {
      var items: [[UInt8]] = []
      for _ in 0..<Int.random(in: 0...4, using: &generator) {
        let key = TestChain.key(UInt8.random(in: 0..<6, using: &generator))
        let lane = UInt8(items.count)
        let operation = randomOperation(chain, &generator)
        items.append(
          BlockItem.signed(chain.signed(operation, by: key, lane: lane)).canonicalBytes())
      }
      let after = UInt64.random(in: 0...6_000, using: &generator)
      roots.append(try chain.run(items, after: after).stateRoot)
      try chain.machine.checkInvariants()
    }
    return (chain, roots)
  }

  private static func randomOperation(
    _ chain: TestChain, _ generator: inout SeededGenerator
  ) -> Ledger.Operation {
    let other = TestChain.key(UInt8.random(in: 0..<6, using: &generator))
    let lease = LeaseID(number: UInt64.random(in: 1...5, using: &generator))
    let order = OrderID(number: UInt64.random(in: 1...6, using: &generator))
    let small = UInt128.random(in: 0...3_000, using: &generator)
    let amount = Amount(baseUnits: small * Amount.baseUnitsPerWhole / 7)
    let credits = Credits(baseUnits: small * 1_000_000_000_001)
    let bucket = EscrowBucket.allCases.randomElement(using: &generator) ?? .usage
    func command(_ command: FakeService.Command) -> Ledger.Operation {
      .service(FakeService.id, payload: command.canonicalBytes())
    }
    switch Int.random(in: 0..<20, using: &generator) {
    case 0: return .transfer(to: other.accountID, amount: amount)
    case 1: return .faucet(to: other.accountID, amount: amount)
    case 2, 3:
      return .registerProvider(endpoint: "h:1", location: TestChain.loopback, bond: amount)
    case 4: return .topUpBond(amount: amount)
    case 5: return .startUnbonding
    case 6: return .withdrawBond
    case 7: return .postOffer(service: FakeService.id, prices: TestChain.prices, capacity: 1)
    case 8, 9:
      return .placeOrder(
        OrderTerms(
          service: FakeService.id,
          matching: Bool.random(using: &generator) ? .pool : .bids, ceiling: TestChain.prices,
          escrow: EscrowBalances(stream: credits, staging: credits, repair: credits, usage: credits)
        ))
    case 10: return .cancelOrder(order)
    case 11: return .placeBid(order: order, prices: TestChain.prices)
    case 12: return .acceptBid(order: order, provider: other.accountID)
    case 13: return .topUpLease(lease: lease, bucket: bucket, credits: credits)
    case 14:
      return Int.random(in: 0..<4, using: &generator) == 0
        ? .closeLease(lease: lease, reason: "enough", evidence: .zero)
        : .withdrawOffer(service: FakeService.id)
    case 15: return command(.pay(lease, other.accountID, credits, bucket))
    case 16, 17:
      return command(
        .accrue(lease, other.accountID, .storedByteMilliseconds, small * 1_000_000_007, .stream))
    case 18:
      return command(.slash(other.accountID, amount, beneficiary: other.accountID, amount, lease))
    default:
      return .claimVoucher(
        SignedVoucher.sign(
          Voucher(
            chain: chain.machine.chain, lease: lease, lane: 0, provider: other.accountID,
            cumulative: credits), with: TestChain.key(UInt8.random(in: 0..<6, using: &generator))))
    }
  }

  @Test(arguments: [31, 32, 33, 34] as [UInt64])
  func randomOperationsKeepTheInvariantsAndReplayToTheSameRoots(_ seed: UInt64) throws {
    var generator = SeededGenerator.fromEnvironment(default: seed)
    let (chain, roots) = try Self.randomRun(&generator, blocks: 120)
    #expect(chain.machine.treeMatchesRows)
    #expect(chain.machine.rows(in: StateKeys.all(.lease)).isEmpty == false)
    // A second machine, from genesis, over encoded blocks.
    var replay = try LedgerMachine(genesis: chain.genesis, services: [FakeService()])
    for (block, root) in zip(chain.blocks, roots) {
      let decoded = try BlockInput(canonicalBytes: block.canonicalBytes())
      let outcome = replay.execute(decoded)
      #expect(outcome.stateRoot == root, "seed \(generator.seed), height \(block.height)")
    }
    #expect(replay.lastBlockHash == chain.machine.lastBlockHash)
  }

  @Test func theChangesOfEachBlockKeepAStoreUpToDate() throws {
    var generator = SeededGenerator.fromEnvironment(default: 41)
    let (chain, _) = try Self.randomRun(&generator, blocks: 60)
    var machine = try LedgerMachine(genesis: chain.genesis, services: [FakeService()])
    var store: [StateKey: [UInt8]] = [:]
    machine.forEachRow { key, value in store[key] = value }
    for (index, block) in chain.blocks.enumerated() {
      let outcome = machine.execute(block)
      #expect(zip(outcome.changes, outcome.changes.dropFirst()).allSatisfy { $0.key < $1.key })
      for (key, value) in outcome.changes {
        #expect(store[key] != value, "a row that did not change is in the diff")
        store[key] = value
      }
      guard index % 20 == 19 else { continue }
      // Resume from the rows and go on as if nothing had happened.
      machine = try LedgerMachine(
        genesis: chain.genesis, services: [FakeService()],
        rows: StateRows(store.map { (key: $0.key, value: $0.value) }),
        expectedRoot: outcome.stateRoot)
      #expect(machine.height == block.height)
    }
    #expect(machine.stateRoot == chain.machine.stateRoot)
  }

  @Test func refusesDamagedAndForeignRows() throws {
    var chain = try TestChain()
    try chain.run()
    var rows: [(key: StateKey, value: [UInt8])] = []
    chain.machine.forEachRow { key, value in rows.append((key, value)) }
    let root = chain.machine.stateRoot
    var damaged = rows
    damaged[damaged.count - 1].value.append(0)
    #expect(throws: LedgerStartError.self) {
      try LedgerMachine(
        genesis: chain.genesis, services: [FakeService()], rows: StateRows(damaged),
        expectedRoot: root)
    }
    #expect(throws: LedgerStartError.self) {
      try LedgerMachine(
        genesis: TestChain.makeGenesis(funded: 5), services: [FakeService()], rows: StateRows(rows),
        expectedRoot: root)
    }
    #expect(throws: LedgerStartError.self) {
      try LedgerMachine(
        genesis: chain.genesis, services: [FakeService()], rows: StateRows(), expectedRoot: .zero)
    }
  }

  @Test func proofsFromTheMachineVerifyAgainstItsRoot() throws {
    var chain = try TestChain()
    try chain.run()
    let key = StateKeys.account(TestChain.key(0).accountID)
    let value = try #require(chain.machine.value(at: key))
    let proof = chain.machine.proof(for: key)
    #expect(proof.verify(root: chain.machine.stateRoot, key: key, value: value))
    let absent = StateKeys.account(TestChain.key(99).accountID)
    #expect(
      chain.machine.proof(for: absent)
        .verify(root: chain.machine.stateRoot, key: absent, value: nil))
    try chain.run()
    #expect(!proof.verify(root: chain.machine.stateRoot, key: key, value: value))
  }

  @Test func aCopyExecutesOnItsOwn() throws {
    var chain = try TestChain()
    let before = chain.machine
    let root = before.stateRoot
    try chain.expect(
      .transfer(to: TestChain.key(1).accountID, amount: .whole(1)), by: TestChain.key(0))
    #expect(before.stateRoot == root)
    #expect(before.height == 0)
    #expect(before.treeMatchesRows)
  }
}
