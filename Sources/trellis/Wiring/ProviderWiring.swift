import Cryptography
import Foundation
import Ledger
import NodeLink
import Primitives
import ProviderAgent
import ServiceKit
import StorageProvider
import StorageService
import Telemetry

/// Builds a provider: shard store, link, limits, registration.
enum ProviderWiring {
  /// What a provider puts at stake, in tokens.
  static let bondTokens: UInt128 = 10_000
  /// The disk quota of a provider whose limits name none, in bytes.
  static let standardQuotaBytes: UInt64 = 64 << 30
  /// The ledger lane of registration; proofs and repairs have lanes of their own.
  static let registrationLane: UInt8 = 60

  /// Runs until cancelled. - Throws: when the disk or a port cannot be used.
  static func run(_ context: NodeProcess.Context) async throws {
    // The account's key is the node's key: a peer finds the provider's account on the ledger and
    // accepts nobody else at its endpoint.
    let key = try context.network.secrets.provider(context.name).ledgerKey
    let files = OperatorFiles(directory: context.directory)
    let limits = try files.limits()
    let profile = try files.profile()
    let host = profile.listenHost ?? "127.0.0.1"
    try NetworkInterfaces.check(
      host: host, allowed: profile.meteredInterfaces ?? [],
      addresses: NetworkInterfaces.addresses())
    let quota = limits.diskBytes ?? standardQuotaBytes
    let meter = try TransferMeter(
      path: context.directory + "/transfer", unixMilliseconds: SystemTime.unixMilliseconds())
    let guardian = LimitGuard(
      limits: limits, meter: meter, unixMilliseconds: SystemTime.unixMilliseconds,
      nanoseconds: SystemTime.steadyNanoseconds)
    let identity = try NodeIdentity(key: key)
    let pool = LinkPool(identity: identity, logger: context.logger)
    let access = RemoteStorageLedger(client: context.ledger, signer: key)
    var configuration = StorageProviderService.Configuration(
      key: key, shardDirectory: context.directory + "/shards",
      indexPath: context.directory + "/provider.sqlite", quotaBytes: quota)
    // Read anew with each block, so that `provider pause` needs no restart.
    configuration.isPaused = { (try? files.profile().isPaused) ?? false }
    let service = try StorageProviderService(
      configuration, access: access, peers: LinkedProviders(pool: pool, access: access),
      limits: guardian,
      logger: context.logger)
    let server = LinkServer(
      identity: identity, host: host, port: context.ports.main(of: context.name),
      orderingKey: LinkBody.orderingKey, logger: context.logger,
      payloadHandler: { peer, body in await service.handler.respond(to: peer, body) })
    _ = try await server.start()
    let (stored, egress) = try profile.prices()
    await register(
      key, host: host, quota: quota, prices: DevnetPrices.offer(stored: stored, egress: egress),
      context)
    await context.health.set { await health(service) }
    await service.run()
    await server.shutdown()
    await pool.close()
    try meter.flush()
  }

  /// Registers, bonds and offers; tries again until the ledger has it.
  private static func register(
    _ key: SigningKey, host: String, quota: UInt64, prices: PriceVector,
    _ context: NodeProcess.Context
  ) async {
    let registration = ProviderRegistration(
      ledger: context.ledger, key: key, lane: registrationLane, logger: context.logger)
    let offer = ProviderOffer(
      service: StorageKeys.service, prices: prices, capacity: quota)
    var pause = Duration.milliseconds(200)
    while !Task.isCancelled {
      do {
        _ = try await registration.ensure(
          endpoint: "\(host):\(context.ports.main(of: context.name))",
          bond: .whole(bondTokens), offers: [offer])
        return
      } catch {
        await context.health.set(healthy: false, "cannot register: \(error)")
        context.logger.warning("cannot register yet", metadata: ["why": "\(error)"])
        try? await Task.sleep(for: pause)
        pause = min(pause * 2, .seconds(5))
      }
    }
  }

  private static func health(_ service: StorageProviderService) async -> HealthReport {
    let store = service.store
    guard await service.isReady else {
      return HealthReport(isHealthy: false, summary: "waits for the ledger")
    }
    return HealthReport(
      isHealthy: true,
      summary: "keeps \(store.usedBytes) bytes in \(store.shardCount) shards",
      details: [
        (name: "usedBytes", value: "\(store.usedBytes)"),
        (name: "freeBytes", value: "\(store.freeBytes)"),
        (name: "shards", value: "\(store.shardCount)"),
      ])
  }
}
