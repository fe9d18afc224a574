import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Primitives

/// Sends requests to one node over mutual TLS 1.3, many at a time over one connection.
///
/// The connection is made at the first call and again after it broke. After a failed attempt there
/// is a pause that doubles with each further failure; calls during it fail at once with
/// ``LinkError/notConnected(reason:)``, so that nobody waits for a node that is down. A call that
/// was sent is never sent again by the client: only its caller knows whether that is harmless.
package actor LinkClient {
  private enum State {
    case idle
    case connecting(EventLoopFuture<LinkClientConnection>)
    case connected(LinkClientConnection)
    case closed
  }

  /// The node that must answer.
  package nonisolated let expectedPeer: AccountID
  /// Where it listens.
  package nonisolated let endpoint: LinkEndpoint
  private let identity: NodeIdentity
  private let limits: LinkClientLimits
  private let group: any EventLoopGroup
  private let logger: Logger
  private let slots: FairSemaphore
  private var state = State.idle
  private var backoff: LinkBackoff

  package init(
    identity: NodeIdentity, host: String, port: Int, expectedPeer: AccountID,
    limits: LinkClientLimits = .init(),
    group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    logger: Logger = Logger(label: "node-link")
  ) {
    self.identity = identity
    endpoint = LinkEndpoint(host: host, port: port)
    self.expectedPeer = expectedPeer
    self.limits = limits
    self.group = group
    self.logger = logger
    slots = FairSemaphore(capacity: max(1, limits.callsInFlight))
    backoff = LinkBackoff(
      firstSeconds: limits.firstBackoffSeconds, longestSeconds: limits.longestBackoffSeconds)
  }

  /// Sends a request and waits for the answer. The time covers waiting for a free slot, connecting,
  /// sending and the answer. Cancelling the task gives the call up.
  /// - Throws: ``LinkError``, or `CancellationError`.
  package func call(_ body: ByteBuffer, timeoutSeconds: Double) async throws -> ByteBuffer {
    try await call(LinkPayload(body), timeoutSeconds: timeoutSeconds)
  }

  /// Sends a request in two pieces, as ``call(_:timeoutSeconds:)-(ByteBuffer,_)`` does one.
  /// - Throws: ``LinkError``, or `CancellationError`.
  package func call(_ body: LinkPayload, timeoutSeconds: Double) async throws -> ByteBuffer {
    try await begin(body, timeoutSeconds: timeoutSeconds).value()
  }

  /// Queues a request and returns without waiting for its answer. Requests begun one after another
  /// arrive in that order, as long as the connection lasts.
  /// - Throws: ``LinkError``, or `CancellationError`.
  package func begin(_ body: ByteBuffer, timeoutSeconds: Double) async throws -> PendingCall {
    try await begin(LinkPayload(body), timeoutSeconds: timeoutSeconds)
  }

  private func begin(_ body: LinkPayload, timeoutSeconds: Double) async throws -> PendingCall {
    guard body.readableBytes <= LinkFrame.maximumBodyBytes else {
      throw LinkError.bodyTooLarge(bytes: body.readableBytes, limit: LinkFrame.maximumBodyBytes)
    }
    let deadline = NIODeadline.now() + LinkTimers.amount(timeoutSeconds)
    let late = LinkError.timedOut(seconds: timeoutSeconds)
    if !slots.tryAcquire() {
      try await Self.within(deadline, else: late) { [slots] in try await slots.acquire() }
    }
    do {
      let connection = try await connection(deadline: deadline, else: late)
      let pending = connection.send(body, deadline: deadline, seconds: timeoutSeconds)
      pending.future.whenComplete { [slots] _ in slots.release() }
      return pending
    } catch {
      slots.release()
      throw error
    }
  }

  /// Closes the connection and fails every call, now and later.
  package func close() async {
    slots.close(throwing: LinkError.closed)
    let old = state
    state = .closed
    switch old {
    case .connected(let connection): try? await connection.channel.close().get()
    case .connecting, .idle, .closed: break  // settle closes what a running attempt brings
    }
  }

  /// Whether a connection is open now.
  package var isConnected: Bool {
    if case .connected(let connection) = state { return connection.isActive }
    return false
  }

  // MARK: Connecting

  private func connection(
    deadline: NIODeadline, else late: LinkError
  ) async throws -> LinkClientConnection {
    switch state {
    case .closed: throw LinkError.closed
    case .connected(let connection) where connection.isActive: return connection
    case .connecting(let future): return try await Self.wait(future, until: deadline, else: late)
    case .connected, .idle:
      if let reason = backoff.refusal(now: .now()) {
        throw LinkError.notConnected(reason: reason)
      }
      let attempt = connect()
      // Who waits hears of the outcome only after the state knows it, so that a failed attempt is
      // followed by its pause and not by itself.
      let settled = attempt.eventLoop.makePromise(of: LinkClientConnection.self)
      state = .connecting(settled.futureResult)
      Task { await self.settle(attempt, settled) }
      return try await Self.wait(settled.futureResult, until: deadline, else: late)
    }
  }

  /// Notes how an attempt ended.
  private func settle(
    _ attempt: EventLoopFuture<LinkClientConnection>,
    _ settled: EventLoopPromise<LinkClientConnection>
  ) async {
    do {
      let connection = try await attempt.get()
      backoff.succeeded()
      if case .connecting = state {
        state = .connected(connection)
        settled.succeed(connection)
      } else {
        connection.channel.close(promise: nil)
        settled.fail(LinkError.closed)
      }
    } catch {
      var generator = SystemRandomNumberGenerator()
      backoff.failed(reason: "\(error)", now: .now(), using: &generator)
      logger.debug(
        "No link to a node.", metadata: ["endpoint": "\(endpoint)", "error": "\(error)"])
      if case .connecting = state { state = .idle }
      settled.fail(error)
    }
  }

  private func connect() -> EventLoopFuture<LinkClientConnection> {
    let (identity, limits, expected) = (self.identity, self.limits, expectedPeer)
    let verified = VerifiedPeer()
    let loop = group.next()
    let ready = loop.makePromise(of: Void.self)
    let connected = ClientBootstrap(group: loop)
      .connectTimeout(LinkTimers.amount(limits.connectSeconds))
      .channelOption(.socketOption(.so_keepalive), value: 1)
      .channelOption(.tcpOption(LinkTransport.keepAliveIdle), value: 30)
      .channelOption(.tcpOption(LinkTransport.userTimeout), value: 30_000)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.writeBufferWaterMark, value: LinkTransport.waterMark)
      .channelOption(.recvAllocator, value: LinkTransport.receiveAllocator)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let secure = try NIOSSLClientHandler(
            context: identity.clientContext, serverHostname: nil
          ) { chain, promise in verified.verify(chain, expected: expected, promise: promise) }
          try channel.pipeline.syncOperations.addHandlers(
            secure, LinkClientHandler(limits: limits, ready: ready))
        }
      }
      .connect(host: endpoint.host, port: endpoint.port)
    connected.whenFailure { ready.fail($0) }
    return connected.flatMap { channel in
      ready.futureResult.map { channel }
    }.flatMapThrowing { channel in
      let handler = try channel.pipeline.syncOperations.handler(type: LinkClientHandler.self)
      return LinkClientConnection(
        channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
    }.flatMapErrorThrowing { error in
      if verified.wasAsked, verified.node != expected {
        throw LinkError.wrongPeer(expected: expected, found: verified.node)
      }
      throw LinkError.notConnected(reason: "\(error)")
    }
  }

  // MARK: Waiting

  /// The future's value, unless the deadline or a cancellation comes first.
  private static func wait<T: Sendable>(
    _ future: EventLoopFuture<T>, until deadline: NIODeadline, else late: LinkError
  ) async throws -> T {
    // A promise takes its first result and ignores the rest, which makes it a safe race.
    let first = future.eventLoop.makePromise(of: T.self)
    let timer = future.eventLoop.scheduleTask(deadline: deadline) { first.fail(late) }
    future.cascade(to: first)
    defer { timer.cancel() }
    return try await withTaskCancellationHandler {
      try await first.futureResult.get()
    } onCancel: {
      first.fail(CancellationError())
    }
  }

  /// Runs an operation that answers to cancellation; cancels it at the deadline.
  private static func within(
    _ deadline: NIODeadline, else late: LinkError,
    _ operation: @escaping @Sendable () async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await operation()
        return true
      }
      group.addTask {
        let left = (deadline - .now()).nanoseconds
        if left > 0 { try await Task.sleep(for: .nanoseconds(left)) }
        return false
      }
      let first = await group.nextResult()
      group.cancelAll()
      // The operation may have succeeded as the deadline came: what it got must not be lost.
      let second = await group.nextResult()
      for case .success(true)? in [first, second] { return }
      if case .failure(let error)? = first { throw error }
      throw late
    }
  }
}
