import Consensus
import Foundation
import Locks
import Logging
import NIOCore
import NIOPosix

/// The ledger's side of ABCI 2.0: listens for a CometBFT node and answers its calls.
///
/// A node dials four connections, which nothing on the wire tells apart: each may carry any call.
package final class ABCIServer: Sendable {
  /// How an ABCI server is run.
  package struct Configuration: Sendable {
    /// Where it listens.
    package var endpoint: ABCIEndpoint
    /// The most connections at once: a node has four, and comes back before its old ones are gone.
    package var connectionLimit = 32
    /// The largest request, in bytes.
    package var frameLimit = FrameDecoder.defaultLimit
    /// The program's version, which the node shows.
    package var version: String

    package init(endpoint: ABCIEndpoint, version: String) {
      self.endpoint = endpoint
      self.version = version
    }
  }

  private let configuration: Configuration
  private let answerer: RequestAnswerer
  private let logger: Logger
  private let listener = Locked<(any Channel)?>(nil)
  private let open = Locked<[ObjectIdentifier: any Channel]>([:])

  package init(
    application: any LedgerApplication, configuration: Configuration, logger: Logger
  ) {
    self.configuration = configuration
    self.logger = logger
    answerer = RequestAnswerer(
      application: application, version: configuration.version, peer: PeerVersion(),
      logger: logger)
  }

  /// Begins to listen and returns where.
  /// - Throws: when the address is taken.
  package func start() async throws -> ABCIEndpoint {
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 16)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.writeBufferWaterMark, value: .init(low: 1 << 18, high: 1 << 20))
      .childChannelInitializer { channel in self.accept(channel) }
    let channel: any Channel
    let bound: ABCIEndpoint
    switch configuration.endpoint {
    case .tcp(let host, let port):
      if !configuration.endpoint.isLocal {
        logger.warning(
          "the ABCI socket knows no authentication; let only the node reach it",
          metadata: ["endpoint": "\(configuration.endpoint)"])
      }
      channel = try await bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
        .bind(host: host, port: port).get()
      bound = .tcp(host: host, port: channel.localAddress?.port ?? port)
    case .unix(let path):
      channel = try await bootstrap.bind(
        unixDomainSocketPath: path, cleanupExistingSocketFile: true
      ).get()
      try FileManager.default.setAttributes([.posixPermissions: 0o660], ofItemAtPath: path)
      bound = configuration.endpoint
    }
    listener.withLock { $0 = channel }
    logger.info("ABCI listens", metadata: ["endpoint": "\(bound)"])
    return bound
  }

  private func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
    let id = ObjectIdentifier(channel)
    let count = open.withLock { open in
      open[id] = channel
      return open.count
    }
    channel.closeFuture.whenComplete { _ in _ = self.open.withLock { $0.removeValue(forKey: id) } }
    guard count <= configuration.connectionLimit else {
      logger.warning("too many ABCI connections", metadata: ["connections": "\(count)"])
      return channel.eventLoop.makeFailedFuture(TooManyConnections(limit: count - 1))
    }
    logger.debug("ABCI connection", metadata: ["connections": "\(count)"])
    return channel.eventLoop.makeCompletedFuture {
      try channel.pipeline.syncOperations.addHandler(
        ABCIConnection(
          answerer: self.answerer, frameLimit: self.configuration.frameLimit, logger: self.logger))
    }
  }

  /// How many connections there are.
  package var connectionCount: Int { open.withLock { $0.count } }

  /// Stops listening and closes every connection.
  package func shutdown() async {
    let channel = listener.withLock { listener in
      defer { listener = nil }
      return listener
    }
    try? await channel?.close()
    for channel in open.withLock({ Array($0.values) }) { try? await channel.close() }
    if case .unix(let path) = configuration.endpoint {
      try? FileManager.default.removeItem(atPath: path)
    }
  }
}

/// A connection was closed because there are enough.
struct TooManyConnections: Error, CustomStringConvertible {
  let limit: Int
  var description: String { "at most \(limit) ABCI connections are taken" }
}
