import ArgumentParser
import ChainClient
import Foundation
import Ledger
import Logging

/// `--data DIR`, which nearly every command has.
struct DataOption: ParsableArguments {
  @Option(
    name: .long, help: "The network's directory (else $TRELLIS_DATA, else .trellis).",
    completion: .directory)
  var data: String?

  var directory: NetworkDirectory {
    NetworkDirectory(
      data ?? ProcessInfo.processInfo.environment["TRELLIS_DATA"] ?? ".trellis")
  }

  /// The network that is there. - Throws: ``UserError``.
  func network() throws -> OpenNetwork { try OpenNetwork(directory) }
}

/// A network's directory with what commands need of it.
struct OpenNetwork: Sendable {
  let directory: NetworkDirectory
  let settings: NetworkSettings

  /// - Throws: ``UserError`` when there is no network.
  init(_ directory: NetworkDirectory) throws {
    self.directory = directory
    settings = try NetworkSettings.load(from: directory)
  }

  var secrets: SecretStore { SecretStore(directory) }

  /// A client of the network's ledger that says nothing by itself.
  var ledger: LedgerClient {
    var logger = Logger(label: "trellis.command")
    logger.logLevel = .critical
    return LedgerClient(
      endpoints: ["http://127.0.0.1:\(settings.ports.validator)"], logger: logger)
  }
}
