import Cryptography
import GatewayKit
import NodeLink
import StorageGateway
import Telemetry

/// Builds the S3 gateway: one account with lease, engine and index for each identity.
enum GatewayWiring {
  /// Runs until cancelled. - Throws: when the disk or the port cannot be used.
  static func run(_ context: NodeProcess.Context) async throws {
    let identities = try context.network.settings.identities.map { name in
      (name: name, seed: try context.network.secrets.identity(name))
    }
    let credentials = SeedCredentials(identities)
    let configuration = S3Configuration(
      domains: ["localhost"] + [context.network.settings.domain].compactMap(\.self))
    let service = S3Service(
      configuration: configuration, credentials: credentials, logger: context.logger)
    // The gateway is known to providers by orders that an identity signed, not by its node key.
    let node = try SeedFile.ensure(context.directory + "/key").linkKey
    let pool = LinkPool(identity: try NodeIdentity(key: node), logger: context.logger)
    // One budget for all identities: their requests share the process's memory.
    let gateway = GatewayNode(account: node.accountID, pool: pool, budget: BufferBudget())
    let tenants = try identities.map { identity in
      try GatewayTenant(identity.name, seed: identity.seed, gateway, context)
    }
    let listening = ListeningFlag()
    await context.health.set { await health(tenants, listening) }
    let application = try HTTPServerSetup(port: context.mainPort).application(
      responder: service, logger: context.logger, onRunning: { _ in await listening.set() })
    await withTaskGroup(of: Void.self) { group in
      for tenant in tenants { group.addTask { await tenant.run(in: service) } }
      group.addTask {
        do { try await application.run() } catch {
          context.logger.critical("the S3 port cannot be served", metadata: ["why": "\(error)"])
        }
      }
      // Whichever ends first, by cancellation or failure, ends the gateway.
      await group.next()
      group.cancelAll()
    }
    await pool.close()
  }

  private static func health(
    _ tenants: [GatewayTenant], _ listening: ListeningFlag
  ) async -> HealthReport {
    guard await listening.isSet else {
      return HealthReport(isHealthy: false, summary: "starting")
    }
    var details: [(name: String, value: String)] = []
    var troubles: [String] = []
    for tenant in tenants {
      let state = await tenant.state()
      if let trouble = state.trouble { troubles.append("\(tenant.name): \(trouble)") }
      details.append((name: "\(tenant.name).staged-bytes", value: "\(state.stagedBytes)"))
      details.append((name: "\(tenant.name).garbage-bytes", value: "\(state.garbageBytes)"))
      if let funding = state.funding {
        details.append((name: "\(tenant.name).funding", value: funding.level.rawValue))
        if let seconds = funding.runwaySeconds {
          details.append((name: "\(tenant.name).runway-seconds", value: "\(seconds)"))
        }
        if let warning = funding.warning {
          details.append((name: "\(tenant.name).warning", value: warning))
        }
      }
      if let lease = state.lease { details.append((name: "\(tenant.name).lease", value: lease)) }
      if tenant.name == tenants.first?.name, let force = state.classInForce {
        details.append((name: "class", value: force))
      }
    }
    if !troubles.isEmpty {
      return HealthReport(
        isHealthy: false, summary: troubles.joined(separator: "; "), details: details)
    }
    let force = details.first { $0.name == "class" }?.value ?? "none"
    return HealthReport(
      isHealthy: true, summary: "serves S3; new data as \(force)", details: details)
  }
}

/// Whether the S3 port is open.
actor ListeningFlag {
  private(set) var isSet = false
  func set() { isSet = true }
}

/// Credentials that follow from the identities' seeds.
struct SeedCredentials: CredentialStore {
  private let known: [String: S3Credential]
  private let identities: [(name: String, seed: IdentitySeed)]

  init(_ identities: [(name: String, seed: IdentitySeed)]) {
    var known: [String: S3Credential] = [:]
    for identity in identities {
      let id = identity.seed.s3AccessKeyID
      known[id] = S3Credential(
        accessKeyID: id, secretKey: identity.seed.s3SecretKey, account: identity.name)
    }
    self.known = known
    self.identities = identities
  }

  func lookup(accessKeyID: String) async throws -> S3Credential? {
    if let own = known[accessKeyID] { return own }
    guard let grant = AccessGrant(accessKeyID: accessKeyID),
      let identity = identities.first(where: { AccessGrant.tag(of: $0.seed) == grant.identityTag })
    else { return nil }
    return S3Credential(
      accessKeyID: accessKeyID, secretKey: identity.seed.s3SecretKey(of: grant),
      account: identity.name, grant: grant)
  }
}
