import Cryptography
import Economics
import Ledger
import Primitives
import ServiceKit
import Simulator
import TestSupport

/// A ledger in this process that settles by a preset: one validator, eight accounts, one block an
/// epoch.
struct PresetLedger {
  static let verifiableRandomKey = VerifiableRandomKey(seed: Bytes32(words: (1, 9, 9, 9)))
  static let validator = SigningKey(seed: Bytes32(words: (2, 9, 9, 9)))
  static let feeder = SigningKey(seed: Bytes32(words: (3, 9, 9, 9)))
  static let accountCount = 8
  static let epochMilliseconds: UInt64 = 5_000

  let genesis: Genesis
  let rules: GenesisPreset
  var machine: LedgerMachine
  /// What was refused of what was sent and of what was settled.
  private(set) var refusals: [String] = []

  /// The accounts that traces name.
  static func account(_ number: Int) -> AccountID {
    SigningKey(seed: Bytes32(words: (UInt64(number), 8, 8, 8))).accountID
  }

  init(_ preset: Preset, from time: UnixTime = UnixTime(2026, 11, 26)) throws {
    rules = GenesisPreset(preset: preset, firstEpoch: preset.calendar.epoch(from: time))
    let funded = (0..<Self.accountCount).map(Self.account) + [Self.feeder.accountID]
    genesis = Genesis(
      chainName: "preset-test", genesisTimeMilliseconds: 1_700_000_000_000,
      accounts: funded.map { .init(account: $0, amount: .whole(1_000_000)) },
      validators: [
        .init(
          account: Self.validator.accountID,
          verifiableRandomPublicKey: Self.verifiableRandomKey.publicKey)
      ],
      parameters: LedgerParameters.devnet(
        epochMilliseconds: UInt128(Self.epochMilliseconds), services: [],
        policy: PolicyCatalogue.id(of: preset)),
      allowsFaucet: true, preset: rules)
    machine = try LedgerMachine(genesis: genesis, services: [])
  }

  /// Executes a block that ends an epoch, with these operations of the feeder in it.
  mutating func endEpoch(_ operations: [Ledger.Operation] = []) {
    let first = machine.nextSequence(of: Self.feeder.accountID, lane: 0)
    let items = operations.enumerated().map { index, operation in
      BlockItem.signed(
        SignedTransaction.sign(
          Transaction(
            chain: machine.chain, sender: Self.feeder.accountID, lane: 0,
            sequence: first + UInt64(index), expiryHeight: machine.height + 10,
            operation: operation), with: Self.feeder)
      ).canonicalBytes()
    }
    let contribution = machine.beaconContribution(
      key: Self.verifiableRandomKey, account: Self.validator.accountID)
    let outcome = machine.execute(
      BlockInput(
        height: machine.height + 1,
        timeMilliseconds: machine.lastTimeMilliseconds + Self.epochMilliseconds,
        items: [BlockItem.beacon([contribution]).canonicalBytes()] + items,
        proposer: Self.validator.accountID))
    if let refusal = outcome.refusal { refusals.append("\(refusal)") }
    refusals += outcome.results.filter { !$0.isSuccess }.map { "\($0.codeName): \($0.detail)" }
    for (_, event) in outcome.events
    where event.kind == "epoch.inputs-refused" || event.kind == "epoch.unpaid" {
      refusals.append("\(event)")
    }
  }

  /// The trace of the epochs so far, as the ledger exports it.
  func trace() throws -> [TraceReplay.Epoch] {
    try (0..<machine.clock.epoch).map { number in
      guard let epoch = machine.settledEpoch(number) else { throw Missing(epoch: number) }
      return TraceReplay.Epoch(
        inputs: epoch.inputs, lines: epoch.lines, charges: epoch.charges,
        balances: epoch.balances, state: epoch.record.state, accounts: epoch.record.accounts)
    }
  }

  struct Missing: Error { let epoch: UInt64 }

  static let comparison = TraceReplay.Ledger(
    elsewhere: StateKeys.elsewhere, digest: SettlementRecord.digest)

  /// The state before the first epoch, from the genesis alone.
  func start() throws -> PolicyState {
    var held = Amount.zero
    for account in genesis.accounts { held = try held.adding(account.amount) }
    for validator in genesis.validators { held = try held.adding(validator.terms.stake) }
    return try rules.start(held: held).state
  }
}

/// Random use of a network by its own roles, candidates and sub-tokens.
struct RandomUsage {
  let preset: Preset
  var random: SeededGenerator

  mutating func report(epoch: UInt64) -> UsageReport {
    var report = UsageReport(epoch: epoch)
    // Now and then no price is known. It moves by a tenth at most: when it fell further, vaults
    // would sell no credits, and a report that spends what nobody bought is refused whole.
    if below(20) > 0 {
      report.price = Credits(baseUnits: 1_000_000_000_000_000 * (1_000 + below(100)))
    }
    report.priceConfidence = Credits(baseUnits: below(1_000_000_000_000_000))
    report.blockSpaceUsed = below(1_000_000)
    let rules = preset.rules
    for name in Set(rules.flatMap { $0.vote?.candidates ?? [] }).sorted() {
      var measures = Measures()
      measures.votes = .whole(below(1_000_000))
      measures.usage = .whole(below(1_000))
      measures.fees = .whole(below(100_000))
      report.candidates.append(CandidateInput(name, measures: measures))
    }
    for _ in 0..<(3 + below(6)) { report.accounts.append(input()) }
    // One customer for all: where nothing circulates elsewhere, nobody else could pay.
    var customer = AccountInput(PresetLedger.account(0), role: preset.roles[0])
    let usage = report.accounts.reduce(UInt128(0)) { $0 + $1.measures.usage.baseUnits }
    customer.bought = Credits(baseUnits: usage)
    report.accounts.append(customer)
    return report
  }

  private mutating func input() -> AccountInput {
    let role = preset.roles[Int(below(UInt128(preset.roles.count)))]
    let number = Int(below(UInt128(PresetLedger.accountCount)))
    var input = AccountInput(PresetLedger.account(number), role: role)
    input.measures.usage = tokens(3)
    input.measures.work = below(10_000)
    input.measures.capacity = below(1 << 50)
    input.measures.stake = Amount(baseUnits: tokens(100_000).baseUnits)
    input.measures.votes = Amount(baseUnits: tokens(1_000).baseUnits)
    input.measures.fees = tokens(10)
    input.measures.scorePerMillion = UInt64(below(1_000_001))
    input.measures.multiplierPerMillion = UInt64(1_000_000 * (1 + below(10)))
    input.bought = tokens(5)
    if below(4) == 0, let lock = preset.rules.last?.lock {
      input.lock = .init(
        amount: Amount(baseUnits: tokens(50).baseUnits),
        epochs: lock.shortestEpochs + UInt64(below(60)))
    }
    if below(3) == 0, let sub = preset.rules.last?.subTokens.first {
      input.redeem = .init(subToken: sub.name, amount: Amount(baseUnits: tokens(2).baseUnits))
    }
    return input
  }

  private mutating func tokens(_ most: UInt128) -> Credits {
    Credits(baseUnits: below(most * Credits.baseUnitsPerWhole))
  }

  private mutating func below(_ limit: UInt128) -> UInt128 {
    UInt128.random(in: 0..<limit, using: &random)
  }
}
