import Logging
import NIOCore
import NIOPosix
import Primitives

/// One ``LinkClient`` per node, made on demand. A node that moved gets a new client.
package actor LinkPool {
  private let identity: NodeIdentity
  private let limits: LinkClientLimits
  private let group: any EventLoopGroup
  private let logger: Logger
  private var clients: [AccountID: LinkClient] = [:]
  private var isClosed = false

  package init(
    identity: NodeIdentity, limits: LinkClientLimits = .init(),
    group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    logger: Logger = Logger(label: "node-link")
  ) {
    self.identity = identity
    self.limits = limits
    self.group = group
    self.logger = logger
  }

  /// The client of `peer` at `endpoint` (`host:port`, as the ledger's provider record has it).
  /// - Throws: ``LinkError/notConnected(reason:)`` for an endpoint that is none, or
  ///   ``LinkError/closed``.
  package func client(for peer: AccountID, endpoint: String) async throws -> LinkClient {
    guard !isClosed else { throw LinkError.closed }
    guard let place = LinkEndpoint(endpoint) else {
      throw LinkError.notConnected(reason: "\"\(endpoint)\" is no host:port")
    }
    let known = clients[peer]
    if let known, known.endpoint == place { return known }
    let client = LinkClient(
      identity: identity, host: place.host, port: place.port, expectedPeer: peer, limits: limits,
      group: group, logger: logger)
    clients[peer] = client
    await known?.close()
    return client
  }

  /// Closes and forgets the client of a node, if there is one.
  package func remove(_ peer: AccountID) async {
    await clients.removeValue(forKey: peer)?.close()
  }

  /// Closes all clients; none is made afterwards.
  package func close() async {
    isClosed = true
    let all = clients.sorted { $0.key < $1.key }.map(\.value)
    clients = [:]
    for client in all { await client.close() }
  }
}
