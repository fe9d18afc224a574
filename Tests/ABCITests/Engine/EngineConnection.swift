import ABCI
import Locks
import NIOCore
import NIOPosix
import SwiftProtobuf

/// The node's end of one ABCI connection: writes bytes as it is told and reads frames.
final class EngineConnection: Sendable {
  private let channel: any Channel
  private let inbox: Inbox

  private init(channel: any Channel, inbox: Inbox) {
    self.channel = channel
    self.inbox = inbox
  }

  static func connect(to endpoint: ABCIEndpoint) async throws -> EngineConnection {
    let inbox = Inbox()
    let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Reader(inbox: inbox))
        }
      }
    let channel =
      switch endpoint {
      case .tcp(let host, let port): try await bootstrap.connect(host: host, port: port).get()
      case .unix(let path): try await bootstrap.connect(unixDomainSocketPath: path).get()
      }
    return EngineConnection(channel: channel, inbox: inbox)
  }

  /// Writes bytes without looking at them.
  func send(_ bytes: some Sequence<UInt8> & Sendable) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
  }

  func send(_ request: ABCIRequest) async throws { try await send(Self.frame(request)) }

  /// The next response's frame; nil once the server has closed.
  func nextFrame() async -> ByteBuffer? { await inbox.next() }

  func next() async throws -> ABCIResponse? {
    guard let frame = await nextFrame() else { return nil }
    return try ABCIResponse(serializedBytes: frame.readableBytesSpan)
  }

  /// Asks and waits, as a node does: the request, a flush, both responses.
  /// - Throws: ``EngineFailure`` for an exception or when the server closes.
  func call(_ fill: @Sendable (inout ABCIRequest) -> Void) async throws -> ABCIResponse {
    var request = ABCIRequest()
    fill(&request)
    var flush = ABCIRequest()
    flush.flush = ABCIRequestFlush()
    try await send(Self.frame(request) + Self.frame(flush))
    guard let response = try await next() else { throw EngineFailure("the server closed") }
    if case .exception(let exception)? = response.value { throw EngineFailure(exception.error) }
    guard case .flush? = try await next()?.value else { throw EngineFailure("no flush response") }
    return response
  }

  func close() async { try? await channel.close() }

  static func frame(_ request: ABCIRequest) throws -> [UInt8] {
    let body: [UInt8] = try request.serializedBytes()
    var buffer = ByteBuffer()
    FrameDecoder.writePrefix(body.count, to: &buffer)
    return Array(buffer.readableBytesView) + body
  }
}

/// What a real node would stop upon.
struct EngineFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Frames that have come in, for one reader.
private final class Inbox: Sendable {
  private struct State {
    var ready: [ByteBuffer] = []
    var waiter: CheckedContinuation<ByteBuffer?, Never>?
    var isClosed = false
  }

  private let state = Locked(State())

  func put(_ frame: ByteBuffer) {
    let waiter = state.withLock { state in
      if let waiter = state.waiter {
        state.waiter = nil
        return waiter as CheckedContinuation<ByteBuffer?, Never>?
      }
      state.ready.append(frame)
      return nil
    }
    waiter?.resume(returning: frame)
  }

  func close() {
    let waiter = state.withLock { state in
      state.isClosed = true
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: nil)
  }

  func next() async -> ByteBuffer? {
    await withCheckedContinuation { continuation in
      let (isReady, frame) = state.withLock { state -> (Bool, ByteBuffer?) in
        if !state.ready.isEmpty { return (true, state.ready.removeFirst()) }
        if state.isClosed { return (true, nil) }
        state.waiter = continuation
        return (false, nil)
      }
      if isReady { continuation.resume(returning: frame) }
    }
  }
}

private final class Reader: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let inbox: Inbox
  private var decoder = FrameDecoder(limit: .max)

  init(inbox: Inbox) { self.inbox = inbox }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    decoder.append(unwrapInboundIn(data))
    while let frame = try? decoder.next() { inbox.put(frame) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent { inbox.close() }
  }

  func channelInactive(context: ChannelHandlerContext) { inbox.close() }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
