import Locks
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization

/// The limits of the RPC listener: what one client can make it hold.
package struct RPCLimits: Sendable {
  /// The most bytes of a request's body: the largest transaction in base 64, and room for a batch.
  package var bodyBytes = 4 << 20
  /// The most header fields, and bytes of them together.
  package var headerCount = 64
  package var headerBytes = 16_384
  /// The longest URI, in bytes.
  package var uriBytes = 65_536
  /// How long a client may take to send a whole request, in seconds.
  package var requestSeconds: Int64 = 15
  /// How long a connection may be silent between requests, in seconds.
  package var idleSeconds: Int64 = 120
  /// The most connections at once.
  package var connections = 512
  /// The most subscriptions of one WebSocket.
  package var subscriptions = 5
  /// The largest WebSocket message, in bytes.
  package var messageBytes = 4 << 20

  package init() {}
}

/// CometBFT's JSON-RPC over Solo: HTTP GET and POST, and `/websocket`.
package final class RPCServer: Sendable {
  private let dispatcher: RPCDispatcher
  private let limits: RPCLimits
  private let logger: Logger
  private let open = Atomic<Int>(0)
  private let listener = Locked<(any Channel)?>(nil)
  private let host: String
  private let port: Int

  /// A server on `host:port`; port 0 takes a free one. `moniker` is what `status` calls the node.
  package init(
    driver: SoloDriver, host: String = "127.0.0.1", port: Int, moniker: String = "solo",
    limits: RPCLimits = RPCLimits(), logger: Logger
  ) {
    self.host = host
    self.port = port
    self.limits = limits
    self.logger = logger
    dispatcher = RPCDispatcher(
      methods: RPCMethods(driver: driver, moniker: moniker, listenAddress: "\(host):\(port)"))
  }

  /// Begins to listen and returns the port.
  /// - Throws: when the port is taken.
  package func start() async throws -> Int {
    let (dispatcher, limits, logger) = (dispatcher, limits, logger)
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        guard self.open.add(1, ordering: .relaxed).newValue <= limits.connections else {
          self.open.subtract(1, ordering: .relaxed)
          return channel.eventLoop.makeFailedFuture(TooManyConnections())
        }
        channel.closeFuture.whenComplete { _ in self.open.subtract(1, ordering: .relaxed) }
        return channel.eventLoop.makeCompletedFuture {
          try Self.configure(channel, dispatcher: dispatcher, limits: limits, logger: logger)
        }
      }
      .bind(host: host, port: port).get()
    listener.withLock { $0 = channel }
    let bound = channel.localAddress?.port ?? port
    logger.info("RPC listens", metadata: ["host": "\(host)", "port": "\(bound)"])
    return bound
  }

  /// How many clients are connected.
  package var connectionCount: Int { open.load(ordering: .relaxed) }

  /// Stops listening. Connections end with the process.
  package func shutdown() async {
    let channel = listener.withLock { listener in
      defer { listener = nil }
      return listener
    }
    try? await channel?.close()
  }

  private static func configure(
    _ channel: any Channel, dispatcher: RPCDispatcher, limits: RPCLimits, logger: Logger
  ) throws {
    let http = RPCConnectionHandler(dispatcher: dispatcher, limits: limits)
    let boundHTTP = NIOLoopBound(http, eventLoop: channel.eventLoop)
    let upgrader = NIOWebSocketServerUpgrader(
      maxFrameSize: limits.messageBytes, automaticErrorHandling: true,
      shouldUpgrade: { channel, head in
        let isHere = head.uri == "/websocket" || head.uri.hasPrefix("/websocket?")
        return channel.eventLoop.makeSucceededFuture(isHere ? [:] : nil)
      },
      upgradePipelineHandler: { channel, _ in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(
            NIOWebSocketFrameAggregator(
              minNonFinalFragmentSize: 1, maxAccumulatedFrameCount: 1024,
              maxAccumulatedFrameSize: limits.messageBytes))
          try pipeline.addHandler(
            WebSocketHandler(dispatcher: dispatcher, limits: limits, logger: logger))
        }
      })
    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
      withPipeliningAssistance: true,
      withServerUpgrade: (
        upgraders: [upgrader],
        completionHandler: { context in
          boundHTTP.value.cancelDeadline()
          context.pipeline.syncOperations.removeHandler(boundHTTP.value, promise: nil)
        }
      ), withErrorHandling: true)
    try channel.pipeline.syncOperations.addHandler(http)
  }
}

/// A connection beyond the limit; it is closed without an answer.
private struct TooManyConnections: Error {}
