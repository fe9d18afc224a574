import NIOCore

/// A request that a server received.
struct ReceivedCall: Sendable {
  let number: UInt64
  let body: ByteBuffer
  /// Requests with equal keys run one after another; nil runs beside all others.
  let orderingKey: UInt64?
}

/// Which requests of one connection run, which wait, and when reading must stop. A value without
/// I/O, so that a table can test it.
struct ServerCallBook {
  private let callLimit: Int
  private let byteLimit: Int
  /// Requests behind a running one with the same key, in order of arrival.
  private var waiting: [UInt64: CircularBuffer<ReceivedCall>] = [:]
  /// Requests read and answers not yet taken by the socket.
  private(set) var calls = 0
  /// Bytes of the bodies of those.
  private(set) var bytes = 0

  init(callLimit: Int, byteLimit: Int) {
    self.callLimit = callLimit
    self.byteLimit = byteLimit
  }

  /// Whether nothing more may be read now.
  var isFull: Bool { calls >= callLimit || bytes >= byteLimit }

  /// Notes a request. Returns true when it runs now, false when it waits for its key.
  mutating func received(_ call: ReceivedCall) -> Bool {
    calls += 1
    bytes += call.body.readableBytes
    guard let key = call.orderingKey else { return true }
    if waiting[key] != nil {
      waiting[key]?.append(call)
      return false
    }
    waiting[key] = CircularBuffer()
    return true
  }

  /// A request's handler has returned with an answer of that size, which is now to be written.
  /// Returns the next request with the same key, which runs now.
  mutating func handled(_ call: ReceivedCall, answerBytes: Int) -> ReceivedCall? {
    bytes += answerBytes - call.body.readableBytes
    guard let key = call.orderingKey else { return nil }
    if let next = waiting[key]?.popFirst() { return next }
    waiting[key] = nil
    return nil
  }

  /// The socket has taken an answer.
  mutating func answered(bytes answerBytes: Int) {
    calls -= 1
    bytes -= answerBytes
  }
}
