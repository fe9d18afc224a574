import Cryptography
import Ledger
import Primitives
import ServiceKit
import Testing

/// A chain of one validator with a fake service, driven block by block.
struct TestChain {
  static let validatorKey = VerifiableRandomKey(seed: seed(200))
  static let validator = SigningKey(seed: seed(201)).accountID
  static let genesisTime: UInt64 = 1_700_000_000_000
  static let epochMilliseconds: UInt64 = 30_000

  let genesis: Genesis
  var machine: LedgerMachine
  /// Every block, for replays.
  private(set) var blocks: [BlockInput] = []
  var checksInvariants = true

  static func seed(_ number: UInt8) -> Bytes32 { Bytes32(words: (UInt64(number), 7, 7, 7)) }
  static func key(_ number: UInt8) -> SigningKey { SigningKey(seed: seed(number)) }

  static func makeGenesis(funded: Int = 6, allowsFaucet: Bool = true) -> Genesis {
    Genesis(
      chainName: "test", genesisTimeMilliseconds: genesisTime,
      accounts: (0..<funded).map {
        Genesis.Allocation(account: key(UInt8($0)).accountID, amount: .whole(10_000))
      },
      validators: [
        Genesis.Validator(
          account: validator, verifiableRandomPublicKey: validatorKey.publicKey)
      ],
      governors: [key(0).accountID],
      parameters: LedgerParameters.devnet(
        epochMilliseconds: UInt128(epochMilliseconds), services: [FakeService()]),
      allowsFaucet: allowsFaucet)
  }

  init(_ genesis: Genesis = TestChain.makeGenesis()) throws {
    self.genesis = genesis
    machine = try LedgerMachine(genesis: genesis, services: [FakeService()])
  }

  /// The next block with these transactions.
  func block(_ items: [[UInt8]], after milliseconds: UInt64 = 1_000) -> BlockInput {
    let contribution = machine.beaconContribution(
      key: Self.validatorKey, account: Self.validator)
    return BlockInput(
      height: machine.height + 1, timeMilliseconds: machine.lastTimeMilliseconds + milliseconds,
      items: [BlockItem.beacon([contribution]).canonicalBytes()] + items,
      proposer: Self.validator)
  }

  /// Executes a block and checks what must hold after every block.
  @discardableResult
  mutating func run(_ items: [[UInt8]] = [], after milliseconds: UInt64 = 1_000) throws
    -> BlockOutcome
  {
    let input = block(items, after: milliseconds)
    let outcome = machine.execute(input)
    blocks.append(input)
    #expect(outcome.refusal == nil)
    #expect(outcome.results.count == input.items.count)
    #expect(outcome.stateRoot == machine.stateRoot)
    if checksInvariants {
      try machine.checkInvariants()
      #expect(machine.treeMatchesRows)
    }
    return outcome
  }

  /// A signed transaction with the lane's next sequence.
  func signed(
    _ operation: Ledger.Operation, by key: SigningKey, lane: UInt8 = 0, ahead: UInt64 = 0
  ) -> SignedTransaction {
    let sequence = machine.nextSequence(of: key.accountID, lane: lane) + ahead
    return SignedTransaction.sign(
      Transaction(
        chain: machine.chain, sender: key.accountID, lane: lane, sequence: sequence,
        expiryHeight: machine.height + 100, operation: operation), with: key)
  }

  /// Executes one transaction in a block of its own and returns its result.
  @discardableResult
  mutating func send(
    _ operation: Ledger.Operation, by key: SigningKey, lane: UInt8 = 0
  ) throws -> TransactionResult {
    let item = BlockItem.signed(signed(operation, by: key, lane: lane)).canonicalBytes()
    return try run([item]).results[1]
  }

  /// Sends what must succeed.
  mutating func expect(_ operation: Ledger.Operation, by key: SigningKey) throws {
    let result = try send(operation, by: key)
    #expect(result.isSuccess, "\(result.codeName): \(result.detail)")
  }

  /// Sends what must be refused with a code.
  mutating func expect(
    _ code: RejectionCode, for operation: Ledger.Operation, by key: SigningKey,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let result = try send(operation, by: key)
    #expect(result.codeName == code.name, sourceLocation: sourceLocation)
    #expect(result.code == code.number, sourceLocation: sourceLocation)
  }

  /// Sends the fake service a command.
  mutating func command(_ command: FakeService.Command, by key: SigningKey) throws {
    try expect(.service(FakeService.id, payload: command.canonicalBytes()), by: key)
  }

  func balance(_ key: SigningKey) -> Amount {
    machine.record(AccountRecord.self, at: StateKeys.account(key.accountID))?.balance ?? .zero
  }

  var supply: SupplyRecord {
    machine.record(at: StateKeys.supply) ?? SupplyRecord()
  }

  func lease(_ number: UInt64) -> LeaseRecord? {
    machine.record(at: StateKeys.lease(LeaseID(number: number)))
  }

  /// Runs empty blocks until the running epoch has ended; returns its number and its lines.
  mutating func endEpoch() throws -> (epoch: UInt64, lines: [PayoutLine]) {
    let epoch = machine.clock.epoch
    while machine.clock.epoch == epoch { try run(after: 5_000) }
    let lines = try machine.rows(in: StateKeys.payouts(epoch: epoch)).map {
      try PayoutLine(canonicalBytes: $0.value)
    }
    return (epoch, lines)
  }

  // MARK: Common situations

  static let loopback = NetworkLocation(prefix: [127, 0, 0], autonomousSystem: 0)
  static let prices = PriceVector([
    .init(.storedByteMilliseconds, creditsPerUnit: Credits(baseUnits: 4_000_000_000_000)),
    .init(.egressBytes, creditsPerUnit: Credits(baseUnits: 5_000_000_000_000_000)),
  ])!

  mutating func register(_ key: SigningKey, bond: Amount = .whole(500)) throws {
    try expect(
      .registerProvider(endpoint: "127.0.0.1:9710", location: Self.loopback, bond: bond), by: key)
  }

  /// A pool lease with 100 credits in each bucket.
  mutating func openLease(by key: SigningKey, each: Credits = .whole(100)) throws -> LeaseID {
    let escrow = EscrowBalances(stream: each, staging: each, repair: each, usage: each)
    try expect(
      .placeOrder(
        OrderTerms(
          service: FakeService.id, matching: .pool, ceiling: Self.prices, escrow: escrow)),
      by: key)
    let marks = machine.rows(in: StateKeys.leases(of: key.accountID))
    return try #require(marks.last.flatMap { StateKeys.lease(fromMark: $0.key) })
  }
}
