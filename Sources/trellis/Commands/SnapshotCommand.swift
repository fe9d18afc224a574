import ArgumentParser
import Catalogue
import Consensus
import Foundation
import Ledger
import LedgerStore
import Logging
import Primitives

/// The ledger's state as a directory of proven chunks.
struct SnapshotCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot", abstract: "Take the ledger's state out of a node, or into one.",
    discussion: """
      For a hard fork, or to bring a validator up from a copy. The validator must not be running. \
      What is imported proves itself against the state root, which you have from someone you \
      trust: the next block's app_hash.

      Examples:
        trellis snapshot export --data /srv/old --to /srv/state
        trellis snapshot import --data /srv/new --from /srv/state --root 5A0C…
      """,
    subcommands: [ExportCommand.self, ImportCommand.self])

  struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "export", abstract: "Write the committed state to a new directory.")
    @OptionGroup var data: DataOption
    @Option(help: "The directory to make.", completion: .directory)
    var to: String

    func run() async throws {
      let network = try data.network()
      let lock = try ProcessLock.acquire(network.directory.lockPath(of: .validator), retryingFor: 0)
      defer { lock.release() }
      guard !FileManager.default.fileExists(atPath: to) else {
        throw UserError(
          "\(to) exists already", advice: "Name a directory that does not, with --to.")
      }
      let node = try SnapshotCommand.node(network)
      guard node.committedInfo.height > 0 else {
        throw UserError("the ledger has no block yet: its genesis file is all of its state")
      }
      try FileManager.default.createDirectory(atPath: to, withIntermediateDirectories: true)
      let list = try SnapshotStore.write(node.machine, to: to)
      print("height \(list.height), \(list.hashes.count) chunks, state root \(list.root.hex)")
      node.store.close()
    }
  }

  struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import", abstract: "Bring an exported state into an empty ledger.")
    @OptionGroup var data: DataOption
    @Option(help: "The directory that export made.", completion: .directory)
    var from: String
    @Option(help: "The state root that it must have, as 64 hexadecimal digits.")
    var root: String

    func run() async throws {
      guard let root = Digest(hex: root.lowercased()) else {
        throw ValidationError("--root takes 64 hexadecimal digits.")
      }
      let network = try data.network()
      let lock = try ProcessLock.acquire(network.directory.lockPath(of: .validator), retryingFor: 0)
      defer { lock.release() }
      let node = try SnapshotCommand.node(network)
      defer { node.store.close() }
      let list = try SnapshotStore.list(in: from)
      switch await node.offerSnapshot(list.description, stateRoot: root) {
      case .accept: break
      case .abort:
        throw UserError("this ledger has a state already", advice: "Import into a new directory.")
      default: throw UserError("the snapshot in \(from) is not of this network's chain")
      }
      for index in list.hashes.indices {
        let chunk = try SnapshotStore.chunk(UInt32(index), in: from)
        let verdict = await node.applySnapshotChunk(chunk, index: UInt32(index), sender: from)
        guard verdict == .accept else {
          throw UserError(
            "chunk \(index) in \(from) does not prove itself against root \(root.hex)")
        }
      }
      print("height \(node.committedInfo.height), state root \(node.committedInfo.stateRoot.hex)")
    }
  }

  private static func node(_ network: OpenNetwork) throws -> LedgerNode {
    try network.directory.prepare(for: [.validator])
    let path = network.directory.dataDirectory(of: .validator) + "/ledger.sqlite"
    return try LedgerNode(
      genesis: try GenesisFile.read(from: network.directory), services: ServiceCatalogue.modules,
      store: try SQLiteLedgerStore(path: path), configuration: .init(checksInvariants: false),
      logger: Logger(label: "trellis.snapshot"))
  }
}
