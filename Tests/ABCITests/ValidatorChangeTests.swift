import ABCI
import Cryptography
import Foundation
import Ledger
import Primitives
import ServiceKit
import Testing

/// Stake that becomes voting power in the engine, and the other way round.
@Suite(.serialized) struct ValidatorChangeTests {
  private let genesis = TestGenesis(validators: 4, candidates: 1)

  private func key(_ index: Int) -> Bytes32 { genesis.validators[index].accountID.value }

  private func record(_ index: Int, on host: LedgerHost) async throws -> ValidatorRecord {
    let account = genesis.validators[index].accountID
    return try #require(
      await host.ledger.node.machine.record(at: StateKeys.validator(account)))
  }

  private func run(_ engine: ScriptedEngine, _ transactions: [[UInt8]] = []) async throws {
    var script = ScriptedEngine.Script()
    script.transactions = transactions
    try await engine.runHeight(script)
    let answers = await engine.nodes[0].answers
    let codes = answers[answers.count - 1].txResults.map(\.code)
    #expect(codes.allSatisfy { $0 == 0 } && codes.count == transactions.count + 1)
  }

  /// A fifth node stakes, votes two heights later, grows, and leaves again.
  @Test func bondedPowerVotesTwoHeightsLater() async throws {
    let engine = ScriptedEngineTests.engine(
      genesis, hosts: try await ScriptedEngineTests.hosts(genesis))
    try await engine.start()
    let joining = genesis.validators[4]
    #expect(await engine.set(of: 1).count == 4)
    try await run(
      engine,
      [
        genesis.signed(
          .createValidator(genesis.candidacy(of: 4, stake: .whole(500))), by: joining, sequence: 0)
      ])
    #expect(await engine.set(of: 2)[key(4)] == nil)
    #expect(await engine.set(of: 3)[key(4)] == 500)
    try await run(engine)
    let delegation = Operation.delegate(validator: joining.accountID, amount: .whole(250))
    try await run(engine, [genesis.signed(delegation, by: genesis.customers[0], sequence: 0)])
    #expect(await engine.set(of: 4)[key(4)] == 500)
    #expect(await engine.set(of: 5)[key(4)] == 750)
    // It extends its vote for height 3, not before, and the next commit has its vote.
    #expect(await engine.nodes[4].calls.contains("extendVote(height: 3)"))
    #expect(await !engine.nodes[4].calls.contains("extendVote(height: 2)"))
    try await run(engine)
    let fourth = await engine.nodes[0].blocks[3]
    #expect(fourth.lastCommit.votes.map(\.validator.power) == [1000, 1000, 1000, 1000, 500])
    // All of its own stake leaves: jailed, and out of the set two heights later.
    let leaving = Operation.undelegate(validator: joining.accountID, amount: .whole(500))
    try await run(engine, [genesis.signed(leaving, by: joining, sequence: 1)])
    #expect(await engine.set(of: 6)[key(4)] == 750)
    #expect(await engine.set(of: 7)[key(4)] == nil)
    for _ in 0..<3 { try await run(engine) }
    #expect(await engine.set(of: 8).count == 4)
  }

  /// When everybody's stake leaves, the engine keeps the last set: an empty one halts it for good.
  @Test func theSetIsNeverEmpty() async throws {
    let genesis = TestGenesis(validators: 2)
    let engine = ScriptedEngineTests.engine(
      genesis, hosts: try await ScriptedEngineTests.hosts(genesis))
    try await engine.start()
    for key in genesis.validators {
      try await run(
        engine,
        [
          genesis.signed(
            .undelegate(validator: key.accountID, amount: .whole(1000)), by: key, sequence: 0)
        ])
    }
    for _ in 0..<3 { try await run(engine) }
    #expect(await !engine.set(of: engine.height).isEmpty)
    #expect(
      await engine.set(of: engine.height + 2) == [genesis.validators[1].accountID.value: 1000])
  }

  /// Evidence of two votes for one height: the stake pays, and the validator never votes again.
  @Test func evidenceIsSlashed() async throws {
    let genesis = TestGenesis(validators: 4)
    let hosts = try await ScriptedEngineTests.hosts(genesis)
    let engine = ScriptedEngineTests.engine(genesis, hosts: hosts)
    try await engine.start()
    let culprit = genesis.validators[3].accountID
    var script = ScriptedEngine.Script()
    script.misbehavior = [
      ABCIMisbehavior.with {
        $0.type = .duplicateVote
        $0.validator.address = Data(ConsensusAddress(publicKey: culprit.value).bytes)
        $0.validator.power = 1000
        $0.height = 2
        $0.time.seconds = 1_700_000_001
        $0.totalVotingPower = 4000
      }
    ]
    for _ in 0..<2 { try await engine.runHeight() }
    let before = try await record(3, on: hosts[0])
    #expect(before.stake.tokens == .whole(1000) && !before.isTombstoned)
    try await engine.runHeight(script)
    for host in hosts {
      let after = try await record(3, on: host)
      #expect(after.stake.tokens == .whole(950), "5 % of 1000 tokens")
      #expect(after.slashed == .whole(50) && after.isTombstoned)
    }
    #expect(await engine.set(of: 4)[culprit.value] == 1000)
    #expect(await engine.set(of: 5)[culprit.value] == nil)
    let events = await engine.nodes[0].answers[2].events
    let slashed = try #require(events.first { $0.type == "validator.slashed" })
    #expect(slashed.attributes.contains { $0.key == "validator" && $0.value == culprit.hex })
    // The same evidence again costs nothing more.
    try await engine.runHeight(script)
    try await engine.runHeight()
    #expect(try await record(3, on: hosts[1]).slashed == .whole(50))
  }
}
