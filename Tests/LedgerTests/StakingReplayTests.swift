import Cryptography
import Ledger
import Primitives
import ServiceKit
import TestSupport
import Testing

/// Random stake, votes and evidence: no token appears or disappears in any block (the chain checks
/// the invariants), and a replay comes to the same roots and tells the engine the same.
struct StakingReplayTests {
  private static func operation(
    _ chain: StakingChain, _ generator: inout SeededGenerator
  ) -> (key: SigningKey, operation: Ledger.Operation) {
    let validator = StakingChain.validator(Int.random(in: 0..<6, using: &generator)).accountID
    let isValidator = Bool.random(using: &generator)
    let index = Int.random(in: 0..<(isValidator ? 6 : 4), using: &generator)
    let key = isValidator ? StakingChain.validator(index) : TestChain.key(UInt8(index))
    let part = UInt128.random(in: 1...3_000_000_007, using: &generator)
    let amount = Amount(baseUnits: part * 300_000_000_003)
    switch Int.random(in: 0..<15, using: &generator) {
    case 0:
      let stake = Amount(baseUnits: Amount.whole(100).baseUnits + part)
      return (
        StakingChain.validator(index), .createValidator(StakingChain.terms(index, stake: stake))
      )
    case 1:
      return (
        key, .editValidator(name: "n", commission: UInt16.random(in: 0...700, using: &generator))
      )
    case 2: return (key, .unjail)
    case 3, 4: return (key, .claimRewards(validator: validator))
    case 5, 6: return (key, .undelegate(validator: validator, amount: amount))
    case 7...10:
      let other = StakingChain.validator(Int.random(in: 0..<6, using: &generator)).accountID
      return (key, .redelegate(from: validator, to: other, amount: amount))
    default: return (key, .delegate(validator: validator, amount: amount))
    }
  }

  private static func run(
    _ chain: inout StakingChain, blocks: Int, _ generator: inout SeededGenerator
  ) throws -> (
    roots: [Digest], updates: [[ValidatorUpdate]], codes: Set<String>, events: Set<String>
  ) {
    var roots: [Digest] = []
    var updates: [[ValidatorUpdate]] = []
    var codes: Set<String> = []
    var events: Set<String> = []
    for _ in 0..<blocks {
      var senders: Set<AccountID> = []
      var items: [[UInt8]] = []
      for _ in 0..<4 {
        let (key, operation) = operation(chain, &generator)
        if senders.insert(key.accountID).inserted {
          items.append(chain.item(operation, by: key))
        }
      }
      let missing = Set((0..<6).filter { _ in Int.random(in: 0..<4, using: &generator) == 0 })
      let isEvidence = Int.random(in: 0..<25, using: &generator) == 0
      let offender = Int.random(in: 0..<6, using: &generator)
      let age = UInt64.random(in: 0...20, using: &generator)
      let evidence =
        isEvidence
        ? [StakingChain.doubleSign(offender, at: chain.machine.height.subtractingSaturated(age))]
        : []
      let outcome = try chain.run(
        chain.block(
          items, after: UInt64.random(in: 500...5_000, using: &generator),
          contributors: [0, 1, 2], missing: missing, evidence: evidence,
          prices: [0: .whole(1), 1: .whole(2), 2: .whole(3)]))
      roots.append(outcome.stateRoot)
      updates.append(outcome.validatorUpdates)
      codes.formUnion(outcome.results.map(\.codeName))
      events.formUnion(outcome.events.map(\.event.kind))
    }
    return (roots, updates, codes, events)
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func randomStakeKeepsEveryUnitAndReplays(_ seed: UInt64) throws {
    var generator = SeededGenerator.fromEnvironment(default: seed)
    var chain = try StakingChain(
      stakes: [500, 300, 200],
      changing: [
        StakingParameters.signingWindow: 10, StakingParameters.validatorLimit: 4,
        StakingParameters.doubleSignSlash: 300_001, StakingParameters.reward: 500_000,
      ])
    let (roots, updates, codes, events) = try Self.run(&chain, blocks: 60, &generator)
    #expect(codes.contains("ok"))
    // Not every run moves stake; this one does.
    if generator.seed == 2 { #expect(events.contains("stake.redelegated")) }
    var replay = try LedgerMachine(genesis: chain.genesis, services: [FakeService()])
    for (index, block) in chain.blocks.enumerated() {
      let outcome = replay.execute(try BlockInput(canonicalBytes: block.canonicalBytes()))
      #expect(outcome.stateRoot == roots[index], "seed \(generator.seed), block \(index + 1)")
      #expect(outcome.validatorUpdates == updates[index])
    }
  }
}
