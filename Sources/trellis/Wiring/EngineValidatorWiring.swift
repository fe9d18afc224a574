import ABCI
import Catalogue
import Consensus
import Cryptography
import Ledger
import LedgerStore
import Telemetry

/// Builds the validator beside a CometBFT node: store, ledger, snapshots, ABCI server.
enum EngineValidatorWiring {
  /// Runs until cancelled, or until the ledger halts.
  /// - Throws: when the ledger or its store fails: a supervisor starts it again.
  static func run(
    _ context: NodeProcess.Context, price: any TokenPriceSource, endpoint: ABCIEndpoint,
    keptBlocks: UInt64?, snapshotInterval: UInt64
  ) async throws {
    let seed = try context.network.secrets.identity("validator")
    let genesis = try GenesisFile.read(from: context.network.directory)
    let store = try SQLiteLedgerStore(path: context.directory + "/ledger.sqlite")
    defer { store.close() }
    // An engine that begins at block 1 cannot take over a ledger that has made its own.
    if try store.earliestHeight() != nil {
      throw UserError(
        "\(context.directory) holds a ledger that ordered its own blocks, as `trellis up` does",
        advice: "An engine needs one of its own: `trellis network testnet` or `network join`.")
    }
    var configuration = LedgerNode.Configuration(
      checksInvariants: true,
      validator: (account: seed.ledgerKey.accountID, key: seed.verifiableRandomKey),
      priceSource: price, signingKey: seed.ledgerKey, keptBlocks: keptBlocks)
    configuration.snapshotInterval = snapshotInterval
    configuration.snapshots = try SnapshotStore(
      directory: context.directory + "/snapshots", logger: context.logger)
    let node = try LedgerNode(
      genesis: genesis, services: ServiceCatalogue.modules, store: store,
      configuration: configuration, logger: context.logger)
    let server = ABCIServer(
      application: node,
      configuration: ABCIServer.Configuration(
        endpoint: endpoint, version: "\(ApplicationInfo.protocolVersion)"),
      logger: context.logger)
    await context.health.set { health(server, node) }
    do {
      _ = try await server.start()
    } catch {
      throw UserError("ABCI cannot listen on \(endpoint): \(error)")
    }
    let feed = (price as? TokenPriceFeed).map { feed in Task { await feed.run() } }
    defer { feed?.cancel() }
    do {
      while node.halted == nil { try await Task.sleep(for: .milliseconds(200)) }
    } catch {
      // Told to stop.
    }
    await server.shutdown()
    if let reason = node.halted { throw reason }
  }

  private static func health(_ server: ABCIServer, _ node: LedgerNode) -> HealthReport {
    let info = node.committedInfo
    if let reason = node.halted {
      return HealthReport(isHealthy: false, summary: "executes no blocks: \(reason)")
    }
    let count = server.connectionCount
    return HealthReport(
      isHealthy: count > 0,
      summary: count > 0
        ? "serves a node; height \(info.height)" : "waits for a node; height \(info.height)",
      details: [
        (name: "height", value: "\(info.height)"), (name: "stateRoot", value: info.stateRoot.hex),
        (name: "connections", value: "\(count)"),
      ])
  }
}
