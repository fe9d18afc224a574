import Foundation
import TestSupport
import Testing

@testable import Consensus

/// Clients that send nonsense, too much, too slowly, or nothing: a clear answer or a closed
/// connection, and the node lives.
@Suite struct RPCAbuseTests {
  private static func small() -> RPCLimits {
    var limits = RPCLimits()
    limits.bodyBytes = 10_000
    limits.requestSeconds = 1
    limits.idleSeconds = 1
    limits.messageBytes = 10_000
    return limits
  }

  @Test func refusesWhatIsTooLarge() async throws {
    try await RPCHarness.run(limits: Self.small()) { harness in
      let body = try await harness.post(String(repeating: "x", count: 20_000))
      #expect(body.status == 400)
      #expect(body.body.contains("request body too large"))
      let chunked =
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + String(repeating: "3e8\r\n" + String(repeating: "y", count: 1000) + "\r\n", count: 20)
      let endless = try await harness.exchange(Array(chunked.utf8))
      #expect(endless.contains("400"), "\(endless.prefix(200))")
      let headers = (0..<200).map { "X-\($0): y\r\n" }.joined()
      let many = try await harness.exchange(Array("GET /health HTTP/1.1\r\n\(headers)\r\n".utf8))
      #expect(many.hasPrefix("HTTP/1.1 431"), "\(many.prefix(100))")
      let uri = try await harness.get("/tx?hash=" + String(repeating: "a", count: 70_000))
      #expect(uri.status == 414)
      #expect(try await harness.get("/health").status == 200)
    }
  }

  @Test func closesSlowAndSilentConnections() async throws {
    try await RPCHarness.run(limits: Self.small()) { harness in
      let silent = try await RawConnection.open(port: harness.port)
      let slow = try await RawConnection.open(port: harness.port)
      try await slow.send(
        Array("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{\"".utf8))
      let idle = try await RawConnection.open(port: harness.port)
      try await idle.send(Array("GET /health HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
      #expect(try await silent.read() == "")
      #expect(try await slow.read() == "")
      #expect(try await idle.read().hasPrefix("HTTP/1.1 200"))
      try await eventually("all connections are closed") { harness.server.connectionCount == 0 }
    }
  }

  @Test func limitsConnections() async throws {
    var limits = RPCLimits()
    limits.connections = 3
    try await RPCHarness.run(limits: limits) { harness in
      var held: [RawConnection] = []
      for _ in 0..<3 { held.append(try await RawConnection.open(port: harness.port)) }
      try await eventually("three are open") { harness.server.connectionCount == 3 }
      let fourth = try await RawConnection.open(port: harness.port)
      #expect(try await fourth.read() == "")
      for connection in held { connection.close() }
      try await eventually("they are closed") { harness.server.connectionCount == 0 }
      #expect(try await harness.get("/health").status == 200)
    }
  }

  /// Seeded garbage at the socket and in the body.
  @Test func survivesGarbage() async throws {
    var generator = SeededGenerator.fromEnvironment(default: 31)
    let seed = generator.seed
    var bodies: [String] = []
    var raws: [[UInt8]] = []
    let sample =
      #"{"jsonrpc":"2.0","id":1,"method":"abci_query","params":{"path":"/rows","data":"00"}}"#
    for _ in 0..<150 {
      var bytes = Array(sample.utf8)
      bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
        in: 32...126, using: &generator)
      bodies.append(String(decoding: bytes, as: UTF8.self))
      raws.append(generator.bytes(Int.random(in: 1...300, using: &generator)))
    }
    let (texts, garbage) = (bodies, raws)
    // On a busy machine a second may pass between two requests of a connection that is kept.
    var limits = Self.small()
    limits.requestSeconds = 60
    limits.idleSeconds = 60
    try await RPCHarness.run(limits: limits) { harness in
      for body in texts {
        let answer = try await harness.post(body)
        #expect([200, 400, 500].contains(answer.status), "seed \(seed): \(body)")
      }
      for raw in garbage.prefix(30) {
        let connection = try await RawConnection.open(port: harness.port)
        try? await connection.send(raw + Array("\r\n\r\n".utf8))
        connection.close()
      }
      #expect(try await harness.get("/health").status == 200)
      #expect(await harness.driver.haltReason == nil)
    }
  }

  /// Any bytes as a transaction: a code, never a trap.
  @Test func anyTransactionBytesHaveACode() async throws {
    var generator = SeededGenerator.fromEnvironment(default: 32)
    let chain = TestChain()
    let driver = try chain.driver()
    let good = chain.transfer(sequence: 0)
    for _ in 0..<2000 {
      var bytes = good
      switch Int.random(in: 0...3, using: &generator) {
      case 0: bytes = generator.bytes(Int.random(in: 0...300, using: &generator))
      case 1: bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
      case 2: bytes += generator.bytes(Int.random(in: 1...9, using: &generator))
      default:
        bytes[Int.random(in: bytes.indices, using: &generator)] ^= UInt8.random(
          in: 1...255, using: &generator)
      }
      guard case .rejected(_, let rejection) = await driver.submit(bytes) else {
        Issue.record("seed \(generator.seed): \(bytes) was taken")
        return
      }
      #expect(rejection.code.number > 0)
    }
  }
}
