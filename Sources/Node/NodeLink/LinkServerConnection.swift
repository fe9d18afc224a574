import NIOCore
import NIOTLS
import Primitives

/// One connection of a server: frames in, calls to the handler, answers out. All its state belongs
/// to the connection's event loop.
final class LinkServerConnection: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Sent through the pipeline at shutdown: answer what is in hand, then close.
  struct Drain: Sendable {}

  private let shared: LinkServerShared
  private let verified: VerifiedPeer
  private var context: ChannelHandlerContext?
  private var peer: AccountID?
  private var input = FrameAssembler()
  private var book: ServerCallBook
  private var answers = CircularBuffer<LinkFrame>()
  private var dispatch: AsyncStream<ReceivedCall>.Continuation?
  private var timers: LinkTimers
  private var tick: RepeatedTask?
  private var isDraining = false
  private var isReadPending = false
  private var isBroken = false

  init(shared: LinkServerShared, verified: VerifiedPeer) {
    self.shared = shared
    self.verified = verified
    let limits = shared.limits
    book = ServerCallBook(callLimit: limits.callsInFlight, byteLimit: limits.bytesInFlight)
    timers = LinkTimers(
      handshakeSeconds: limits.handshakeSeconds, slowPeerSeconds: limits.slowPeerSeconds,
      idleSeconds: limits.idleSeconds, now: .now())
  }

  // MARK: The channel's life

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    let this = NIOLoopBound(self, eventLoop: context.eventLoop)
    tick = context.eventLoop.scheduleRepeatedTask(
      initialDelay: timers.interval, delay: timers.interval
    ) { _ in this.value.checkTimers() }
  }

  func handlerRemoved(context: ChannelHandlerContext) { end() }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  private func end() {
    tick?.cancel()
    tick = nil
    dispatch?.finish()
    dispatch = nil
    answers.removeAll()
    context = nil
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case TLSUserEvent.handshakeCompleted = event {
      guard let node = verified.node else { return context.close(promise: nil) }
      peer = node
      timers.handshakeCompleted(now: .now())
      startDispatcher(for: node, context: context)
      readFrames()
    }
    context.fireUserInboundEventTriggered(event)
  }

  func triggerUserOutboundEvent(
    context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
  ) {
    guard event is Drain else {
      return context.triggerUserOutboundEvent(event, promise: promise)
    }
    isDraining = true
    closeIfDrained()
    promise?.succeed()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    shared.logger.debug("A link connection failed.", metadata: ["error": "\(error)"])
    context.close(promise: nil)
  }

  /// Starts handlers in order of arrival, off the event loop. A handler runs on this task's thread
  /// up to its first suspension before the next one starts.
  private func startDispatcher(for peer: AccountID, context: ChannelHandlerContext) {
    let (calls, continuation) = AsyncStream.makeStream(of: ReceivedCall.self)
    dispatch = continuation
    let this = NIOLoopBound(self, eventLoop: context.eventLoop)
    let (shared, loop, channel) = (self.shared, context.eventLoop, context.channel)
    let dispatcher = Task {
      await withDiscardingTaskGroup { group in
        for await call in calls {
          group.addImmediateTask {
            let outcome = await shared.answer(call, from: peer)
            loop.execute { this.value.handled(call, outcome: outcome) }
          }
        }
      }
      shared.removeDispatcher(for: channel)
    }
    shared.add(dispatcher, for: channel)
  }

  // MARK: Reading

  private var isPaused: Bool { isBroken || isDraining || book.isFull || !answers.isEmpty }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    timers.sawBytes(now: .now())
    if isBroken { return }
    input.append(unwrapInboundIn(data))
    readFrames()
  }

  func read(context: ChannelHandlerContext) {
    if isPaused { isReadPending = true } else { context.read() }
  }

  private func readFrames() {
    guard peer != nil else { return }
    do {
      while !isPaused, let frame = try input.next() { try receive(frame) }
      timers.isMidFrame(!isPaused && input.isMidFrame, now: .now())
    } catch {
      refuseStream(error)
    }
  }

  private func receive(_ frame: LinkFrame) throws(LinkFrameError) {
    guard frame.kind == .request else { throw .unexpectedKind(frame.kind.rawValue) }
    timers.frameBegan(now: .now())
    let call = ReceivedCall(
      number: frame.number, body: frame.body, orderingKey: shared.orderingKey?(frame.body))
    if book.received(call) { dispatch?.yield(call) }
  }

  /// Says why and closes: after a broken frame nothing on the stream can be trusted.
  private func refuseStream(_ error: LinkFrameError) {
    guard let context else { return }
    isBroken = true
    shared.logger.warning(
      "A peer broke the framing rules.",
      metadata: ["peer": "\(peer?.description ?? "unknown")", "error": "\(error)"])
    let refusal = LinkRefusal(code: LinkRefusal.malformedCode, text: "\(error)")
    write(Self.frame(for: .failure(refusal), number: 0), context: context)
      .whenComplete { [channel = context.channel] _ in channel.close(promise: nil) }
    context.flush()
  }

  // MARK: Answering

  private func handled(_ call: ReceivedCall, outcome: Result<LinkPayload, LinkRefusal>) {
    guard context != nil else { return }
    let frame = Self.frame(for: outcome, number: call.number)
    if let next = book.handled(call, answerBytes: frame.bodyBytes) {
      dispatch?.yield(next)
    }
    answers.append(frame)
    writeAnswers()
    resumeReading()
  }

  private static func frame(
    for outcome: Result<LinkPayload, LinkRefusal>, number: UInt64
  ) -> LinkFrame {
    switch outcome {
    case .success(let body):
      LinkFrame(kind: .response, number: number, body: body.head, tail: body.tail)
    case .failure(let refusal):
      LinkFrame(kind: .error, number: number, body: ByteBuffer(bytes: refusal.canonicalBytes()))
    }
  }

  /// Writes while the socket takes bytes; the rest waits unencrypted for its turn.
  private func writeAnswers() {
    while let context, context.channel.isWritable, let frame = answers.popFirst() {
      let bytes = frame.bodyBytes
      timers.writeBegan(now: .now())
      write(frame, context: context).assumeIsolated().whenComplete { _ in
        self.timers.writeEnded(now: .now())
        self.book.answered(bytes: bytes)
        self.resumeReading()
        self.closeIfDrained()
      }
      context.flush()
    }
  }

  private func write(_ frame: LinkFrame, context: ChannelHandlerContext) -> EventLoopFuture<Void> {
    let written = context.eventLoop.makePromise(of: Void.self)
    let pieces = frame.pieces(allocator: context.channel.allocator)
    for piece in pieces.dropLast() { context.write(wrapOutboundOut(piece), promise: nil) }
    context.write(wrapOutboundOut(pieces[pieces.count - 1]), promise: written)
    return written.futureResult
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    writeAnswers()
    resumeReading()
    context.fireChannelWritabilityChanged()
  }

  private func resumeReading() {
    guard let context, !isPaused else { return }
    readFrames()
    if isReadPending, !isPaused {
      isReadPending = false
      context.read()
    }
  }

  private func closeIfDrained() {
    if isDraining, book.calls == 0 { context?.close(promise: nil) }
  }

  private func checkTimers() {
    guard let context, let reason = timers.overdue(now: .now(), callsInFlight: book.calls) else {
      return
    }
    shared.logger.debug("A link connection was closed.", metadata: ["reason": "\(reason)"])
    // At once: a peer that takes no bytes would not take a goodbye either.
    context.channel.close(mode: .all, promise: nil)
  }
}
