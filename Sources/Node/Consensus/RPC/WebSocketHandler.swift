import Logging
import NIOCore
import NIOWebSocket

/// One client's `/websocket`: hands its texts to a session in order, answers pings.
final class WebSocketHandler: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  /// How many texts of a client wait to be answered at most.
  private static let queueLimit = 64

  private let dispatcher: RPCDispatcher
  private let limits: RPCLimits
  private let logger: Logger
  private var texts: AsyncStream<[UInt8]>.Continuation?
  private var session: Task<Void, Never>?
  private var isClosing = false

  init(dispatcher: RPCDispatcher, limits: RPCLimits, logger: Logger) {
    self.dispatcher = dispatcher
    self.limits = limits
    self.logger = logger
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let (stream, continuation) = AsyncStream.makeStream(
      of: [UInt8].self, bufferingPolicy: .bufferingOldest(Self.queueLimit))
    texts = continuation
    let session = WebSocketSession(
      dispatcher: dispatcher, channel: context.channel, subscriptionLimit: limits.subscriptions,
      logger: logger)
    self.session = Task { await session.run(stream) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  private func end() {
    texts?.finish()
    session?.cancel()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = unwrapInboundIn(data)
    switch frame.opcode {
    case .text, .binary:
      let bytes = Array(frame.unmaskedData.readableBytesView)
      if case .dropped? = texts?.yield(bytes) { close(context, .policyViolation) }
    case .ping:
      let pong = WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)
      context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
    case .connectionClose: close(context, .normalClosure)
    default: break
    }
  }

  private func close(_ context: ChannelHandlerContext, _ code: WebSocketErrorCode) {
    guard !isClosing else { return }
    isClosing = true
    end()
    var data = context.channel.allocator.buffer(capacity: 2)
    data.write(webSocketErrorCode: code)
    let frame = WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(frame)).whenComplete { _ in
      bound.value.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    close(context, .messageTooLarge)
  }
}
