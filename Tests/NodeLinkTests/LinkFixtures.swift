import Cryptography
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Primitives
import Testing

@testable import NodeLink

/// Keys and servers for the tests of the link.
enum LinkFixtures {
  static func key(_ number: UInt64) -> SigningKey {
    SigningKey(seed: Bytes32(words: (number, 1, 2, 3)))
  }

  static func identity(_ number: UInt64) throws -> NodeIdentity {
    try NodeIdentity(key: key(number))
  }

  static var quiet: Logger {
    Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  }

  static func body(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

  /// Starts a server, runs `body` with its port, and shuts it down.
  static func withServer(
    identity: NodeIdentity? = nil, limits: LinkServerLimits = .init(),
    orderingKey: (@Sendable (ByteBuffer) -> UInt64?)? = nil,
    handler: @escaping LinkServer.Handler,
    run body: (LinkServer, Int) async throws -> Void
  ) async throws {
    let server = LinkServer(
      identity: try identity ?? Self.identity(1), host: "127.0.0.1", port: 0, limits: limits,
      orderingKey: orderingKey, logger: quiet, handler: handler)
    let port = try await server.start()
    do {
      try await body(server, port)
    } catch {
      await server.shutdown()
      throw error
    }
    await server.shutdown()
  }

  /// A client as node 2 of the server that is node 1; closed at the end.
  static func withClient(
    port: Int, identity: NodeIdentity? = nil, expected: AccountID? = nil,
    limits: LinkClientLimits = .init(), _ body: (LinkClient) async throws -> Void
  ) async throws {
    let client = LinkClient(
      identity: try identity ?? Self.identity(2), host: "127.0.0.1", port: port,
      expectedPeer: expected ?? key(1).accountID, limits: limits, logger: quiet)
    do {
      try await body(client)
    } catch {
      await client.close()
      throw error
    }
    await client.close()
  }

  /// Expects that an echoing server sends `text` back.
  static func expectEcho(_ client: LinkClient, _ text: String) async throws {
    let answer = try await client.call(body(text), timeoutSeconds: 10)
    #expect(answer == body(text))
  }

  /// What `operation` throws as a ``LinkError``; nil when it throws nothing of the kind.
  static func linkError(_ operation: () async throws -> Void) async -> LinkError? {
    do {
      try await operation()
      return nil
    } catch {
      return error as? LinkError
    }
  }
}

/// A TLS client of the tests' own that sends whatever bytes it likes.
final class RawPeer: Sendable {
  let channel: any Channel
  private let received: Recorded<UInt8>

  private init(channel: any Channel, received: Recorded<UInt8>) {
    self.channel = channel
    self.received = received
  }

  /// Connects with TLS as `identity`, or without TLS when it is nil.
  static func connect(port: Int, identity: NodeIdentity?) async throws -> RawPeer {
    let received = Recorded<UInt8>()
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let identity {
            try channel.pipeline.syncOperations.addHandler(
              NIOSSLClientHandler(context: identity.clientContext, serverHostname: nil) {
                $1.succeed(.certificateVerified)
              })
          }
          try channel.pipeline.syncOperations.addHandler(Collector(received: received))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
    return RawPeer(channel: channel, received: received)
  }

  func send(_ bytes: [UInt8]) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
  }

  /// How many bytes have come so far.
  var receivedCount: Int { received.values.count }

  /// Everything received until the other side closed.
  func bytesUntilClosed() async throws -> [UInt8] {
    try? await channel.closeFuture.get()
    return received.values
  }

  func close() async { try? await channel.close().get() }
}

private final class Collector: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let received: Recorded<UInt8>
  init(received: Recorded<UInt8>) { self.received = received }
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    for byte in unwrapInboundIn(data).readableBytesView { received.append(byte) }
  }
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}

/// A gate that tasks wait at until it is opened.
actor Gate {
  private var isOpen = false
  private var waiters: [CheckedContinuation<Void, Never>] = []
  private(set) var arrivals = 0

  func pass() async {
    arrivals += 1
    if isOpen { return }
    await withCheckedContinuation { waiters.append($0) }
  }

  func open() {
    isOpen = true
    for waiter in waiters { waiter.resume() }
    waiters = []
  }
}
