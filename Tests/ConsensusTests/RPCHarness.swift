import ChainClient
import Foundation
import Logging
import NIOCore
import NIOPosix
import Primitives
import TestSupport

@testable import Consensus

/// A running chain with its RPC on a free port.
struct RPCHarness: Sendable {
  let chain: TestChain
  let driver: SoloDriver
  let server: RPCServer
  let port: Int
  let client: LedgerClient

  static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// Runs `body` against a fresh chain.
  static func run(
    limits: RPCLimits = RPCLimits(), _ body: @Sendable (RPCHarness) async throws -> Void
  ) async throws {
    let chain = TestChain()
    let driver = try chain.driver()
    let server = RPCServer(driver: driver, port: 0, limits: limits, logger: quiet)
    let port = try await server.start()
    let run = Task { try await driver.run() }
    let client = LedgerClient(endpoints: ["http://127.0.0.1:\(port)"], logger: quiet)
    let harness = RPCHarness(
      chain: chain, driver: driver, server: server, port: port, client: client)
    do {
      try await body(harness)
    } catch {
      run.cancel()
      await server.shutdown()
      throw error
    }
    run.cancel()
    try await run.value
    await server.shutdown()
  }

  /// Commits a transfer.
  @discardableResult
  func commit(sequence: UInt64) async throws -> CommittedItem {
    let submission = await driver.submitAndWait(chain.transfer(sequence: sequence))
    guard case .committed(let item) = submission else { throw Unexpected("\(submission)") }
    return item
  }

  /// Sends raw bytes on a new connection and returns what comes back until the server closes it or
  /// `until` is contained.
  func exchange(_ bytes: [UInt8], until: String? = nil) async throws -> String {
    let connection = try await RawConnection.open(port: port)
    try await connection.send(bytes)
    defer { connection.close() }
    return try await connection.read(until: until)
  }

  /// A GET's status and body.
  func get(_ path: String) async throws -> (status: Int, body: String) {
    try Self.split(
      try await exchange(
        Array("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8)))
  }

  /// A POST's status and body.
  func post(_ body: String) async throws -> (status: Int, body: String) {
    let head =
      "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
      + "Content-Length: \(body.utf8.count)\r\n\r\n"
    return try Self.split(try await exchange(Array((head + body).utf8)))
  }

  static func split(_ answer: String) throws -> (status: Int, body: String) {
    guard let range = answer.range(of: "\r\n\r\n"),
      let status = Int(answer.dropFirst("HTTP/1.1 ".count).prefix(3))
    else { throw Unexpected("no HTTP answer: “\(answer.prefix(200))”") }
    return (status, String(answer[range.upperBound...]))
  }
}

/// Something that a test did not expect.
struct Unexpected: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A TCP connection that sends and reads raw bytes, to misbehave with.
final class RawConnection: Sendable {
  private let channel: any Channel
  private let bytes: AsyncThrowingStream<ByteBuffer, any Error>

  private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation
    init(_ continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation) {
      self.continuation = continuation
    }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      continuation.yield(unwrapInboundIn(data))
    }
    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      continuation.finish()
      context.close(promise: nil)
    }
  }

  private init(
    channel: any Channel, bytes: AsyncThrowingStream<ByteBuffer, any Error>
  ) {
    self.channel = channel
    self.bytes = bytes
  }

  static func open(port: Int) async throws -> RawConnection {
    let (stream, continuation) = AsyncThrowingStream.makeStream(
      of: ByteBuffer.self, throwing: (any Error).self)
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Collector(continuation))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
    return RawConnection(channel: channel, bytes: stream)
  }

  func send(_ bytes: [UInt8]) async throws {
    try await channel.writeAndFlush(channel.allocator.buffer(bytes: bytes)).get()
  }

  /// Reads until the other side closes, or until the text was seen; at most 20 s.
  func read(until text: String? = nil) async throws -> String {
    let channel = channel
    let watchdog = Task {
      try await Task.sleep(for: .seconds(20))
      channel.close(promise: nil)
    }
    defer { watchdog.cancel() }
    var data = Data()
    for try await part in bytes {
      data.append(contentsOf: part.readableBytesView)
      if let text, data.range(of: Data(text.utf8)) != nil { break }
    }
    return String(decoding: data, as: UTF8.self)
  }

  var isOpen: Bool { channel.isActive }

  func close() { channel.close(promise: nil) }
}
