import Cryptography
import Ledger
import Primitives
import ServiceKit
import Testing

/// A chain of several validators that stake, vote, contribute and report prices, driven block by
/// block; the invariants are checked after each.
struct StakingChain {
  static let genesisTime: UInt64 = 1_700_000_000_000
  static let unbondingMilliseconds: UInt64 = 120_000

  let genesis: Genesis
  var machine: LedgerMachine
  /// The set as the engine would know it, from what it was told.
  private(set) var engineSet: [Bytes32: UInt64] = [:]
  private(set) var blocks: [BlockInput] = []

  /// Validators have keys 10, 11, …; customers 0, 1, ….
  static func validator(_ index: Int) -> SigningKey { TestChain.key(UInt8(10 + index)) }
  static func random(_ index: Int) -> VerifiableRandomKey {
    VerifiableRandomKey(seed: TestChain.seed(UInt8(60 + index)))
  }
  static func consensus(_ index: Int) -> Bytes32 {
    TestChain.key(UInt8(110 + index)).accountID.value
  }
  static func address(_ index: Int) -> ConsensusAddress {
    ConsensusAddress(publicKey: consensus(index))
  }

  static func terms(_ index: Int, stake: Amount) -> ValidatorTerms {
    ValidatorTerms(
      name: "validator \(index)", consensusPublicKey: consensus(index),
      verifiableRandomPublicKey: random(index).publicKey, commission: .standard, stake: stake)
  }

  init(
    stakes: [UInt128], customers: Int = 4, changing values: [String: UInt128] = [:]
  ) throws {
    var parameters = LedgerParameters.devnet(epochMilliseconds: 30_000, services: [FakeService()])
    parameters = parameters.map {
      Genesis.Parameter(name: $0.name, value: values[$0.name] ?? $0.value)
    }
    let keys = (0..<customers).map { TestChain.key(UInt8($0)) }
    genesis = Genesis(
      chainName: "staking", genesisTimeMilliseconds: Self.genesisTime,
      accounts: (keys + (0..<8).map(Self.validator)).map {
        Genesis.Allocation(account: $0.accountID, amount: .whole(10_000))
      },
      validators: stakes.enumerated().map {
        Genesis.Validator(
          account: Self.validator($0).accountID, terms: Self.terms($0, stake: .whole($1)))
      },
      governors: [TestChain.key(0).accountID], parameters: parameters, allowsFaucet: true)
    machine = try LedgerMachine(genesis: genesis, services: [FakeService()])
    for update in machine.validatorSet { engineSet[update.publicKey] = update.power }
  }

  /// The next block.
  /// - Parameters:
  ///   - contributors: who contributes to the beacon; nil for everyone.
  ///   - missing: who did not vote for the block before.
  ///   - prices: prices by validator.
  func block(
    _ items: [[UInt8]] = [], after milliseconds: UInt64 = 1_000, contributors: [Int]? = nil,
    missing: Set<Int> = [], evidence: [Misbehaviour] = [], prices: [Int: Credits] = [:]
  ) -> BlockInput {
    let height = machine.height + 1
    let extensions = (contributors ?? Array(0..<8)).map { index in
      VoteExtension(
        contribution: machine.beaconContribution(
          key: Self.random(index), account: Self.validator(index).accountID),
        price: prices[index].map {
          PriceReport.sign(
            $0, height: height, chain: machine.chain, with: Self.validator(index))
        })
    }
    let votes = (0..<8).compactMap { index -> CommitVote? in
      engineSet[Self.consensus(index)].map {
        CommitVote(
          validator: Self.address(index), power: $0,
          flag: missing.contains(index) ? .absent : .commit)
      }
    }
    return BlockInput(
      height: height, timeMilliseconds: machine.lastTimeMilliseconds + milliseconds,
      items: [BlockItem.extensions(machine.extensionItem(extensions)).canonicalBytes()] + items,
      proposer: Self.validator(0).accountID,
      lastCommit: height == 1 ? .empty : LastCommit(round: 0, votes: votes),
      misbehaviour: evidence)
  }

  /// Executes a block, as the engine would take its updates.
  @discardableResult
  mutating func run(_ block: BlockInput) throws -> BlockOutcome {
    let outcome = machine.execute(block)
    blocks.append(block)
    try #require(outcome.refusal == nil, "\(outcome.refusal?.description ?? "")")
    let keys = outcome.validatorUpdates.map(\.publicKey)
    #expect(zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 }, "a key occurs twice")
    for update in outcome.validatorUpdates {
      engineSet[update.publicKey] = update.power == 0 ? nil : update.power
    }
    #expect(!engineSet.isEmpty, "the engine has no validators left")
    #expect(
      machine.validatorSet
        == engineSet.map { ValidatorUpdate(publicKey: $0, power: $1) }
        .sorted { $0.publicKey < $1.publicKey })
    try machine.checkInvariants()
    return outcome
  }

  @discardableResult
  mutating func run(
    _ items: [[UInt8]] = [], after milliseconds: UInt64 = 1_000, missing: Set<Int> = [],
    evidence: [Misbehaviour] = [], prices: [Int: Credits] = [:]
  ) throws -> BlockOutcome {
    try run(
      block(
        items, after: milliseconds, missing: missing, evidence: evidence, prices: prices))
  }

  func item(_ operation: Ledger.Operation, by key: SigningKey) -> [UInt8] {
    BlockItem.signed(
      SignedTransaction.sign(
        Transaction(
          chain: machine.chain, sender: key.accountID, lane: 0,
          sequence: machine.nextSequence(of: key.accountID, lane: 0),
          expiryHeight: machine.height + 100, operation: operation), with: key)
    ).canonicalBytes()
  }

  /// Sends what must succeed.
  @discardableResult
  mutating func expect(
    _ operation: Ledger.Operation, by key: SigningKey,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> BlockOutcome {
    let outcome = try run([item(operation, by: key)])
    let result = outcome.results[1]
    #expect(
      result.isSuccess, "\(result.codeName): \(result.detail)", sourceLocation: sourceLocation)
    return outcome
  }

  /// Sends what must be refused with a code.
  mutating func expect(
    _ code: RejectionCode, for operation: Ledger.Operation, by key: SigningKey,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let result = try run([item(operation, by: key)]).results[1]
    #expect(result.codeName == code.name, "\(result.detail)", sourceLocation: sourceLocation)
  }

  /// Lets ledger time pass, at most 5 s a block.
  mutating func wait(milliseconds: UInt64, prices: [Int: Credits] = [:]) throws {
    let end = machine.time.advanced(milliseconds: milliseconds)
    while machine.time < end { try run(after: 5_000, prices: prices) }
  }

  /// Runs to the end of the running epoch and returns its number.
  mutating func endEpoch(prices: [Int: Credits] = [:]) throws -> UInt64 {
    let epoch = machine.clock.epoch
    while machine.clock.epoch == epoch { try run(after: 5_000, prices: prices) }
    return epoch
  }

  func record(_ index: Int) -> ValidatorRecord? {
    machine.record(at: StateKeys.validator(Self.validator(index).accountID))
  }

  func balance(_ key: SigningKey) -> Amount {
    machine.record(AccountRecord.self, at: StateKeys.account(key.accountID))?.balance ?? .zero
  }

  var supply: SupplyRecord { machine.record(at: StateKeys.supply) ?? SupplyRecord() }

  func lines(_ epoch: UInt64) throws -> [StakingLine] {
    try machine.rows(in: StateKeys.stakingLines(epoch: epoch)).map {
      try StakingLine(canonicalBytes: $0.value)
    }
  }

  static func doubleSign(_ index: Int, at height: UInt64) -> Misbehaviour {
    Misbehaviour(
      kind: .duplicateVote, validator: address(index), power: 1, height: height,
      timeMilliseconds: genesisTime, totalPower: 1)
  }
}
