import Cryptography
import Ledger
import Primitives
import ServiceKit
import TestSupport
import Testing

@testable import StorageService

/// The module in the real ledger: signed transactions, escrow, bonds, epochs, invariants.
@Suite struct LedgerMachineTests {
  /// A real ledger, and the played network that knows how providers answer.
  struct Chain {
    var machine: LedgerMachine
    var played: LedgerTestNetwork
    let validator = SigningKey(seed: Digest.sha256([9]).value)
    let randomKey = VerifiableRandomKey(seed: Digest.sha256([10]).value)
    var sequences: [AccountID: UInt64] = [:]
    var pending: [[UInt8]] = []
    var failures: [TransactionResult] = []
    var events: [ServiceEvent] = []
    var now: UInt64 = 1_000

    /// - Parameters:
    ///   - changing: parameters whose values are not a devnet's.
    ///   - module: the storage service, whole or weakened.
    init(
      providers count: Int, openOneIn: UInt128 = 1,
      changing: [(name: String, value: UInt128)] = [], module: any ServiceModule = StorageModule()
    ) throws {
      played = LedgerTestNetwork(providers: count)
      let accounts = played.providers.map(\.id) + [played.customer.accountID]
      let genesis = Genesis(
        chainName: "test", genesisTimeMilliseconds: 1_000,
        accounts: accounts.map { Genesis.Allocation(account: $0, amount: .whole(1_000_000)) },
        validators: [
          Genesis.Validator(
            account: validator.accountID, verifiableRandomPublicKey: randomKey.publicKey)
        ],
        parameters: LedgerParameters.devnet(epochMilliseconds: 30_000, services: [module])
          .map { parameter in
            let values = [(StorageParameter.openOneIn.rawValue, openOneIn)] + changing
            let value = values.first { $0.0 == parameter.name }?.1 ?? parameter.value
            return Genesis.Parameter(name: parameter.name, value: value)
          })
      machine = try LedgerMachine(genesis: genesis, services: [module])
      played.context.chain = machine.chain
    }

    mutating func send(_ operation: Operation, from key: SigningKey) {
      let id = key.accountID
      let sequence = sequences[id] ?? 0
      sequences[id] = sequence + 1
      let transaction = Transaction(
        chain: machine.chain, sender: id, sequence: sequence,
        expiryHeight: machine.height + 100, operation: operation)
      pending.append(BlockItem.signed(.sign(transaction, with: key)).canonicalBytes())
    }

    mutating func send(_ payload: StoragePayload, from key: SigningKey) {
      send(.service(StorageKeys.service, payload: payload.canonicalBytes()), from: key)
    }

    /// Makes a block of what was sent, checks the invariants, and lets the living answer.
    mutating func block(after milliseconds: UInt64 = 1_000) throws {
      now += milliseconds
      let part = machine.beaconContribution(key: randomKey, account: validator.accountID)
      let outcome = machine.execute(
        BlockInput(
          height: machine.height + 1, timeMilliseconds: now,
          items: [BlockItem.beacon([part]).canonicalBytes()] + pending,
          proposer: validator.accountID))
      pending = []
      #expect(outcome.refusal == nil)
      failures += outcome.results.filter { $0.code != 0 }
      events += outcome.events.map(\.event)
      try machine.checkInvariants()
      copyState()
      played.sent = []
      for provider in played.providers where provider.isAlive { played.answer(provider) }
      for (sender, payload) in played.sent { send(payload, from: played.provider(sender).key) }
    }

    private mutating func copyState() {
      var rows: [StateKey: [UInt8]] = [:]
      machine.forEachRow { key, value in rows[key] = value }
      played.context.state = rows
      played.context.time = machine.time
      played.context.height = machine.height
    }

    func kinds(_ kind: String) -> [ServiceEvent] { events.filter { $0.kind == kind } }
  }

  /// Registers all providers, with offers, in the next block.
  static func registerAll(_ chain: inout Chain) {
    for provider in chain.played.providers {
      chain.send(
        .registerProvider(
          endpoint: "127.0.0.1:1",
          location: NetworkLocation(prefix: [127, 0, 0], autonomousSystem: 0),
          bond: .whole(10_000)),
        from: provider.key)
      chain.send(
        .postOffer(
          service: StorageKeys.service, prices: LedgerTestNetwork.prices, capacity: 1 << 40),
        from: provider.key)
      chain.send(
        .setAvailability(SetAvailability(isAvailable: true, capacityBytes: 1 << 40)),
        from: provider.key)
    }
  }

  private func started(
    providers count: Int, openOneIn: UInt128 = 1, isCoded: Bool = true, unsigned: Set<Int> = []
  ) throws -> (Chain, BundleID) {
    var chain = try Chain(
      providers: count, openOneIn: openOneIn,
      changing: [(StorageParameter.lockUp.rawValue, 30_000)])
    Self.registerAll(&chain)
    let customer = chain.played.customer
    chain.send(
      .placeOrder(
        OrderTerms(
          service: StorageKeys.service, matching: .pool, ceiling: LedgerTestNetwork.prices,
          escrow: EscrowBalances(
            stream: .whole(1_000), staging: .whole(100), repair: .whole(100),
            usage: .whole(100)))),
      from: customer)
    let small = CodeClass(dataShards: 2, totalShards: 4, leafBytes: 256)!
    chain.send(
      .openGroup(OpenGroup(lease: LedgerTestNetwork.lease, codeClass: small)), from: customer)
    try chain.block()
    try chain.block()
    let group: PlacementGroupRecord = try #require(
      chain.machine.record(at: StorageKeys.group(PlacementGroupID(number: 1))))
    #expect(group.state == .drawn)
    let (commit, columns) = chain.played.draft(
      group, shardBytes: [50_000, 20_000], unsigned: unsigned, isCoded: isCoded)
    chain.send(.commitBundle(commit), from: customer)
    let id = BundleID(number: 1)
    for (slot, holder) in group.providers.enumerated() {
      chain.played.provider(holder).columns[id] = columns[slot]
    }
    chain.played.stored[id] = columns
    try chain.block()
    #expect(chain.failures == [])
    return (chain, id)
  }

  @Test func provenTimeIsPaidAtTheEpochsEndWithItsCause() throws {
    var (chain, id) = try started(providers: 4)
    for _ in 0..<40 { try chain.block() }
    #expect(chain.failures == [])
    #expect(chain.kinds("service.failed") == [])
    #expect(chain.kinds("storage.challenge-passed").count >= 8)
    #expect(chain.kinds("storage.challenge-failed") == [])
    let bundle: BundleRecord = try #require(chain.machine.record(at: StorageKeys.bundle(id)))
    for slot in bundle.slots {
      let rows = chain.machine.rows(
        in: StateKeys.payouts(epoch: 0, provider: slot.provider!))
      let lines = try rows.map { try PayoutLine(canonicalBytes: $0.value) }
      let stream = lines.filter { $0.source == .metered(.storedByteMilliseconds) }
      #expect(stream.count == 1)
      #expect(stream.first?.tokens ?? .zero > .zero)
      #expect(stream.first?.quantity ?? 0 > 0)
    }
  }

  @Test func deadProvidersAreFaultedRebuiltAndPaidForByTheirBonds() throws {
    var (chain, id) = try started(providers: 6)
    let bundle: BundleRecord = try #require(chain.machine.record(at: StorageKeys.bundle(id)))
    let dead = bundle.slots.prefix(2).compactMap(\.provider)
    for victim in dead { chain.played.provider(victim).isAlive = false }
    for _ in 0..<90 { try chain.block() }
    #expect(chain.kinds("service.failed") == [])
    let after: BundleRecord = try #require(chain.machine.record(at: StorageKeys.bundle(id)))
    #expect(after.vacantSlots == 0)
    #expect(!after.slots.contains { dead.contains($0.provider!) })
    #expect(chain.kinds("storage.provider-fault").count == 2)
    #expect(chain.kinds("storage.repair-completed").count == 2)
    for victim in dead {
      let record: ProviderRecord = try #require(
        chain.machine.record(at: StateKeys.provider(victim)))
      #expect(record.bond < .whole(9_501))
    }
  }

  @Test func bundleThatIsNoCodewordEndsAndItsAccuserIsPaid() throws {
    var (chain, id) = try started(providers: 6, isCoded: false, unsigned: [2])
    // Whoever is drawn for the vacant slot does not rebuild it.
    let bundle: BundleRecord = try #require(chain.machine.record(at: StorageKeys.bundle(id)))
    let holders = bundle.slots.compactMap(\.provider)
    for provider in chain.played.providers where !holders.contains(provider.id) {
      provider.isAlive = false
    }
    try chain.block()
    let repair: RepairRecord = try #require(chain.machine.record(at: StorageKeys.repair(id, 2)))
    let accuser = chain.played.provider(try #require(repair.replacement))
    let columns = try #require(chain.played.stored[id])
    let evidence = AccuseCodeword(
      bundle: id, manifest: columns[0].manifest, segmentIndex: 0, leafIndex: 5,
      leaves: [0, 1, 3].map { ($0, columns[$0].leaves[0][5]!, columns[$0].proof(0, 5)) })
    chain.send(.accuseCodeword(evidence), from: accuser.key)
    for _ in 0..<40 { try chain.block() }
    #expect(chain.failures == [])
    #expect(chain.kinds("service.failed") == [])
    #expect(chain.kinds("storage.codeword-accused").count == 1)
    #expect(chain.kinds("storage.repair-missed") == [])
    #expect(chain.kinds("provider.slashed") == [])
    let left: BundleRecord? = chain.machine.record(at: StorageKeys.bundle(id))
    #expect(left == nil)
    let lines = try chain.machine.rows(in: StateKeys.payouts(epoch: 0, provider: accuser.id))
      .map { try PayoutLine(canonicalBytes: $0.value) }
    #expect(lines.contains { $0.cause?.kind == "codeword-accused" && $0.tokens > .zero })
  }

  @Test func demandedStepsArePaidOutOfTheDemandersLease() throws {
    var (chain, _) = try started(providers: 4, openOneIn: 1_000)
    while chain.kinds("storage.challenge-passed").isEmpty { try chain.block() }
    let rounds: [RoundRecord] = chain.played.context.records(StorageKeys.rounds)
    let passed: [ChallengeRecord] = chain.played.context.records(
      StorageKeys.challenges(in: rounds[0].id))
    let spared = try #require(
      passed.first { $0.verdict?.reasons == ["transcript-not-drawn"] })
    chain.send(
      .demandSteps(
        DemandSteps(
          round: spared.round, provider: spared.provider, lease: LedgerTestNetwork.lease,
          steps: [1, 2, 3])),
      from: chain.played.customer)
    for _ in 0..<30 { try chain.block() }
    #expect(chain.failures == [])
    #expect(chain.kinds("service.failed") == [])
    #expect(chain.kinds("storage.demand-met").count == 1)
    #expect(chain.kinds("storage.demand-missed") == [])
    let lines = try chain.machine.rows(in: StateKeys.payouts(epoch: 0, provider: spared.provider))
      .map { try PayoutLine(canonicalBytes: $0.value) }
    #expect(lines.contains { $0.cause?.kind == "demand" && $0.tokens > .zero })
  }

  @Test func ledgerThatWasDownFaultsNobody() throws {
    var (chain, _) = try started(providers: 4)
    for _ in 0..<25 {
      try chain.block()
      try chain.block(after: 600_000)
    }
    for _ in 0..<20 { try chain.block() }
    #expect(chain.kinds("storage.challenge-failed") == [])
    #expect(chain.kinds("storage.challenge-passed").count >= 4)
    #expect(chain.kinds("service.failed") == [])
  }

  @Test func replayGivesTheSameRoot() throws {
    var (one, _) = try started(providers: 5)
    var (two, _) = try started(providers: 5)
    for _ in 0..<30 {
      try one.block()
      try two.block()
    }
    #expect(one.machine.stateRoot == two.machine.stateRoot)
  }
}
