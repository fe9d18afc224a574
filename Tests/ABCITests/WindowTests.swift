import ABCI
import Consensus
import Foundation
import NIOCore
import Testing

/// More requests than a connection answers at once, read from the socket in one piece.
@Suite struct WindowTests {
  /// What the gate holds up: a block before InitChain, which is refused in the end.
  private static let slow = ABCIRequest.with {
    $0.finalizeBlock.height = 1
    $0.finalizeBlock.proposerAddress = Data(count: 20)
  }

  /// Behind one slow request wait more than the window's 128. All of them were read long before the
  /// window is free again, and nothing more comes: they are answered all the same.
  @Test(.timeLimit(.minutes(1)))
  func whatWasReadIsAnsweredWhenTheWindowIsFree() async throws {
    let gate = Gate()
    let ledger = try await TestLedger(TestGenesis()) { node in
      HookedApplication(node, beforeFinalizing: { await gate.pass() })
    }
    let connection = try await ledger.connect()
    var bytes = try EngineConnection.frame(Self.slow)
    // Small enough to come with one read: 2,048 bytes are a connection's first.
    let count = 400
    for number in 0..<count {
      var request = ABCIRequest()
      // Flushes are answered where they are read: nothing but a free window brings the next ones.
      if number == count - 1 { request.echo.message = "last" } else { request.flush = .init() }
      bytes += try EngineConnection.frame(request)
    }
    #expect(bytes.count < 2048)
    try await connection.send(bytes)
    // The server has begun the first request, so it has read what came with it.
    await gate.arrival()
    await gate.open()
    guard case .exception? = try await connection.next()?.value else {
      Issue.record("FinalizeBlock before InitChain must be refused")
      return
    }
    for number in 0..<count {
      switch try #require(try await connection.next()).value {
      case .echo(let echo)?: #expect(number == count - 1 && echo.message == "last")
      case .flush?: #expect(number < count - 1)
      case let other: Issue.record("request \(number) was answered by \(String(describing: other))")
      }
    }
  }
}

extension WindowTests {
  /// Garbage behind requests that wait for a slow one: those are answered first, then the garbage
  /// is named and the connection closed.
  @Test func garbageWaitsForItsTurn() async throws {
    let gate = Gate()
    let ledger = try await TestLedger(TestGenesis()) { node in
      HookedApplication(node, beforeFinalizing: { await gate.pass() })
    }
    let connection = try await ledger.connect()
    let query = ABCIRequest.with { $0.query.path = "/height" }
    let echo = ABCIRequest.with { $0.echo.message = "behind" }
    let garbage: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
    try await connection.send(
      EngineConnection.frame(Self.slow) + EngineConnection.frame(query)
        + EngineConnection.frame(echo)
        + garbage)
    await gate.arrival()
    await gate.open()
    var kinds: [String] = []
    while let response = try await connection.next() {
      switch response.value {
      case .exception: kinds.append("exception")
      case .query: kinds.append("query")
      case .echo: kinds.append("echo")
      default: kinds.append("other")
      }
    }
    #expect(kinds == ["exception", "query", "echo", "exception"])
  }
}

extension WindowTests {
  /// Short requests are answered in batches, flushes where they are read, and a frame that is none
  /// stands in the middle: the answers come in the order of the requests, up to it.
  @Test func batchesKeepTheirOrder() async throws {
    let ledger = try await TestLedger(TestGenesis())
    let connection = try await ledger.connect()
    var bytes: [UInt8] = []
    let count = 500
    for number in 0..<count {
      switch number % 5 {
      case 3: bytes += try EngineConnection.frame(ABCIRequest.with { $0.flush = .init() })
      case 4:
        bytes += try EngineConnection.frame(ABCIRequest.with { $0.query.path = "/height" })
      default:
        // No transaction at all, each refused with its own words.
        bytes += try EngineConnection.frame(
          ABCIRequest.with { $0.checkTx.tx = Data([UInt8(number & 0x7F) | 0x80]) })
      }
    }
    // A CheckTx whose message is longer than the frame, and a request that is never read.
    bytes += [0x03, 0x42, 0x05, 0x01]
    bytes += try EngineConnection.frame(ABCIRequest.with { $0.echo.message = "too late" })
    try await connection.send(bytes)
    for number in 0..<count {
      switch try #require(try await connection.next()).value {
      case .flush?: #expect(number % 5 == 3)
      case .query(let query)?: #expect(number % 5 == 4 && query.code == 0)
      case .checkTx(let check)?:
        #expect(number % 5 < 3 && check.code != 0)
        #expect(check.log.contains("\(UInt8(number & 0x7F) | 0x80)"), "\(check.log)")
      case let other: Issue.record("request \(number): \(String(describing: other))")
      }
    }
    guard case .exception? = try await connection.next()?.value else {
      Issue.record("a frame that cannot be parsed must be refused")
      return
    }
    #expect(try await connection.next() == nil)
  }
}

/// Holds up whoever passes until it is opened.
private actor Gate {
  private var isOpen = false
  private var hasArrived = false
  private var passing: [CheckedContinuation<Void, Never>] = []
  private var watching: [CheckedContinuation<Void, Never>] = []

  func pass() async {
    hasArrived = true
    for watcher in watching { watcher.resume() }
    watching = []
    if isOpen { return }
    await withCheckedContinuation { passing.append($0) }
  }

  /// Returns when somebody stands at the gate.
  func arrival() async {
    if hasArrived { return }
    await withCheckedContinuation { watching.append($0) }
  }

  func open() {
    isOpen = true
    for waiter in passing { waiter.resume() }
    passing = []
  }
}
