import Catalogue
import Cryptography
import Foundation
import Ledger
import LedgerStore
import Logging
import Primitives
import ServiceKit
import StorageService
import TestSupport
import Testing

@testable import Consensus

/// Something that orders blocks over the driver boundary.
private protocol ConformingDriver: Sendable {
  /// Makes a block of these transactions, `milliseconds` after the last, and returns its results.
  mutating func makeBlock(
    _ items: [[UInt8]], after milliseconds: UInt64
  ) async throws -> StoredResults
  /// The committed state.
  var machine: LedgerMachine { get }
}

/// The embedded driver, its clock in the test's hand.
private struct SoloConformance: ConformingDriver {
  private let driver: SoloDriver
  private let clock: ManualClock

  init(_ world: ConformanceWorld) async throws {
    clock = ManualClock(wall: TestChain.genesisTime)
    var configuration = SoloDriver.Configuration(intervalMilliseconds: 1)
    configuration.gatherMilliseconds = 0
    driver = SoloDriver(
      application: try world.node(MemoryLedgerStore(), isValidator: true), key: world.validator,
      configuration: configuration, clock: clock, logger: world.logger)
    _ = try await driver.application.initChain(nil)
  }

  var machine: LedgerMachine { driver.application.machine }

  mutating func makeBlock(
    _ items: [[UInt8]], after milliseconds: UInt64
  ) async throws -> StoredResults {
    for item in items {
      guard case .waiting = await driver.submit(item) else {
        throw ConformanceFailure(what: "Solo took no transaction in")
      }
    }
    clock.advance(milliseconds)
    try await driver.makeBlock()
    return try #require(try driver.application.store.results(at: machine.height))
  }
}

private struct ConformanceFailure: Error { let what: String }

/// An engine in ABCI's order of calls, over a validator's node and one that only follows and is
/// started again from its store now and then.
private struct EngineConformance: ConformingDriver {
  private let world: ConformanceWorld
  private let voter: LedgerNode
  private var follower: LedgerNode
  private let followerStore = MemoryLedgerStore()
  private var time = TestChain.genesisTime
  /// The validator's vote for the last block, with what it added for the next.
  private var votes: [ExtendedVote] = []

  init(_ world: ConformanceWorld) async throws {
    self.world = world
    voter = try world.node(MemoryLedgerStore(), isValidator: true)
    follower = try world.node(followerStore, isValidator: false)
    for node in [voter, follower] {
      let started = try await node.initChain(nil)
      #expect(started.validators == [ValidatorUpdate(publicKey: world.key, power: 1_000)])
    }
  }

  var machine: LedgerMachine { voter.machine }

  mutating func makeBlock(
    _ items: [[UInt8]], after milliseconds: UInt64
  ) async throws -> StoredResults {
    let height = voter.committedInfo.height + 1
    time += milliseconds
    for item in items {
      for node in [voter, follower] {
        guard case .accepted = await node.checkTransaction(item, kind: .new) else {
          throw ConformanceFailure(what: "a node took no transaction in")
        }
      }
    }
    let proposed = try await voter.prepareProposal(
      ProposalRequest(
        height: height, timeMilliseconds: time, candidates: items, byteLimit: 1 << 20,
        votes: votes))
    let commit = LastCommit(round: 0, votes: votes.map(\.vote))
    let proposal = ProposedBlock(
      height: height, timeMilliseconds: time, items: proposed, proposer: world.address,
      lastCommit: commit)
    for node in [voter, follower] { #expect(await node.processProposal(proposal) == .accept) }
    try await vote(height)
    let decided = DecidedBlock(
      height: height, timeMilliseconds: time, items: proposed, proposer: world.address,
      lastCommit: commit, hash: Digest.sha256(height.canonicalBytes()), record: nil)
    let results = try await execute(decided)
    if height.isMultiple(of: 7) {
      follower = try world.node(followerStore, isValidator: false)
    }
    return results
  }

  /// The validator votes for a block before it is executed; what it adds is for the next.
  private mutating func vote(_ height: UInt64) async throws {
    let added = await voter.extendVote(height: height)
    #expect(
      await follower.verifyVoteExtension(added, height: height, validator: world.address))
    votes = [
      ExtendedVote(
        vote: CommitVote(validator: world.address, power: 1_000, flag: .commit),
        voteExtension: added)
    ]
  }

  private func execute(_ decided: DecidedBlock) async throws -> StoredResults {
    let first = try await voter.finalizeBlock(decided)
    _ = try await follower.finalizeBlock(decided)
    // As after a crash between the two calls.
    let again = try await follower.finalizeBlock(decided)
    #expect(again.results == first.results)
    #expect(again.validatorUpdates == first.validatorUpdates)
    for node in [voter, follower] {
      let outcome = try await node.commit()
      #expect(outcome.info.stateRoot == first.results.stateRoot)
      #expect(outcome.retainHeight == (decided.height > 10 ? decided.height - 9 : 0))
    }
    return first.results
  }
}

/// One genesis and one story for every driver.
private struct ConformanceWorld: Sendable {
  let validator = TestChain.key(1)
  let randomKey = VerifiableRandomKey(seed: Bytes32(words: (0, 0, 0, 99)))
  let customer = TestChain.key(100)
  let providers = (0..<4).map { TestChain.key(UInt64(200 + $0)) }
  let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  let genesis: Genesis

  var key: Bytes32 { validator.accountID.value }
  var address: ConsensusAddress { ConsensusAddress(publicKey: key) }

  init() {
    genesis = Genesis(
      chainName: "trellis-conformance", genesisTimeMilliseconds: TestChain.genesisTime,
      accounts: ([validator, customer] + providers).map {
        Genesis.Allocation(account: $0.accountID, amount: .whole(100_000))
      },
      validators: [
        Genesis.Validator(
          account: validator.accountID, verifiableRandomPublicKey: randomKey.publicKey)
      ],
      parameters: LedgerParameters.devnet(
        epochMilliseconds: 20_000, services: ServiceCatalogue.modules))
  }

  func node(_ store: any LedgerStoring, isValidator: Bool) throws -> LedgerNode {
    var configuration = LedgerNode.Configuration(checksInvariants: true, keptBlocks: 10)
    if isValidator {
      configuration.validator = (account: validator.accountID, key: randomKey)
      configuration.priceSource = FixedTokenPrice(.whole(2))
      configuration.signingKey = validator
    }
    return try LedgerNode(
      genesis: genesis, services: ServiceCatalogue.modules, store: store,
      configuration: configuration, logger: logger)
  }

  private static let prices = PriceVector([
    .init(.storedByteMilliseconds, creditsPerUnit: Credits(baseUnits: 4_000_000_000_000)),
    .init(.egressBytes, creditsPerUnit: Credits(baseUnits: 5_000_000_000_000_000)),
    .init(.stagedByteMilliseconds, creditsPerUnit: Credits(baseUnits: 4_000_000_000_000)),
    .init(.repairBytes, creditsPerUnit: Credits(baseUnits: 5_000_000_000_000_000)),
  ])!

  /// What is sent in each block, one transaction a lane.
  func story() throws -> [[(key: SigningKey, operation: Ledger.Operation)]] {
    let storage = StorageKeys.service
    let each = Credits.whole(100)
    let code = try #require(CodeClass(dataShards: 2, totalShards: 4, leafBytes: 256))
    func register(_ key: SigningKey) -> (SigningKey, Ledger.Operation) {
      (
        key,
        .registerProvider(
          endpoint: "127.0.0.1:1",
          location: NetworkLocation(prefix: [127, 0, 0], autonomousSystem: 0), bond: .whole(1_000))
      )
    }
    func offer(_ key: SigningKey) -> (SigningKey, Ledger.Operation) {
      (key, .postOffer(service: storage, prices: Self.prices, capacity: 1 << 40))
    }
    func available(_ key: SigningKey) -> (SigningKey, Ledger.Operation) {
      let payload = StoragePayload.setAvailability(
        SetAvailability(isAvailable: true, capacityBytes: 1 << 40))
      return (key, .service(storage, payload: payload.canonicalBytes()))
    }
    let order = Ledger.Operation.placeOrder(
      OrderTerms(
        service: storage, matching: .pool, ceiling: Self.prices,
        escrow: EscrowBalances(stream: each, staging: each, repair: each, usage: each)))
    let lease = LeaseID(number: 1)
    let group = StoragePayload.openGroup(OpenGroup(lease: lease, codeClass: code))
    let voucher = SignedVoucher.sign(
      Voucher(
        chain: genesis.chain, lease: lease, lane: 0, provider: providers[0].accountID,
        cumulative: .whole(7)), with: customer)
    let stake = Ledger.Operation.delegate(validator: validator.accountID, amount: .whole(500))
    let leave = Ledger.Operation.undelegate(validator: validator.accountID, amount: .whole(200))
    let quiet: [[(key: SigningKey, operation: Ledger.Operation)]] = Array(
      repeating: [], count: 12)
    return [
      providers.map(register), providers.map(offer), providers.map(available),
      [(customer, order), (providers[1], stake)],
      [(customer, .service(storage, payload: group.canonicalBytes()))], [],
      [(providers[0], .claimVoucher(voucher))],
      [(customer, .transfer(to: validator.accountID, amount: .whole(3)))],
    ] + quiet + [
      [
        (providers[1], leave),
        (customer, .undelegate(validator: validator.accountID, amount: .zero)),
      ],
      [(providers[1], .claimRewards(validator: validator.accountID))],
      [(customer, .closeLease(lease: lease, reason: "done", evidence: .zero))],
    ] + quiet
  }
}

@Suite struct DriverConformanceTests {
  /// What a driver made of the story.
  private struct Outcome {
    var roots: [Digest] = []
    var codes: [[String]] = []
    var machine: LedgerMachine
  }

  private static func play(
    _ world: ConformanceWorld, _ driver: inout some ConformingDriver
  ) async throws -> Outcome {
    var outcome = Outcome(machine: driver.machine)
    for (index, sent) in try world.story().enumerated() {
      let items = sent.map { entry in
        BlockItem.signed(
          SignedTransaction.sign(
            Transaction(
              chain: world.genesis.chain, sender: entry.key.accountID, lane: 0,
              sequence: driver.machine.nextSequence(of: entry.key.accountID, lane: 0),
              expiryHeight: 1_000, operation: entry.operation), with: entry.key)
        ).canonicalBytes()
      }
      let results = try await driver.makeBlock(items, after: index.isMultiple(of: 3) ? 700 : 2_000)
      outcome.roots.append(results.stateRoot)
      outcome.codes.append(results.results.map(\.codeName))
    }
    outcome.machine = driver.machine
    return outcome
  }

  @Test func bothDriversTellTheSameStory() async throws {
    let world = ConformanceWorld()
    var solo = try await SoloConformance(world)
    var engine = try await EngineConformance(world)
    let one = try await Self.play(world, &solo)
    let other = try await Self.play(world, &engine)
    #expect(one.codes == other.codes)
    #expect(one.roots == other.roots)
    try Self.check(one.machine, world)
    try Self.check(other.machine, world)
    #expect(
      Set(one.codes.flatMap { $0 }) == ["ok", "no-such-stake"], "\(one.codes.flatMap { $0 })")
  }

  /// The story has storage, a market, stake, epochs and reasons in it.
  private static func check(_ machine: LedgerMachine, _ world: ConformanceWorld) throws {
    #expect(machine.clock.epoch >= 2)
    let group: PlacementGroupRecord = try #require(
      machine.record(at: StorageKeys.group(PlacementGroupID(number: 1))))
    #expect(group.state == .drawn)
    var payouts: [PayoutLine] = []
    var stakes: [StakingLine] = []
    for epoch in 0..<machine.clock.epoch {
      payouts += try machine.rows(in: StateKeys.payouts(epoch: epoch)).map {
        try PayoutLine(canonicalBytes: $0.value)
      }
      stakes += try machine.rows(in: StateKeys.stakingLines(epoch: epoch)).map {
        try StakingLine(canonicalBytes: $0.value)
      }
    }
    #expect(payouts.contains { $0.source == .voucher && $0.credits == .whole(7) })
    #expect(payouts.allSatisfy { $0.cause != nil })
    #expect(stakes.contains { $0.reward > .zero })
    let price: OraclePriceRecord? = machine.record(at: StateKeys.oraclePrice)
    #expect(price?.price == .whole(2))
    #expect(machine.clock.beaconHeight == machine.height)
    #expect(machine.validatorSet == [ValidatorUpdate(publicKey: world.key, power: 1_300)])
  }

  @Test func aFileHoldsAPriceOrNone() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/price"
    #expect(await TokenPriceFile(path: path).price() == nil)
    try "  1.25\n".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(await TokenPriceFile(path: path).price() == Credits(decimal: "1.25"))
    #expect(await TokenPriceFile(path: path, maximumAgeSeconds: -1).price() == nil)
    for text in ["", "0", "-1", "1e3", "nan", "1.2.3", String(repeating: "9", count: 300)] {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      #expect(await TokenPriceFile(path: path).price() == nil, "\(text)")
    }
  }
}
