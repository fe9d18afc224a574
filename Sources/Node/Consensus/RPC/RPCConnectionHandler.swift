import NIOCore
import NIOHTTP1

/// Reads one bounded request after the other and writes the answers.
final class RPCConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private enum State {
    case idle
    case reading(HTTPRequestHead, ByteBuffer)
    /// The request was refused: the rest of it is thrown away and the connection closed.
    case refused
    case answering
  }

  private let dispatcher: RPCDispatcher
  private let limits: RPCLimits
  private var state = State.idle
  private var deadline: Scheduled<Void>?

  init(dispatcher: RPCDispatcher, limits: RPCLimits) {
    self.dispatcher = dispatcher
    self.limits = limits
  }

  func channelActive(context: ChannelHandlerContext) {
    setDeadline(limits.requestSeconds, context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    cancelDeadline()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { cancelDeadline() }

  /// Stops the clock of a slow request.
  func cancelDeadline() {
    deadline?.cancel()
    deadline = nil
  }

  private func setDeadline(_ seconds: Int64, _ context: ChannelHandlerContext) {
    deadline?.cancel()
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(seconds)) {
      context.close(promise: nil)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch (unwrapInboundIn(data), state) {
    case (.head(let head), .idle): begin(head, context)
    case (.body(var part), .reading(let head, var body)):
      guard body.readableBytes + part.readableBytes <= limits.bodyBytes else {
        let error = RPCError.invalidRequest(
          "error reading request body: http: request body too large")
        return refuse(.badRequest, RPCDispatcher.failure(id: nil, error).bytes, context)
      }
      state = .idle  // so that the buffer has one owner while it grows
      body.writeBuffer(&part)
      state = .reading(head, body)
    case (.end, .reading(let head, let body)): answer(head, body, context)
    default: break
    }
  }

  private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    setDeadline(limits.requestSeconds, context)
    let headerBytes = head.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    guard head.headers.count <= limits.headerCount, headerBytes <= limits.headerBytes else {
      return refuse(.requestHeaderFieldsTooLarge, Array("too many header fields\n".utf8), context)
    }
    guard head.uri.utf8.count <= limits.uriBytes else {
      return refuse(.uriTooLong, Array("the URI is too long\n".utf8), context)
    }
    state = .reading(head, context.channel.allocator.buffer(capacity: 0))
  }

  private func refuse(
    _ status: HTTPResponseStatus, _ body: [UInt8], _ context: ChannelHandlerContext
  ) {
    state = .refused
    cancelDeadline()
    let answer = RPCDispatcher.Answer(
      status: Int(status.code),
      contentType: status == .badRequest ? "application/json" : "text/plain; charset=utf-8",
      body: body)
    write(answer, version: .http1_1, keepsAlive: false, isHead: false, context)
  }

  private func answer(
    _ head: HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext
  ) {
    state = .answering
    cancelDeadline()
    let dispatcher = dispatcher
    let promise = context.eventLoop.makePromise(of: RPCDispatcher.Answer.self)
    promise.completeWithTask { await Self.dispatch(head, body, dispatcher) }
    promise.futureResult.assumeIsolated().whenSuccess { answer in
      self.finish(answer, head, context)
    }
  }

  private static func dispatch(
    _ head: HTTPRequestHead, _ body: ByteBuffer, _ dispatcher: RPCDispatcher
  ) async -> RPCDispatcher.Answer {
    let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let path = String(parts.first ?? "/")
    if path == "/websocket" {
      return RPCDispatcher.Answer(
        status: 400, contentType: "text/plain; charset=utf-8", body: Array("Bad Request\n".utf8))
    }
    let isRoot = path == "/" || path.isEmpty
    if isRoot, body.readableBytes > 0 {
      return await dispatcher.answer(body: Array(body.readableBytesView))
    }
    return await dispatcher.answer(path: path, query: parts.count == 2 ? String(parts[1]) : "")
  }

  private func finish(
    _ answer: RPCDispatcher.Answer, _ head: HTTPRequestHead, _ context: ChannelHandlerContext
  ) {
    guard context.channel.isActive else { return }
    state = .idle
    if head.isKeepAlive { setDeadline(limits.idleSeconds, context) }
    write(
      answer, version: head.version, keepsAlive: head.isKeepAlive, isHead: head.method == .HEAD,
      context)
  }

  private func write(
    _ answer: RPCDispatcher.Answer, version: HTTPVersion, keepsAlive: Bool, isHead: Bool,
    _ context: ChannelHandlerContext
  ) {
    var headers: HTTPHeaders = [
      "content-type": answer.contentType, "content-length": "\(answer.body.count)",
    ]
    if !keepsAlive { headers.add(name: "connection", value: "close") }
    let head = HTTPResponseHead(
      version: version, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if !isHead {
      let buffer = context.channel.allocator.buffer(bytes: answer.body)
      context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
    }
    let done = context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated()
    if !keepsAlive { done.whenComplete { _ in context.close(promise: nil) } }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
