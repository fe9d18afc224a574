import Foundation

/// `network.json`: what whoever talks to the network wants to know. Written whole at every change.
struct NetworkManifest: Codable, Sendable {
  /// One process, with the process id that it had when this was written.
  struct Process: Codable, Sendable {
    let role: ProcessRole
    let id: String
    let pid: Int32?
    let dataDirectory: String
    let endpoints: [String: String]
  }

  /// A customer's identity; its secret stays in `secrets/`.
  struct Identity: Codable, Sendable {
    let name: String
    let account: String
    let accessKeyID: String
  }

  var version = 1
  let chain: String
  let chainName: String
  let dataDirectory: String
  let executable: String
  let epochMilliseconds: UInt64
  let endpoints: [String: String]
  let identities: [Identity]
  let processes: [Process]

  /// Describes the network as it is now.
  /// - Throws: ``UserError`` when a secret cannot be read.
  init(of directory: NetworkDirectory, settings: NetworkSettings, chain: ChainIdentity) throws {
    self.chain = chain.id
    chainName = chain.name
    dataDirectory = directory.root
    executable = ChildProcess.ownExecutable
    epochMilliseconds = settings.epochMilliseconds
    let ports = settings.ports
    endpoints = [
      "rpc": settings.ledgerEndpoint, "s3": "http://127.0.0.1:\(ports.gateway)",
      "dashboard": "http://127.0.0.1:\(ports.dashboard)",
    ]
    let secrets = SecretStore(directory)
    identities = try settings.identities.map { name in
      let seed = try secrets.identity(name)
      return Identity(
        name: name, account: seed.ledgerKey.accountID.didKey, accessKeyID: seed.s3AccessKeyID)
    }
    processes = settings.processes.map { name in
      Process(
        role: name.role, id: name.id, pid: ProcessLock.holder(of: directory.lockPath(of: name)),
        dataDirectory: directory.dataDirectory(of: name), endpoints: settings.endpoints(of: name))
    }
  }

  /// Writes it whole. - Throws: ``UserError``.
  func save(to directory: NetworkDirectory) throws {
    try AtomicFile.write(json: self, to: directory.manifestPath)
  }
}

/// A chain's name and its identity, the hash of its genesis.
struct ChainIdentity: Codable, Sendable {
  let name: String
  let id: String
}
