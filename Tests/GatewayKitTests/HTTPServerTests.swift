import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Locks
import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import GatewayKit

/// A plain TCP connection that sees every byte.
private final class RawClient: Sendable {
  private final class Reader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let received: Mutexed
    init(_ received: Mutexed) { self.received = received }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      received.append(String(buffer: unwrapInboundIn(data)))
    }
  }

  private final class Mutexed: Sendable {
    private let state = Locked("")
    var text: String { state.withLock { $0 } }
    func append(_ more: String) { state.withLock { $0 += more } }
  }

  let channel: any Channel
  private let received: Mutexed

  private init(channel: any Channel, received: Mutexed) {
    self.channel = channel
    self.received = received
  }

  static func connect(_ port: Int) async throws -> RawClient {
    let received = Mutexed()
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Reader(received))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
    return RawClient(channel: channel, received: received)
  }

  var text: String { received.text }

  func send(_ text: String) async throws {
    try await channel.writeAndFlush(ByteBuffer(string: text)).get()
  }

  func close() async { try? await channel.close().get() }
}

@Suite(.timeLimit(.minutes(1))) struct HTTPServerTests {
  private struct Responder: HTTPResponder {
    typealias Context = BasicRequestContext
    let body: @Sendable (Request) async throws -> Response
    func respond(to request: Request, context: Context) async throws -> Response {
      try await body(request)
    }
  }

  private func withServer(
    idleSeconds: Int64 = 60, _ respond: @escaping @Sendable (Request) async throws -> Response,
    _ body: (Int) async throws -> Void
  ) async throws {
    var setup = try HTTPServerSetup(port: 0)
    setup.idleSeconds = idleSeconds
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    let application = setup.application(
      responder: Responder(body: respond),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) { port in continuation.yield(port) }
    let running = Task { try await application.run() }
    var iterator = ports.makeAsyncIterator()
    let port = try #require(await iterator.next())
    do {
      try await body(port)
    } catch {
      running.cancel()
      _ = await running.result
      throw error
    }
    running.cancel()
    _ = await running.result
  }

  private static let echo: @Sendable (Request) async throws -> Response = { request in
    var request = request
    let body = try await request.collectBody(upTo: 1 << 20)
    return Response(status: .ok, body: .init(byteBuffer: body))
  }

  @Test func onlyLoopbackIsServed() {
    #expect(throws: HTTPServerSetup.Failure.notLoopback(host: "0.0.0.0")) {
      try HTTPServerSetup(host: "0.0.0.0", port: 0)
    }
  }

  @Test func aHeldBackBodyIsAskedFor() async throws {
    try await withServer(Self.echo) { port in
      let client = try await RawClient.connect(port)
      try await client.send(
        "PUT /a HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n")
      try await eventually("the go-ahead") { client.text == "HTTP/1.1 100 Continue\r\n\r\n" }
      try await client.send("hello")
      try await eventually("the answer") { client.text.hasSuffix("hello") }
      #expect(client.text.contains("HTTP/1.1 200 OK\r\n"))
      // The connection goes on, with and without the header.
      try await client.send("PUT /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nbye")
      try await eventually("the second answer") { client.text.hasSuffix("bye") }
      #expect(client.text.components(separatedBy: "100 Continue").count == 2)
      await client.close()
    }
  }

  @Test func theGoAheadWaitsForTheResponseBefore() async throws {
    try await withServer(Self.echo) { port in
      let client = try await RawClient.connect(port)
      try await client.send(
        "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nfirst"
          + "PUT /b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n")
      try await eventually("the go-ahead") { client.text.contains("100 Continue") }
      #expect(client.text.hasSuffix("firstHTTP/1.1 100 Continue\r\n\r\n"))
      try await client.send("second")
      try await eventually("the second answer") { client.text.hasSuffix("second") }
      await client.close()
    }
  }

  /// What the comment on ``HTTPServerSetup`` claims: a handler that does not read stops the client.
  @Test func anUnreadBodyStopsTheClient() async throws {
    let (gate, open) = AsyncStream.makeStream(of: Void.self)
    let started = Mutexed()
    let reader: @Sendable (Request) async throws -> Response = { request in
      started.set()
      for await _ in gate {}
      var total = 0
      for try await part in request.body { total += part.readableBytes }
      return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "read \(total)")))
    }
    try await withServer(reader) { port in
      let client = try await RawClient.connect(port)
      let (count, size) = (512, 256 << 10)
      try await client.send(
        "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: \(count * size)\r\n\r\n")
      let taken = Counted()
      let part = ByteBuffer(repeating: 65, count: size)
      for _ in 0..<count {
        client.channel.writeAndFlush(part).whenSuccess { taken.add(size) }
      }
      try await eventually("the handler runs") { started.isSet }
      var before = -1
      while before != taken.total {
        before = taken.total
        try await Task.sleep(for: .milliseconds(300))
      }
      // The kernel's buffers of both ends, and ten parts in the server.
      #expect(taken.total < 24 << 20)
      open.finish()
      try await eventually("everything is read", within: 30) {
        client.text.hasSuffix("read \(count * size)")
      }
      await client.close()
    }
  }

  @Test func aSlowHeadIsCutOff() async throws {
    try await withServer(idleSeconds: 1, Self.echo) { port in
      let client = try await RawClient.connect(port)
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
      try await client.channel.closeFuture.get()
      #expect(!client.text.contains("200"))
    }
  }

  @Test func tooLargeAHeadIsRefused() async throws {
    try await withServer(Self.echo) { port in
      let client = try await RawClient.connect(port)
      let large = String(repeating: "a", count: 20 << 10)
      try? await client.send("GET / HTTP/1.1\r\nHost: x\r\nX-Large: \(large)\r\n\r\n")
      try await client.channel.closeFuture.get()
      #expect(!client.text.contains("200 OK"))
    }
  }
}

/// A flag that another task sets.
private final class Mutexed: Sendable {
  private let state = Locked(false)
  var isSet: Bool { state.withLock { $0 } }
  func set() { state.withLock { $0 = true } }
}

/// A sum that callbacks add to.
private final class Counted: Sendable {
  private let state = Locked(0)
  var total: Int { state.withLock { $0 } }
  func add(_ count: Int) { state.withLock { $0 += count } }
}
