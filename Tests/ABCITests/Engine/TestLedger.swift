import ABCI
import Consensus
import Cryptography
import Ledger
import LedgerStore
import Locks
import Logging
import Primitives
import ServiceKit
import TestSupport

/// A ledger behind an ABCI server on a socket of its own.
final class TestLedger: Sendable {
  let node: LedgerNode
  let server: ABCIServer
  let endpoint: ABCIEndpoint
  let log: LogLines
  private let directory: TemporaryDirectory

  init(
    _ chain: TestGenesis, validator: Int = 0, store: any LedgerStoring = MemoryLedgerStore(),
    overTCP: Bool = false, frameLimit: Int = FrameDecoder.defaultLimit,
    snapshots: SnapshotStore? = nil,
    wrap: @Sendable (LedgerNode) -> any LedgerApplication = { $0 }
  ) async throws {
    log = LogLines()
    let log = log
    let logger = Logger(label: "abci") { _ in log.handler() }
    directory = try TemporaryDirectory("abci")
    node = try chain.node(
      validator: validator, store: store, snapshots: snapshots, logger: logger)
    let wanted: ABCIEndpoint =
      overTCP ? .tcp(host: "127.0.0.1", port: 0) : .unix(path: directory.file("s"))
    var configuration = ABCIServer.Configuration(endpoint: wanted, version: "test")
    configuration.frameLimit = frameLimit
    server = ABCIServer(
      application: wrap(node), configuration: configuration, logger: logger)
    endpoint = try await server.start()
  }

  func connect() async throws -> EngineConnection { try await .connect(to: endpoint) }
}

/// A genesis with its validators' keys and some funded accounts.
struct TestGenesis: Sendable {
  /// Each node's account: those of the first set, then the candidates, which have tokens and no
  /// stake yet.
  let validators: [SigningKey]
  let customers: [SigningKey]
  let genesis: Genesis
  private let candidateCount: Int

  /// A validator of somebody else's: its consensus key, and its stake in whole tokens.
  typealias EngineValidator = (key: Bytes32, power: UInt64)

  /// - Parameter engine: the first validators' consensus keys and powers; nil for `count` that
  ///   vote with their accounts' keys and have a power of 1000.
  init(
    chainName: String = "trellis-test", genesisTimeMilliseconds: UInt64 = 1_700_000_000_000,
    validators count: Int = 1, candidates candidateCount: Int = 0, customers customerCount: Int = 4,
    engine: [EngineValidator]? = nil
  ) {
    let first = engine?.count ?? count
    let keys = (0..<first + candidateCount).map { Self.key(1, UInt64($0)) }
    (validators, self.candidateCount) = (keys, candidateCount)
    customers = (0..<customerCount).map { Self.key(2, UInt64($0)) }
    // A recorded engine's powers may be less than a network of ours asks for.
    let parameters = LedgerParameters.devnet(epochMilliseconds: 60_000, services: []).map {
      $0.name == StakingParameters.minimumSelfStake
        ? Genesis.Parameter(name: $0.name, value: Amount.baseUnitsPerWhole) : $0
    }
    genesis = Genesis(
      chainName: chainName, genesisTimeMilliseconds: genesisTimeMilliseconds,
      accounts: (customers + keys.dropFirst(first)).map {
        .init(account: $0.accountID, amount: .whole(1000))
      },
      validators: (0..<first).map { index in
        .init(
          account: keys[index].accountID,
          verifiableRandomPublicKey: Self.randomKey(index).publicKey,
          consensusPublicKey: engine?[index].key,
          stake: .whole(UInt128(engine?[index].power ?? 1000)))
      },
      parameters: parameters, allowsFaucet: true)
  }

  /// The validators of the first set.
  var firstValidators: ArraySlice<SigningKey> { validators.dropLast(candidateCount) }

  private static func key(_ kind: UInt64, _ number: UInt64) -> SigningKey {
    SigningKey(seed: Bytes32(words: (7, 7, kind, number)))
  }

  private static func randomKey(_ number: Int) -> VerifiableRandomKey {
    VerifiableRandomKey(seed: Bytes32(words: (7, 7, 3, UInt64(number))))
  }

  func node(
    validator: Int = 0, store: any LedgerStoring = MemoryLedgerStore(),
    snapshots: SnapshotStore? = nil,
    logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  ) throws -> LedgerNode {
    var configuration = LedgerNode.Configuration(
      checksInvariants: true,
      validator: (account: validators[validator].accountID, key: Self.randomKey(validator)))
    configuration.snapshots = snapshots
    configuration.snapshotInterval = 5
    return try LedgerNode(
      genesis: genesis, services: [], store: store, configuration: configuration, logger: logger)
  }

  /// A signed transfer of one base unit, as block item bytes.
  func transfer(
    from sender: Int = 0, to recipient: Int = 1, lane: UInt8 = 0, sequence: UInt64,
    amount: UInt128 = 1
  ) -> [UInt8] {
    signed(
      .transfer(to: customers[recipient].accountID, amount: Amount(baseUnits: amount)),
      by: customers[sender], lane: lane, sequence: sequence)
  }

  /// A signed transaction, as block item bytes.
  func signed(
    _ operation: Operation, by key: SigningKey, lane: UInt8 = 0, sequence: UInt64
  ) -> [UInt8] {
    let transaction = Transaction(
      chain: genesis.chain, sender: key.accountID, lane: lane, sequence: sequence,
      expiryHeight: 1_000_000, operation: operation)
    return BlockItem.signed(SignedTransaction.sign(transaction, with: key)).canonicalBytes()
  }

  /// What a node's account says to become a validator.
  func candidacy(of index: Int, stake: Amount) -> ValidatorTerms {
    ValidatorTerms(
      name: "candidate \(index)", consensusPublicKey: validators[index].accountID.value,
      verifiableRandomPublicKey: Self.randomKey(index).publicKey, commission: .standard,
      stake: stake)
  }
}

/// What a server logged.
final class LogLines: Sendable {
  private let lines = Locked<[String]>([])

  func handler() -> any LogHandler { Handler(lines: self) }

  fileprivate func append(_ line: String) { lines.withLock { $0.append(line) } }

  /// Whether a line holds all of `words`.
  func contains(_ words: String...) -> Bool {
    lines.withLock { lines in
      lines.contains { line in words.allSatisfy { line.contains($0) } }
    }
  }

  private struct Handler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let fields = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted()
      lines.append("\(event.level) \(event.message) \(fields.joined(separator: " "))")
    }
  }
}
