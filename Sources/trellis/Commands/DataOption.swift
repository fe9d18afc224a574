import ArgumentParser
import ChainClient
import Foundation
import Logging

/// `--data DIR`, which nearly every command has.
struct DataOption: ParsableArguments {
  @Option(
    name: .long, help: "The network's directory (else $TRELLIS_DATA, else .trellis).",
    completion: .directory)
  var data: String?

  @Option(
    name: .customLong("rpc"),
    help: "A ledger node to use instead of this network's own; repeat it for fail-over.")
  var rpc: [String] = []
  @Option(
    help: """
      A file with a block that you trust: rows are then verified against headers that the \
      validators signed (docs/decisions/0100-light-client.md).
      """, completion: .file())
  var trust: String?

  var directory: NetworkDirectory {
    NetworkDirectory(
      data ?? ProcessInfo.processInfo.environment["TRELLIS_DATA"] ?? ".trellis")
  }

  /// The network that is there. - Throws: ``UserError``.
  func network() throws -> OpenNetwork {
    try OpenNetwork(directory, access: LedgerAccess(endpoints: rpc, trustFile: trust))
  }
}

/// A network's directory with what commands need of it.
struct OpenNetwork: Sendable {
  let directory: NetworkDirectory
  let settings: NetworkSettings
  private let access: LedgerAccess

  /// - Throws: ``UserError`` when there is no network.
  init(_ directory: NetworkDirectory, access: LedgerAccess = LedgerAccess()) throws {
    self.directory = directory
    self.access = access
    settings = try NetworkSettings.load(from: directory)
  }

  var secrets: SecretStore { SecretStore(directory) }

  /// A client of the network's ledger that says nothing by itself.
  var ledger: LedgerClient {
    var logger = Logger(label: "trellis.command")
    logger.logLevel = .critical
    return ledger(logger: logger)
  }

  /// A client of the network's ledger.
  /// - Parameter progressPath: where it notes how far it has verified, if it verifies.
  func ledger(logger: Logger, progressPath: String? = nil) -> LedgerClient {
    access.client(
      standard: settings.ledgerEndpoint, progressPath: progressPath, logger: logger)
  }

  /// The first ledger node that is asked.
  var nodeEndpoint: String { access.endpoints.first ?? settings.ledgerEndpoint }

  /// What a process of this network is started with, so that it asks the same nodes.
  var accessArguments: [String] { access.arguments }

  /// The processes that there should be. A validator where other nodes are asked, and a gateway and
  /// a page beside an engine, count once they were started here.
  var processes: [ProcessName] {
    settings.processes.filter {
      let isDue =
        switch $0.role {
        case .provider: true
        case .validator: access.endpoints.isEmpty
        case .gateway, .dashboard: access.endpoints.isEmpty && settings.engineRPC == nil
        }
      return isDue || FileManager.default.fileExists(atPath: directory.lockPath(of: $0))
    }
  }
}
