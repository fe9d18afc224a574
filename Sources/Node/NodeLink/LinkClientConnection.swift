import NIOCore
import NIOTLS
import Primitives
import Synchronization

/// A client's side of one connection, usable from any task: hands calls to the handler on the event
/// loop.
final class LinkClientConnection: Sendable {
  let channel: any Channel
  private let handler: NIOLoopBound<LinkClientHandler>
  private let lastNumber = Atomic<UInt64>(0)

  init(channel: any Channel, handler: NIOLoopBound<LinkClientHandler>) {
    self.channel = channel
    self.handler = handler
  }

  var isActive: Bool { channel.isActive }

  /// Queues a call behind those queued before it.
  func send(_ body: LinkPayload, deadline: NIODeadline, seconds: Double) -> PendingCall {
    let number = lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
    let answer = channel.eventLoop.makePromise(of: ByteBuffer.self)
    let handler = self.handler
    channel.eventLoop.execute {
      handler.value.start(
        number: number, body: body, deadline: deadline, seconds: seconds, answer: answer)
    }
    return PendingCall(connection: self, number: number, future: answer.futureResult)
  }

  func cancel(_ number: UInt64) {
    let handler = self.handler
    channel.eventLoop.execute { handler.value.cancel(number) }
  }
}

/// A call that was queued for sending and whose answer can be waited for.
package struct PendingCall: Sendable {
  let connection: LinkClientConnection
  let number: UInt64
  let future: EventLoopFuture<ByteBuffer>

  /// The answer. Cancelling the waiting task gives the call up; the peer may handle it nonetheless.
  /// - Throws: ``LinkError``, or `CancellationError`.
  package func value() async throws -> ByteBuffer {
    try await withTaskCancellationHandler {
      try await future.get()
    } onCancel: {
      cancel()
    }
  }

  /// Gives the call up.
  package func cancel() { connection.cancel(number) }
}

/// Matches answers to calls. All its state belongs to the connection's event loop.
final class LinkClientHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private struct Call {
    let answer: EventLoopPromise<ByteBuffer>
    let timeout: Scheduled<Void>
  }

  private let ready: EventLoopPromise<Void>
  private var context: ChannelHandlerContext?
  private var calls: [UInt64: Call] = [:]
  private var queue = CircularBuffer<(number: UInt64, body: LinkPayload)>()
  private var input = FrameAssembler()
  private var timers: LinkTimers
  private var tick: RepeatedTask?
  private var isReady = false
  /// Why no further call is taken.
  private var ending: LinkError?

  init(limits: LinkClientLimits, ready: EventLoopPromise<Void>) {
    self.ready = ready
    timers = LinkTimers(
      handshakeSeconds: limits.connectSeconds, slowPeerSeconds: limits.slowPeerSeconds,
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

  func handlerRemoved(context: ChannelHandlerContext) {
    end(.connectionLost(reason: "it was closed"))
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(.connectionLost(reason: "the peer closed it"))
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case TLSUserEvent.handshakeCompleted = event {
      isReady = true
      timers.handshakeCompleted(now: .now())
      ready.succeed()
      writeCalls()
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(.connectionLost(reason: "\(error)"))
    context.close(promise: nil)
  }

  /// Fails everything that waits. The first reason stands.
  private func end(_ reason: LinkError) {
    if ending == nil { ending = reason }
    tick?.cancel()
    tick = nil
    context = nil
    queue.removeAll()
    ready.fail(ending ?? reason)
    let left = calls.sorted { $0.key < $1.key }
    calls = [:]
    for (_, call) in left {
      call.timeout.cancel()
      call.answer.fail(ending ?? reason)
    }
  }

  // MARK: Calls

  func start(
    number: UInt64, body: LinkPayload, deadline: NIODeadline, seconds: Double,
    answer: EventLoopPromise<ByteBuffer>
  ) {
    if let ending { return answer.fail(ending) }
    guard let context else { return answer.fail(LinkError.closed) }
    let this = NIOLoopBound(self, eventLoop: context.eventLoop)
    let timeout = context.eventLoop.scheduleTask(deadline: deadline) {
      this.value.fail(number, LinkError.timedOut(seconds: seconds))
    }
    calls[number] = Call(answer: answer, timeout: timeout)
    queue.append((number, body))
    writeCalls()
  }

  func cancel(_ number: UInt64) { fail(number, CancellationError()) }

  /// Forgets the call; an answer that comes later is dropped, a request not yet written is not
  /// sent.
  private func fail(_ number: UInt64, _ error: any Error) {
    guard let call = calls.removeValue(forKey: number) else { return }
    call.timeout.cancel()
    call.answer.fail(error)
    queue.removeAll { $0.number == number }
  }

  /// Writes while the socket takes bytes; the rest waits unencrypted for its turn.
  private func writeCalls() {
    while isReady, let context, context.channel.isWritable, let next = queue.popFirst() {
      let frame = LinkFrame(
        kind: .request, number: next.number, body: next.body.head, tail: next.body.tail)
      let written = context.eventLoop.makePromise(of: Void.self)
      timers.writeBegan(now: .now())
      written.futureResult.assumeIsolated().whenComplete { _ in
        self.timers.writeEnded(now: .now())
      }
      let pieces = frame.pieces(allocator: context.channel.allocator)
      for piece in pieces.dropLast() { context.write(wrapOutboundOut(piece), promise: nil) }
      context.writeAndFlush(wrapOutboundOut(pieces[pieces.count - 1]), promise: written)
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    writeCalls()
    context.fireChannelWritabilityChanged()
  }

  // MARK: Answers

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    timers.sawBytes(now: .now())
    input.append(unwrapInboundIn(data))
    do {
      while ending == nil, let frame = try input.next() { try receive(frame, context: context) }
      timers.isMidFrame(input.isMidFrame, now: .now())
    } catch {
      abandon("the peer broke the framing rules: \(error)", context: context)
    }
  }

  private func receive(
    _ frame: LinkFrame, context: ChannelHandlerContext
  ) throws(LinkFrameError) {
    timers.frameBegan(now: .now())
    if frame.kind == .request { throw .unexpectedKind(frame.kind.rawValue) }
    if frame.number == 0 {
      return abandon("\(Self.refusal(in: frame.body))", context: context)
    }
    // An answer to nobody: the call timed out or was cancelled.
    guard let call = calls.removeValue(forKey: frame.number) else { return }
    call.timeout.cancel()
    switch frame.kind {
    case .error: call.answer.fail(Self.refusal(in: frame.body))
    case .response, .request: call.answer.succeed(frame.body)
    }
  }

  private static func refusal(in body: ByteBuffer) -> LinkError {
    do {
      let refusal = try LinkRefusal(canonicalBytes: Array(body.readableBytesView))
      return .remote(code: refusal.code, text: refusal.text)
    } catch {
      return .remote(code: LinkRefusal.malformedCode, text: "an unreadable refusal: \(error)")
    }
  }

  private func abandon(_ reason: String, context: ChannelHandlerContext) {
    end(.connectionLost(reason: reason))
    context.close(promise: nil)
  }

  private func checkTimers() {
    guard let context, let reason = timers.overdue(now: .now(), callsInFlight: calls.count) else {
      return
    }
    abandon(reason.rawValue, context: context)
  }
}
