import Foundation
import Ledger
import Primitives

/// What `up` was told, kept so that the next `up` resumes the same network.
struct NetworkSettings: Codable, Sendable {
  /// The layout's version.
  var version = 1
  var portBase: Int
  /// The length of a settlement epoch in milliseconds.
  var epochMilliseconds: UInt64
  /// The numbers of the providers that there are, from 1.
  var providers: [Int]
  /// The customers' identities that the gateway serves.
  var identities: [String]
  /// The host name below which `bucket.name` names a bucket of the gateway's, besides localhost.
  var domain: String?

  /// What the stream bucket of each identity's lease begins with and is filled up to, in credits;
  /// nil for the standard.
  var streamCredits: String?
  /// Whether the gateway tops leases up out of their customers' balances; nil for yes.
  var topsUp: Bool?

  /// The RPC of the consensus engine beside which the validator runs, such as
  /// `http://127.0.0.1:26657`; nil where the validator orders blocks itself.
  var engineRPC: String?

  /// What a lease's escrow begins with, in credits, and is filled up to as it is used.
  var escrowPlan: EscrowBalances {
    EscrowBalances(
      stream: streamCredits.flatMap { Credits(decimal: $0) } ?? .whole(100), staging: .whole(20),
      repair: .whole(20), usage: .whole(100))
  }
  /// Whether the gateway tops leases up without being asked.
  var topsUpByItself: Bool { topsUp ?? true }

  var ports: PortPlan { PortPlan(base: portBase) }

  /// The ledger's RPC.
  var ledgerEndpoint: String { engineRPC ?? "http://127.0.0.1:\(ports.validator)" }

  /// Refuses to order blocks where an engine does: the ledger would be forked.
  /// - Throws: ``UserError``.
  func requireOwnBlocks() throws {
    guard let engineRPC else { return }
    throw UserError(
      "this is the ledger of a CometBFT node, \(engineRPC), which orders its blocks",
      advice: "Start it with `trellis validator --abci …`; see docs/validators.md.")
  }

  /// Where a process is reached, by what for.
  func endpoints(of process: ProcessName) -> [String: String] {
    var endpoints = ports.endpoints(of: process)
    guard process.role == .validator, let engineRPC, var address = URLComponents(string: engineRPC)
    else { return endpoints }
    address.scheme = address.scheme == "https" ? "wss" : "ws"
    endpoints["rpc"] = engineRPC
    endpoints["websocket"] = address.string.map { $0 + "/websocket" }
    return endpoints
  }

  /// All processes, in the order in which they are started.
  var processes: [ProcessName] {
    [.validator] + providers.map { .provider($0) } + [.gateway, .dashboard]
  }

  /// Reads the settings of a network.
  /// - Throws: ``UserError``.
  static func load(from directory: NetworkDirectory) throws -> NetworkSettings {
    try directory.requireExisting()
    return try JSON.read(NetworkSettings.self, from: directory.settingsPath)
  }

  /// Writes them whole. - Throws: ``UserError``.
  func save(to directory: NetworkDirectory) throws {
    try AtomicFile.write(json: self, to: directory.settingsPath)
  }

  /// Adds providers with the next free numbers, under a lock, and returns the numbers.
  /// - Throws: ``UserError``.
  static func addProviders(_ count: Int, to directory: NetworkDirectory) throws -> [Int] {
    let lock = try ProcessLock.acquire(directory.settingsLockPath, retryingFor: 5)
    defer { lock.release() }
    var settings = try load(from: directory)
    let first = (settings.providers.max() ?? 0) + 1
    let added = Array(first..<(first + count))
    if settings.engineRPC != nil, first + count - 1 > PortPlan.providersBesideAnEngine {
      throw UserError(
        "beside a CometBFT node there are ports for \(PortPlan.providersBesideAnEngine) providers")
    }
    settings.providers += added
    try directory.prepare(for: added.map { .provider($0) })
    try settings.save(to: directory)
    return added
  }

  /// Adds a customer's identity that the gateway serves from its next start on.
  /// - Throws: ``UserError``.
  static func addIdentity(_ name: String, to directory: NetworkDirectory) throws {
    let lock = try ProcessLock.acquire(directory.settingsLockPath, retryingFor: 5)
    defer { lock.release() }
    var settings = try load(from: directory)
    if !settings.identities.contains(name) { settings.identities.append(name) }
    try settings.save(to: directory)
  }
}
