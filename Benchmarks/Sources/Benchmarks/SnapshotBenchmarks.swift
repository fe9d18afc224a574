import Consensus
import Cryptography
import Foundation
import Ledger
import LedgerStore
import Logging
import Primitives
import ServiceKit

/// A state of a million accounts as a snapshot: taken by a node that runs on it, and restored by
/// one that has nothing. Each in a process of its own, so that its memory is its own.
struct SnapshotBenchmarks {
  private static let secondsGoal = 10.0
  private static let memoryGoal = 512.0

  private let folder: String
  private let accounts: Int
  private let genesis: Genesis
  private let quiet = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }

  private init(folder: String, accounts: Int) {
    self.folder = folder
    self.accounts = accounts
    let validator = SigningKey(seed: Digest.sha256([1]).value)
    genesis = Genesis(
      chainName: "bench", genesisTimeMilliseconds: 1_700_000_000_000, accounts: [],
      validators: [
        .init(
          account: validator.accountID,
          verifiableRandomPublicKey: VerifiableRandomKey(seed: Digest.sha256([2]).value).publicKey)
      ],
      parameters: LedgerParameters.production(services: []))
  }

  /// Makes the state and runs both in processes of their own.
  static func run(_ settings: BenchmarkSettings) throws {
    let accounts = settings.size("accounts", 1_000_000)
    let folder =
      settings.directory + "/trellis-snapshot-\(ProcessInfo.processInfo.processIdentifier)"
    print("snapshot: \(accounts) accounts")
    for name in ["prepare", "take", "restore"] {
      let process = Process()
      process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      process.arguments = ["snapshot-\(name)", "directory=\(folder)", "accounts=\(accounts)"]
      try process.run()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else {
        throw NodeError.halted("snapshot-\(name) ended with \(process.terminationStatus)")
      }
    }
    try FileManager.default.removeItem(atPath: folder)
  }

  /// One of the processes.
  static func part(_ name: String, _ settings: BenchmarkSettings) async throws {
    let benchmark = SnapshotBenchmarks(
      folder: settings.directory, accounts: settings.size("accounts", 1_000_000))
    switch name {
    case "prepare": try await benchmark.prepare()
    case "take": try benchmark.take()
    default: try await benchmark.restore()
    }
  }

  private func node(_ name: String) throws -> LedgerNode {
    try LedgerNode(
      genesis: genesis, services: [],
      store: try SQLiteLedgerStore(path: "\(folder)/\(name).sqlite"),
      configuration: .init(checksInvariants: false), logger: quiet)
  }

  private var snapshots: SnapshotStore {
    get throws { try SnapshotStore(directory: folder + "/snapshots", logger: quiet) }
  }

  /// A state after one block, with the accounts put into it.
  private func prepare() async throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var machine = try LedgerMachine(genesis: genesis, services: [])
    let outcome = machine.execute(
      BlockInput(
        height: 1, timeMilliseconds: 1_700_000_001_000,
        items: [BlockItem.extensions(ExtensionItem()).canonicalBytes()], proposer: .zero))
    guard outcome.refusal == nil else { throw NodeError.halted("the first block is refused") }
    var rows: [(key: StateKey, value: [UInt8])] = []
    machine.forEachRow { key, value in rows.append((key, value)) }
    let lanes = [AccountRecord.Lane(number: 0, nextSequence: 3)]
    for number in 0..<accounts {
      let account = AccountID(Digest.sha256(Array("a \(number)".utf8)).value)
      let record = AccountRecord(balance: .whole(UInt128(number % 1000)), lanes: lanes)
      rows.append((StateKeys.account(account), record.canonicalBytes()))
    }
    rows.sort { $0.key < $1.key }
    let whole = try LedgerMachine(
      genesis: genesis, services: [], rows: StateRows(rows), expectedRoot: nil)
    let store = try SQLiteLedgerStore(path: folder + "/source.sqlite")
    try store.commit(
      BlockCommit(
        meta: StoreMeta(
          chain: genesis.chain, height: 1, stateRoot: whole.stateRoot, blockHash: .zero,
          timeMilliseconds: 1_700_000_001_000),
        block: nil, results: nil, changes: rows.map { (key: $0.key, value: $0.value) }))
    store.close()
    try whole.stateRoot.hex.write(
      toFile: folder + "/root", atomically: true, encoding: .utf8)
  }

  private func take() throws {
    let watch = Stopwatch()
    let node = try node("source")
    let (opened, before) = (watch.seconds, MemoryUse.peak)
    MemoryUse.forgetPeak()
    let taking = Stopwatch()
    let taken = try snapshots.take(node.machine)
    let seconds = taking.seconds
    print(
      "  opened from its store".padded(to: 44) + Measurement.time(opened).padded(to: 12)
        + "\(Measurement.rounded(before, 0)) MiB at most")
    line("taken, \(taken?.chunkCount ?? 0) chunks", seconds)
    node.store.close()
  }

  private func restore() async throws {
    guard
      let root = Digest(
        hex: try String(contentsOfFile: folder + "/root", encoding: .utf8)),
      let description = try snapshots.descriptions.first
    else { throw NodeError.halted("there is no snapshot") }
    let node = try node("restored")
    let store = try snapshots
    MemoryUse.forgetPeak()
    let watch = Stopwatch()
    guard await node.offerSnapshot(description, stateRoot: root) == .accept else {
      throw NodeError.halted("the snapshot is refused")
    }
    for index in 0..<description.chunkCount {
      guard
        let chunk = store.chunk(
          height: description.height, format: description.format, index: index),
        await node.applySnapshotChunk(chunk, index: index, sender: "bench") == .accept
      else { throw NodeError.halted("chunk \(index) is refused") }
    }
    line("restored, proven and durable", watch.seconds)
    guard node.committedInfo.stateRoot == root else { throw NodeError.halted("another root") }
    node.store.close()
  }

  private func line(_ name: String, _ seconds: Double) {
    print(
      name.padded(to: 44) + Measurement.time(seconds).padded(to: 12)
        + "\(Measurement.rounded(MemoryUse.peak, 0)) MiB at most".padded(to: 20)
        + "goal \(Int(Self.secondsGoal)) s, \(Int(Self.memoryGoal)) MiB")
  }
}
