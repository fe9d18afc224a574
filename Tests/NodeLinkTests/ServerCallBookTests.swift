import NIOCore
import Testing

@testable import NodeLink

@Suite struct ServerCallBookTests {
  private func call(_ number: UInt64, key: UInt64? = nil, bytes: Int = 10) -> ReceivedCall {
    ReceivedCall(
      number: number, body: ByteBuffer(repeating: 0, count: bytes), orderingKey: key)
  }

  @Test func equalKeysRunOneAfterAnother() {
    var book = ServerCallBook(callLimit: 8, byteLimit: 1000)
    let first = call(1, key: 7)
    var runs: [Bool] = []
    for each in [first, call(2, key: 7), call(3, key: 7), call(4, key: 8), call(5)] {
      runs.append(book.received(each))
    }
    #expect(runs == [true, false, false, true, true])
    var order: [UInt64] = []
    var next: ReceivedCall? = first
    while let running = next {
      order.append(running.number)
      next = book.handled(running, answerBytes: 0)
    }
    #expect(order == [1, 2, 3])
    let runsAgain = book.received(call(6, key: 7))
    #expect(runsAgain)
  }

  @Test func callsAndBytesCountUntilTheAnswerIsTaken() {
    var book = ServerCallBook(callLimit: 2, byteLimit: 100)
    let (one, two) = (call(1), call(2))
    _ = book.received(one)
    #expect(!book.isFull)
    _ = book.received(two)
    #expect(book.isFull)
    _ = book.handled(one, answerBytes: 95)
    #expect(book.isFull && book.bytes == 105)
    book.answered(bytes: 95)
    #expect(!book.isFull && book.calls == 1 && book.bytes == 10)
    _ = book.handled(two, answerBytes: 3)
    book.answered(bytes: 3)
    #expect(book.calls == 0 && book.bytes == 0)
  }

  @Test func timersSayWhatIsOverdue() {
    let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
    var timers = LinkTimers(handshakeSeconds: 1, slowPeerSeconds: 2, idleSeconds: 10, now: start)
    #expect(timers.overdue(now: start + .seconds(1), callsInFlight: 0) == nil)
    #expect(timers.overdue(now: start + .milliseconds(1001), callsInFlight: 0) == .handshake)
    timers.handshakeCompleted(now: start)
    #expect(timers.overdue(now: start + .seconds(10), callsInFlight: 0) == nil)
    #expect(timers.overdue(now: start + .seconds(11), callsInFlight: 0) == .idle)
    #expect(timers.overdue(now: start + .seconds(11), callsInFlight: 1) == nil)
    timers.isMidFrame(true, now: start)
    timers.isMidFrame(true, now: start + .seconds(2))
    #expect(timers.overdue(now: start + .seconds(3), callsInFlight: 1) == .slowSender)
    timers.isMidFrame(false, now: start + .seconds(3))
    timers.writeBegan(now: start + .seconds(3))
    #expect(timers.overdue(now: start + .seconds(5), callsInFlight: 1) == nil)
    #expect(timers.overdue(now: start + .seconds(6), callsInFlight: 1) == .slowReceiver)
    timers.writeEnded(now: start + .seconds(6))
    #expect(timers.overdue(now: start + .seconds(60), callsInFlight: 1) == nil)
  }

  @Test func backoffDoublesWithJitterUpToItsLimit() {
    var generator = SystemRandomNumberGenerator()
    let now = NIODeadline.uptimeNanoseconds(5_000_000_000)
    var backoff = LinkBackoff(firstSeconds: 0.1, longestSeconds: 1)
    #expect(backoff.refusal(now: now) == nil)
    for full in [100, 200, 400, 800, 1000, 1000] {
      backoff.failed(reason: "refused", now: now, using: &generator)
      #expect(backoff.refusal(now: now + .milliseconds(Int64(full) / 2 - 1)) != nil)
      #expect(backoff.refusal(now: now + .milliseconds(Int64(full) + 1)) == nil)
    }
    backoff.succeeded()
    #expect(backoff.refusal(now: now) == nil)
  }

  @Test(arguments: [
    ("127.0.0.1:9710", "127.0.0.1", 9710), ("[::1]:80", "::1", 80), ("a.b:65535", "a.b", 65535),
  ])
  func endpointsAreRead(text: String, host: String, port: Int) {
    #expect(LinkEndpoint(text) == LinkEndpoint(host: host, port: port))
    #expect(LinkEndpoint(text)?.description == text)
  }

  @Test(arguments: [
    "", "host", ":80", "host:", "host:0", "host:65536", "::1:80", "h:-1", "h:8x", "h:+8",
  ])
  func otherTextsAreNoEndpoints(text: String) { #expect(LinkEndpoint(text) == nil) }
}
