import NIOCore

/// Why a connection is closed although neither side asked for it.
enum LinkOverdue: String, Sendable {
  case handshake = "the TLS handshake took too long"
  case slowSender = "a begun frame did not arrive in time"
  case slowReceiver = "the peer did not take what was sent to it"
  case idle = "nothing happened for a long time"
}

/// The deadlines of one connection, as a value: events with their times in, a verdict out.
struct LinkTimers {
  private let handshake: TimeAmount
  private let slowPeer: TimeAmount
  private let idle: TimeAmount
  private let openedAt: NIODeadline
  private var isHandshaking = true
  private var lastEventAt: NIODeadline
  private var midFrameSince: NIODeadline?
  private var writes = 0
  private var writeProgressAt: NIODeadline

  init(
    handshakeSeconds: Double, slowPeerSeconds: Double, idleSeconds: Double, now: NIODeadline
  ) {
    handshake = Self.amount(handshakeSeconds)
    slowPeer = Self.amount(slowPeerSeconds)
    idle = Self.amount(idleSeconds)
    openedAt = now
    lastEventAt = now
    writeProgressAt = now
  }

  static func amount(_ seconds: Double) -> TimeAmount {
    // A day is longer than any deadline here; the bound keeps foolish settings from overflowing.
    .nanoseconds(Int64(min(max(seconds, 0), 86_400) * 1e9))
  }

  /// How often to look: a quarter of the shortest deadline, between 10 ms and 1 s.
  var interval: TimeAmount {
    let shortest = min(handshake, min(slowPeer, idle)).nanoseconds
    return .nanoseconds(min(max(shortest / 4, 10_000_000), 1_000_000_000))
  }

  mutating func handshakeCompleted(now: NIODeadline) {
    isHandshaking = false
    lastEventAt = now
  }

  mutating func sawBytes(now: NIODeadline) { lastEventAt = now }

  /// A frame is complete: what follows it has its own time.
  mutating func frameBegan(now: NIODeadline) { midFrameSince = nil }

  mutating func isMidFrame(_ isMidFrame: Bool, now: NIODeadline) {
    midFrameSince = isMidFrame ? midFrameSince ?? now : nil
  }

  mutating func writeBegan(now: NIODeadline) {
    if writes == 0 { writeProgressAt = now }
    writes += 1
    lastEventAt = now
  }

  mutating func writeEnded(now: NIODeadline) {
    writes -= 1
    writeProgressAt = now
    lastEventAt = now
  }

  /// What is overdue, if anything.
  func overdue(now: NIODeadline, callsInFlight: Int) -> LinkOverdue? {
    if isHandshaking { return now - openedAt > handshake ? .handshake : nil }
    if let midFrameSince, now - midFrameSince > slowPeer { return .slowSender }
    if writes > 0, now - writeProgressAt > slowPeer { return .slowReceiver }
    if writes == 0, callsInFlight == 0, now - lastEventAt > idle { return .idle }
    return nil
  }
}
