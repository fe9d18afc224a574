import Catalogue
import Consensus
import Cryptography
import Ledger
import LedgerStore
import Telemetry

/// Builds the validator: store, ledger, driver, RPC.
enum ValidatorWiring {
  /// Runs until cancelled.
  /// - Throws: when the ledger or its store fails: `up --restart`, or a person, starts it again.
  static func run(
    _ context: NodeProcess.Context, price: any TokenPriceSource
  ) async throws {
    let seed = try context.network.secrets.identity("validator")
    let genesis = try GenesisFile.read(from: context.network.directory)
    let store = try SQLiteLedgerStore(path: context.directory + "/ledger.sqlite")
    defer { store.close() }
    let node = try LedgerNode(
      genesis: genesis, services: ServiceCatalogue.modules, store: store,
      configuration: LedgerNode.Configuration(
        checksInvariants: true,
        validator: (account: seed.ledgerKey.accountID, key: seed.verifiableRandomKey),
        priceSource: price, signingKey: seed.ledgerKey),
      logger: context.logger)
    let driver = SoloDriver(application: node, key: seed.ledgerKey, logger: context.logger)
    let server = RPCServer(
      driver: driver, port: context.ports.validator, moniker: context.name.id,
      logger: context.logger)
    _ = try await server.start()
    await context.health.set { await health(driver, node) }
    let feed = (price as? TokenPriceFeed).map { feed in Task { await feed.run() } }
    defer { feed?.cancel() }
    do {
      try await driver.run()
      await server.shutdown()
    } catch {
      await server.shutdown()
      throw error
    }
  }

  private static func health(_ driver: SoloDriver, _ node: LedgerNode) async -> HealthReport {
    let info = node.committedInfo
    if let reason = await driver.haltReason {
      return HealthReport(isHealthy: false, summary: "makes no blocks: \(reason)")
    }
    return HealthReport(
      isHealthy: true, summary: "makes blocks; height \(info.height)",
      details: [
        (name: "height", value: "\(info.height)"), (name: "stateRoot", value: info.stateRoot.hex),
      ])
  }
}
