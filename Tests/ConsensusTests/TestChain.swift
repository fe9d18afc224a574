import Cryptography
import Ledger
import LedgerStore
import Locks
import Logging
import Primitives
import ServiceKit
import TestSupport

@testable import Consensus

/// A small chain for tests: one validator, some funded accounts, no service.
struct TestChain: Sendable {
  static let genesisTime: UInt64 = 1_700_000_000_000

  let validator = TestChain.key(1)
  let randomKey = VerifiableRandomKey(seed: Bytes32(words: (0, 0, 0, 99)))
  let customers: [SigningKey]
  let genesis: Genesis
  /// Drivers that are given no clock have this one.
  let slowClock = SlowClock()

  init(customers count: Int = 4, epochMilliseconds: UInt128 = 60_000) {
    customers = (0..<count).map { TestChain.key(UInt64(100 + $0)) }
    genesis = Genesis(
      chainName: "trellis-test", genesisTimeMilliseconds: Self.genesisTime,
      accounts: customers.map {
        Genesis.Allocation(account: $0.accountID, amount: .whole(1000))
      },
      validators: [
        Genesis.Validator(
          account: validator.accountID, verifiableRandomPublicKey: randomKey.publicKey)
      ],
      parameters: LedgerParameters.devnet(epochMilliseconds: epochMilliseconds, services: []),
      allowsFaucet: true)
  }

  static func key(_ number: UInt64) -> SigningKey {
    SigningKey(seed: Bytes32(words: (7, 7, 7, number)))
  }

  func node(_ store: any LedgerStoring = MemoryLedgerStore()) throws -> LedgerNode {
    try LedgerNode(
      genesis: genesis, services: [], store: store,
      configuration: .init(
        checksInvariants: true, validator: (account: validator.accountID, key: randomKey)),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  func driver(
    _ store: any LedgerStoring = MemoryLedgerStore(), clock: (any BlockClock)? = nil,
    intervalMilliseconds: UInt64 = 2
  ) throws -> SoloDriver {
    var configuration = SoloDriver.Configuration(intervalMilliseconds: intervalMilliseconds)
    configuration.gatherMilliseconds = 0
    return SoloDriver(
      application: try node(store), key: validator, configuration: configuration,
      clock: clock ?? slowClock,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// A signed transfer of one base unit, as block item bytes.
  func transfer(
    from sender: Int = 0, to recipient: Int = 1, lane: UInt8 = 0, sequence: UInt64,
    amount: UInt128 = 1, expiryHeight: UInt64 = 1000
  ) -> [UInt8] {
    let key = customers[sender]
    let transaction = Transaction(
      chain: genesis.chain, sender: key.accountID, lane: lane, sequence: sequence,
      expiryHeight: expiryHeight,
      operation: .transfer(
        to: customers[recipient].accountID, amount: Amount(baseUnits: amount)))
    return BlockItem.signed(SignedTransaction.sign(transaction, with: key)).canonicalBytes()
  }

  /// Every stored block executed again from genesis: the state root after each height.
  func replay(_ store: any LedgerStoring) throws -> [Digest] {
    var machine = try LedgerMachine(genesis: genesis, services: [])
    var roots = [machine.stateRoot]
    var previous = Digest.zero
    while let block = try store.block(at: UInt64(roots.count)) {
      guard block.header.appHash == roots[roots.count - 1],
        block.header.previousBlockHash == previous,
        block.header.proposer.verifies(
          block.signature, domain: StoredBlock.signatureDomain, of: block.header.hash.bytes)
      else { throw ReplayFailure(height: block.header.height) }
      let outcome = machine.execute(
        BlockInput(
          height: block.header.height, timeMilliseconds: block.header.timeMilliseconds,
          items: block.items, proposer: block.header.proposer))
      guard outcome.refusal == nil else { throw ReplayFailure(height: block.header.height) }
      roots.append(outcome.stateRoot)
      previous = block.header.hash
    }
    return roots
  }

  struct ReplayFailure: Error { let height: UInt64 }
}

/// A clock that stands still until the test moves it.
final class ManualClock: BlockClock {
  private struct Sleeper {
    let id: Int
    let due: UInt64
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var wall: UInt64
    var steady: UInt64 = 1_000_000
    var next = 0
    var sleepers: [Sleeper] = []
    var cancelled: Set<Int> = []
  }

  private let state: Locked<State>

  init(wall: UInt64) { state = Locked(State(wall: wall)) }

  func wallMilliseconds() -> UInt64 { state.withLock { $0.wall } }
  func steadyMilliseconds() -> UInt64 { state.withLock { $0.steady } }

  /// Moves both clocks on.
  func advance(_ milliseconds: UInt64) {
    let due = state.withLock { state in
      state.wall += milliseconds
      state.steady += milliseconds
      let steady = state.steady
      let due = state.sleepers.filter { $0.due <= steady }
      state.sleepers.removeAll { $0.due <= steady }
      return due
    }
    for sleeper in due { sleeper.continuation.resume() }
  }

  /// Sets the wall clock alone, as a person or a time server does.
  func setWall(_ milliseconds: UInt64) { state.withLock { $0.wall = milliseconds } }

  /// How many tasks wait on the clock.
  var sleeperCount: Int { state.withLock { $0.sleepers.count } }

  func sleep(untilSteady due: UInt64) async throws {
    let id = state.withLock { state in
      state.next += 1
      return state.next
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let isDone = state.withLock { state in
          if due <= state.steady || state.cancelled.contains(id) { return true }
          state.sleepers.append(Sleeper(id: id, due: due, continuation: continuation))
          return false
        }
        if isDone { continuation.resume() }
      }
    } onCancel: {
      let found = state.withLock { state in
        state.cancelled.insert(id)
        let found = state.sleepers.first { $0.id == id }
        state.sleepers.removeAll { $0.id == id }
        return found
      }
      found?.continuation.resume(throwing: CancellationError())
    }
  }
}

/// The machine's clock at a tenth of its pace, from the genesis time on: what happens every five
/// seconds of the ledger's time does not happen during a test.
struct SlowClock: BlockClock {
  private let origin = ContinuousClock.now

  private var elapsed: UInt64 {
    let elapsed = origin.duration(to: .now).components
    return UInt64(elapsed.seconds) * 100 + UInt64(elapsed.attoseconds / 10_000_000_000_000_000)
  }

  func wallMilliseconds() -> UInt64 { TestChain.genesisTime + 100 + elapsed }
  func steadyMilliseconds() -> UInt64 { 1_000_000 + elapsed }

  func sleep(untilSteady steady: UInt64) async throws {
    let now = steadyMilliseconds()
    if steady > now { try await Task.sleep(for: .milliseconds(Int64((steady - now) * 10))) }
  }
}
