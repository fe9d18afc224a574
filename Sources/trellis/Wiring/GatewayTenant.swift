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
  private let pool: LinkPool
  private let budget: BufferBudget
  private let context: NodeProcess.Context
  private let logger: Logger
  private let index: ObjectIndex
  private let catalog: SegmentCatalog
  private var engine: StorageEngine?
  private var lease: LeaseID?
  private var trouble: String? = "waits for the ledger"

  /// The ledger lane of the lease's orders and top-ups; the engine has lanes of its own.
  static let leaseLane: UInt8 = 3

  /// Opens the identity's files. - Throws: when they cannot be used.
  init(
    _ name: String, seed: IdentitySeed, pool: LinkPool, budget: BufferBudget,
    _ context: NodeProcess.Context
  ) throws {
    self.budget = budget
    self.name = name
    self.seed = seed
    self.pool = pool
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
  }

  /// How it stands now.
  func state() async -> State {
    guard let engine else { return State(trouble: trouble) }
    let status = await engine.status()
    let reason = status.classInForce == nil ? status.unavailableReason ?? "starting" : nil
    return State(
      trouble: trouble ?? reason, classInForce: status.classInForce,
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
      await group.waitForAll()
    }
    // The task is cancelled by now; what flushes must not be.
    await Task.detached { await engine.flush() }.value
  }

  private func start(_ keeper: LeaseKeeper, _ service: S3Service) async -> StorageEngine? {
    var pause = Duration.milliseconds(100)
    while !Task.isCancelled {
      do {
        let lease = try await keeper.ensure()
        let engine = try await makeEngine(lease)
        try await engine.start()
        try await service.add(
          S3Tenant(
            name: name, ownerID: seed.ledgerKey.accountID.hex, engine: engine, index: index,
            tariff: { [ledger = context.ledger] in await Self.tariff(lease, engine, ledger) },
            bucketKey: { [seed] in seed.bucketKey($0) }))
        self.lease = lease
        self.engine = engine
        trouble = nil
        return engine
      } catch {
        trouble = "\(error)"
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

  private func makeEngine(_ lease: LeaseID) async throws -> StorageEngine {
    var limits = SegmentLimits()
    // Data is staged until its segment is bundled; on a devnet that is soon enough to watch.
    limits.sealAfter = .milliseconds(Int64(context.network.settings.epochMilliseconds / 10))
    limits.collectEvery = min(
      .seconds(10), .milliseconds(Int64(context.network.settings.epochMilliseconds / 4)))
    limits.recodeAfter = .milliseconds(Int64(context.network.settings.epochMilliseconds))
    let network = LedgerStorageNetwork(
      client: context.ledger, chain: try await context.ledger.chain(), lease: lease,
      signer: seed.ledgerKey, logger: logger)
    return StorageEngine(
      StorageEngine.Configuration(
        network: network, transport: LinkShardTransport(pool: pool, client: context.ledger),
        catalog: catalog, index: index, identity: seed, limits: limits, budget: budget,
        logger: logger))
  }
}
