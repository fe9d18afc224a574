import ChainClient
import Cryptography
import Foundation
import GatewayKit
import Ledger
import Logging
import NodeLink
import Primitives
import ServiceKit
import StorageGateway
import StorageService

/// What all identities of a gateway share: its node key, its links, its memory.
struct GatewayNode: Sendable {
  /// The node key's account, by which the ledger names the gateway.
  let account: AccountID
  let pool: LinkPool
  let budget: BufferBudget
}

/// One identity in a gateway: its lease, its engine and its index.
///
/// It takes what it needs in order (ledger, lease, recovery, placement group) and tries again until
/// it has it, so a gateway may be started before everything else.
actor GatewayTenant {
  /// How it stands.
  struct State: Sendable {
    var trouble: String?
    var classInForce: String?
    var stagedBytes: UInt64 = 0
    var lease: String?
    /// Payload bytes of bundles that nobody wants and that are still paid for.
    var garbageBytes: UInt64 = 0
    var funding: FundingStatus?
  }

  nonisolated let name: String
  private let seed: IdentitySeed
  private let gateway: GatewayNode
  private let context: NodeProcess.Context
  private let logger: Logger
  private let index: ObjectIndex
  private let catalog: SegmentCatalog
  private let claims: WriterClaimStore
  private var engine: StorageEngine?
  private var writer: WriterGuard?
  private var lease: LeaseID?
  private var trouble: String? = "waits for the ledger"

  /// The ledger lane of the lease's orders and top-ups; the engine has lanes of its own.
  static let leaseLane: UInt8 = 3

  /// Opens the identity's files. - Throws: when they cannot be used.
  init(
    _ name: String, seed: IdentitySeed, _ gateway: GatewayNode, _ context: NodeProcess.Context
  ) throws {
    self.name = name
    self.seed = seed
    self.gateway = gateway
    self.context = context
    var logger = context.logger
    logger[metadataKey: "identity"] = "\(name)"
    self.logger = logger
    let directory = context.directory + "/" + name
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    index = try ObjectIndex(path: directory + "/index.sqlite")
    catalog = try SegmentCatalog(path: directory + "/segments.sqlite")
    claims = WriterClaimStore(path: directory + "/writer.json")
  }

  /// How it stands now.
  func state() async -> State {
    guard let engine else { return State(trouble: trouble) }
    let status = await engine.status()
    let reason = status.classInForce == nil ? status.unavailableReason ?? "starting" : nil
    return State(
      trouble: writer?.fencedReason ?? trouble ?? reason, classInForce: status.classInForce,
      stagedBytes: status.stagedBytes, lease: lease.map { "\($0)" },
      garbageBytes: status.garbageBytes, funding: await engine.funding())
  }

  /// Serves the identity until cancelled.
  func run(in service: S3Service) async {
    let epoch = context.network.settings.epochMilliseconds
    let keeper = LeaseKeeper(
      ledger: context.ledger, signer: seed.ledgerKey,
      plan: LeasePlan(
        service: StorageKeys.service, ceiling: DevnetPrices.ceiling,
        escrow: context.network.settings.escrowPlan,
        runwayMilliseconds: 40 * epoch),
      lane: Self.leaseLane, logger: logger)
    guard let engine = await start(keeper, service) else { return }
    await withTaskGroup(of: Void.self) { group in
      if context.network.settings.topsUpByItself {
        group.addTask { await keeper.run(every: .milliseconds(Int64(epoch / 2))) }
      }
      group.addTask { await engine.run() }
      // The engine ends when it is cancelled or fenced; the lease is another's to keep then.
      await group.next()
      group.cancelAll()
    }
    if writer?.fencedReason != nil {
      // It stays to say so: the gateway may serve others.
      while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
      return
    }
    // The task is cancelled by now; what flushes must not be.
    await Task.detached { await engine.flush() }.value
  }

  private func start(_ keeper: LeaseKeeper, _ service: S3Service) async -> StorageEngine? {
    var pause = Duration.milliseconds(100)
    while !Task.isCancelled {
      do {
        let lease = try await keeper.ensure()
        let writer = try await claimedWriter(lease)
        let engine = try await makeEngine(lease, writer)
        try await engine.start()
        try await service.add(
          S3Tenant(
            name: name, ownerID: seed.ledgerKey.accountID.hex, engine: engine, index: index,
            tariff: { [ledger = context.ledger] in await Self.tariff(lease, engine, ledger) },
            bucketKey: { [seed] in seed.bucketKey($0) }, admit: { try await writer.require() }))
        self.lease = lease
        self.engine = engine
        trouble = nil
        service.explain(nil, for: name)
        return engine
      } catch {
        trouble = "\(error)"
        service.explain(trouble, for: name)
        logger.info("cannot serve yet", metadata: ["why": "\(error)"])
        try? await Task.sleep(for: pause)
        pause = min(pause * 2, .seconds(2))
      }
    }
    return nil
  }

  /// What bytes cost under the lease now; nil while the ledger or the class is not known.
  private static func tariff(
    _ lease: LeaseID, _ engine: StorageEngine, _ ledger: LedgerClient
  ) async -> StorageTariff? {
    guard let name = await engine.status().classInForce, let codeClass = CodeClass(name: name),
      let record = try? await ledger.value(StateKeys.lease(lease), as: LeaseRecord.self)
    else { return nil }
    return StorageTariff(prices: record.prices, codeClass: codeClass)
  }

  /// Becomes the writer once a start; what fails after that is tried again under the same epoch.
  private func claimedWriter(_ lease: LeaseID) async throws -> WriterGuard {
    if let writer {
      try await writer.confirm()
      return writer
    }
    let fresh = WriterGuard(
      registry: LedgerWriterRegistry(
        client: context.ledger, signer: seed.ledgerKey, lease: lease, gateway: gateway.account,
        endpoint: "http://127.0.0.1:\(context.mainPort)"),
      store: claims, logger: logger)
    try await fresh.begin()
    writer = fresh
    return fresh
  }

  private func makeEngine(
    _ lease: LeaseID, _ writer: WriterGuard
  ) async throws -> StorageEngine {
    var limits = SegmentLimits()
    // Data is staged until its segment is bundled; on a devnet that is soon enough to watch.
    limits.sealAfter = .milliseconds(Int64(context.network.settings.epochMilliseconds / 10))
    limits.checkpointAfter = .milliseconds(
      Int64(min(2 * context.network.settings.epochMilliseconds, 600_000)))
    limits.collectEvery = min(
      .seconds(10), .milliseconds(Int64(context.network.settings.epochMilliseconds / 4)))
    limits.recodeAfter = .milliseconds(Int64(context.network.settings.epochMilliseconds))
    let network = LedgerStorageNetwork(
      client: context.ledger, chain: try await context.ledger.chain(), lease: lease,
      signer: seed.ledgerKey, fencingEpoch: writer.epoch, logger: logger)
    return StorageEngine(
      StorageEngine.Configuration(
        network: network,
        transport: LinkShardTransport(pool: gateway.pool, client: context.ledger),
        catalog: catalog, index: index, identity: seed, limits: limits, writer: writer,
        budget: gateway.budget, logger: logger))
  }
}
