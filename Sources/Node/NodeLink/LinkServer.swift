import Locks
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Primitives

/// Answers requests of other nodes over mutual TLS 1.3.
///
/// Requests of one connection run beside each other, bounded by ``LinkServerLimits``; beyond the
/// bound the socket is not read, so a peer that sends faster than it is served waits. Handlers
/// start in order of arrival; with an `orderingKey`, requests of one connection with equal keys
/// also
/// finish before the next one starts. A handler is not cancelled when its connection breaks.
package final class LinkServer: Sendable {
  /// Answers one request of `peer`, who has proven its node key. A thrown ``LinkRefusal`` reaches
  /// the peer with its code and text; any other error as `internal`.
  package typealias Handler =
    @Sendable (_ peer: AccountID, _ request: ByteBuffer) async throws -> ByteBuffer
  /// A ``Handler`` whose answers come in two pieces.
  package typealias PayloadHandler =
    @Sendable (_ peer: AccountID, _ request: ByteBuffer) async throws -> LinkPayload

  private let identity: NodeIdentity
  private let host: String
  private let port: Int
  private let group: any EventLoopGroup
  private let shared: LinkServerShared
  private let listener = Locked<(any Channel)?>(nil)

  /// - Parameters:
  ///   - host: the address to listen on.
  ///   - port: the port; 0 takes a free one, which ``start()`` returns.
  ///   - orderingKey: called on the event loop for each request, so it must only look at a few
  ///     bytes.
  package convenience init(
    identity: NodeIdentity, host: String, port: Int, limits: LinkServerLimits = .init(),
    orderingKey: (@Sendable (ByteBuffer) -> UInt64?)? = nil,
    group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    logger: Logger = Logger(label: "node-link"), handler: @escaping Handler
  ) {
    self.init(
      identity: identity, host: host, port: port, limits: limits, orderingKey: orderingKey,
      group: group, logger: logger,
      payloadHandler: { LinkPayload(try await handler($0, $1)) })
  }

  /// As ``init(identity:host:port:limits:orderingKey:group:logger:handler:)``, for answers that are
  /// too large to be copied.
  package init(
    identity: NodeIdentity, host: String, port: Int, limits: LinkServerLimits = .init(),
    orderingKey: (@Sendable (ByteBuffer) -> UInt64?)? = nil,
    group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    logger: Logger = Logger(label: "node-link"), payloadHandler: @escaping PayloadHandler
  ) {
    self.identity = identity
    self.host = host
    self.port = port
    self.group = group
    shared = LinkServerShared(
      limits: limits, orderingKey: orderingKey, logger: logger, handler: payloadHandler)
  }

  /// Listens. Returns the port.
  /// - Throws: when the address cannot be bound.
  package func start() async throws -> Int {
    let (identity, shared) = (self.identity, self.shared)
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.socketOption(.so_keepalive), value: 1)
      .childChannelOption(.tcpOption(LinkTransport.keepAliveIdle), value: 30)
      .childChannelOption(.tcpOption(LinkTransport.userTimeout), value: 30_000)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.writeBufferWaterMark, value: LinkTransport.waterMark)
      .childChannelOption(.recvAllocator, value: LinkTransport.receiveAllocator)
      .childChannelInitializer { channel in
        Self.configure(channel, identity: identity, shared: shared)
      }
      .bind(host: host, port: port).get()
    listener.withLock { $0 = channel }
    return channel.localAddress?.port ?? port
  }

  private static func configure(
    _ channel: any Channel, identity: NodeIdentity, shared: LinkServerShared
  ) -> EventLoopFuture<Void> {
    guard shared.admit(channel) else { return channel.close() }
    channel.closeFuture.whenComplete { _ in shared.remove(channel) }
    return channel.eventLoop.makeCompletedFuture {
      let verified = VerifiedPeer()
      let secure = NIOSSLServerHandler(context: identity.serverContext) { chain, promise in
        verified.verify(chain, expected: nil, promise: promise)
      }
      try channel.pipeline.syncOperations.addHandlers(
        secure, LinkServerConnection(shared: shared, verified: verified))
    }
  }

  /// How many connections are open now.
  package var connectionCount: Int { shared.connectionCount }

  /// Stops listening, answers what is in hand for at most ``LinkServerLimits/shutdownSeconds``,
  /// closes every connection, and returns when no handler runs any more.
  package func shutdown() async {
    let channel = listener.withLock { $0.take() }
    try? await channel?.close().get()
    let open = shared.beginClosing()
    for connection in open {
      connection.triggerUserOutboundEvent(LinkServerConnection.Drain(), promise: nil)
    }
    let dispatchers = shared.dispatchers
    let closing = Task {
      try await Task.sleep(for: .seconds(shared.limits.shutdownSeconds))
      for connection in open { connection.close(promise: nil) }
      for dispatcher in dispatchers { dispatcher.cancel() }
    }
    for connection in open { try? await connection.closeFuture.get() }
    for dispatcher in dispatchers { await dispatcher.value }
    closing.cancel()
  }
}

/// Socket settings that both sides share.
enum LinkTransport {
  /// Seconds of silence after which the kernel asks whether the peer is there (Linux).
  static let keepAliveIdle = NIOBSDSocket.Option(rawValue: 4)
  /// Milliseconds after which sent bytes that the peer's kernel did not confirm end the connection
  /// (Linux): a machine that vanished is noticed without waiting for a call's time-out.
  static let userTimeout = NIOBSDSocket.Option(rawValue: 18)
  /// Encrypted bytes that may wait for the socket: enough to keep it busy, not a second copy of
  /// every body.
  static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 256 << 10, high: 1 << 20)
  static let receiveAllocator = AdaptiveRecvByteBufferAllocator(
    minimum: 4 << 10, initial: 64 << 10, maximum: 512 << 10)
}
