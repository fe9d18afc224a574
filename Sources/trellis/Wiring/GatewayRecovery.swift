import ChainClient
import Cryptography
import Foundation
import Ledger
import Logging
import NodeLink
import Primitives
import ServiceKit
import StorageGateway
import StorageService

/// Builds and runs the recovery of one identity's gateway.
struct GatewayRecovery {
  private let network: OpenNetwork
  private let name: String
  private let seed: IdentitySeed
  private let directory: String
  private let port: Int
  private let ignoresSilent: Bool

  /// - Throws: ``UserError`` when there is no such identity.
  init(
    _ network: OpenNetwork, identity: String, directory: String?, port: Int?, ignoresSilent: Bool
  ) throws {
    self.network = network
    name = identity
    seed = try network.secrets.identity(identity)
    self.directory = directory ?? network.directory.dataDirectory(of: .gateway)
    self.port = port ?? network.settings.ports.gateway
    self.ignoresSilent = ignoresSilent
  }

  /// - Throws: ``UserError``, ``RecoveryError``, or what ledger, disk and links throw.
  func run(
    _ report: @escaping @Sendable (RecoveryProgress) -> Void
  ) async throws -> RecoverySummary {
    try NetworkDirectory.make(directory, mode: 0o700)
    let lock = try ProcessLock.acquire(directory + "/lock", retryingFor: 5)
    defer { lock.release() }
    var logger = Logger(label: "trellis.recovery")
    logger.logLevel = .error
    let client = network.ledger
    let node = try SeedFile.ensure(directory + "/key").linkKey
    let pool = LinkPool(identity: try NodeIdentity(key: node), logger: logger)
    let lease = try await self.lease(client)
    let draft = directory + "/\(name).recovering"
    try NetworkDirectory.make(draft, mode: 0o700)
    let registry = LedgerWriterRegistry(
      client: client, signer: seed.ledgerKey, lease: lease, gateway: node.accountID,
      endpoint: "http://127.0.0.1:\(port)")
    let writer = WriterGuard(
      registry: registry, store: WriterClaimStore(path: NetworkRecovery.claimsPath(in: draft)),
      logger: logger)
    let ledger = LedgerStorageNetwork(
      client: client, chain: try await client.chain(), lease: lease, signer: seed.ledgerKey,
      logger: logger)
    let recovery = NetworkRecovery(
      NetworkRecovery.Configuration(
        ledger: LedgerRecovery(client: client, lease: lease), network: ledger,
        transport: LinkShardTransport(pool: pool, client: client), identity: seed,
        directory: draft, writer: writer, ignoresSilent: ignoresSilent, logger: logger,
        report: report))
    let result = await Result { try await recovery.run() }
    await pool.close()
    let summary = try result.get()
    try putInPlace(draft, epoch: summary.epoch)
    return summary
  }

  /// The lease that holds the identity's log.
  private func lease(_ client: LedgerClient) async throws -> LeaseID {
    let customer = seed.ledgerKey.accountID
    if let record = try await LedgerWriterRegistry.record(of: customer, client: client) {
      return record.lease
    }
    throw UserError(
      "no gateway ever wrote for “\(name)” (\(customer.didKey))",
      advice: "There is nothing to recover: start `trellis gateway`.")
  }

  /// What was there before is kept beside it: it is fenced, and no use but to look at.
  private func putInPlace(_ draft: String, epoch: UInt64) throws {
    let place = directory + "/\(name)"
    let files = FileManager.default
    do {
      if files.fileExists(atPath: place) {
        try files.moveItem(atPath: place, toPath: place + ".before-epoch-\(epoch)")
      }
      try files.moveItem(atPath: draft, toPath: place)
    } catch {
      throw UserError("cannot put \(draft) in its place: \(error.localizedDescription)")
    }
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
