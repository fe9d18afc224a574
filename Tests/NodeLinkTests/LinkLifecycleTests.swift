import NIOCore
import Primitives
import Synchronization
import TestSupport
import Testing

@testable import NodeLink

@Suite(.timeLimit(.minutes(1))) struct LinkLifecycleTests {
  private typealias F = LinkFixtures

  private func server(port: Int) throws -> LinkServer {
    LinkServer(
      identity: try F.identity(1), host: "127.0.0.1", port: port, logger: F.quiet,
      handler: { _, body in body })
  }

  @Test func theClientReconnectsWhenTheNodeReturns() async throws {
    let first = try server(port: 0)
    let port = try await first.start()
    try await F.withClient(port: port) { client in
      _ = try await client.call(F.body("1"), timeoutSeconds: 5)
      await first.shutdown()
      try await eventually("the client notices") { await !client.isConnected }
      let down = await F.linkError { _ = try await client.call(F.body("2"), timeoutSeconds: 5) }
      guard case .notConnected = down else {
        Issue.record("expected notConnected, got \(String(describing: down))")
        return
      }
      let second = try server(port: port)
      _ = try await second.start()
      try await eventually("a call succeeds again") {
        (try? await client.call(F.body("3"), timeoutSeconds: 5)) != nil
      }
      await second.shutdown()
    }
  }

  @Test func aFailedAttemptIsNotRepeatedAtOnce() async throws {
    let gone = try server(port: 0)
    let port = try await gone.start()
    await gone.shutdown()
    var limits = LinkClientLimits()
    limits.firstBackoffSeconds = 30
    limits.longestBackoffSeconds = 30
    try await F.withClient(port: port, limits: limits) { client in
      _ = await F.linkError { _ = try await client.call(F.body(""), timeoutSeconds: 5) }
      let again = await F.linkError { _ = try await client.call(F.body(""), timeoutSeconds: 5) }
      guard case .notConnected(let reason) = again else {
        Issue.record("expected notConnected, got \(String(describing: again))")
        return
      }
      #expect(reason.contains("next attempt in"))
    }
  }

  @Test func aBreakFailsTheCallsInFlight() async throws {
    let gate = Gate()
    var limits = LinkServerLimits()
    limits.shutdownSeconds = 0.1
    let server = LinkServer(
      identity: try F.identity(1), host: "127.0.0.1", port: 0, limits: limits, logger: F.quiet,
      handler: { _, body in
        await gate.pass()
        return body
      })
    let port = try await server.start()
    try await F.withClient(port: port) { client in
      let call = try await client.begin(F.body("x"), timeoutSeconds: 60)
      try await eventually("the request arrives") { await gate.arrivals == 1 }
      let stopping = Task { await server.shutdown() }
      let error = await F.linkError { _ = try await call.value() }
      guard case .connectionLost = error else {
        Issue.record("expected connectionLost, got \(String(describing: error))")
        return
      }
      #expect(error?.isBeforeSending == false)
      await gate.open()
      await stopping.value
    }
  }

  @Test func shutdownAnswersWhatIsInHand() async throws {
    let gate = Gate()
    let server = LinkServer(
      identity: try F.identity(1), host: "127.0.0.1", port: 0, logger: F.quiet,
      handler: { _, body in
        await gate.pass()
        return body
      })
    let port = try await server.start()
    try await F.withClient(port: port) { client in
      let call = try await client.begin(F.body("x"), timeoutSeconds: 60)
      try await eventually("the request arrives") { await gate.arrivals == 1 }
      let stopping = Task { await server.shutdown() }
      try await Task.sleep(for: .milliseconds(50))
      await gate.open()
      let answer = try await call.value()
      #expect(answer == F.body("x"))
      await stopping.value
      #expect(server.connectionCount == 0)
    }
  }

  @Test func aClosedClientRefusesAndFailsItsCalls() async throws {
    let gate = Gate()
    try await F.withServer { _, body in
      await gate.pass()
      return body
    } run: { _, port in
      try await F.withClient(port: port) { client in
        let call = try await client.begin(F.body("x"), timeoutSeconds: 60)
        try await eventually("the request arrives") { await gate.arrivals == 1 }
        await client.close()
        #expect(await F.linkError { _ = try await call.value() } != nil)
        #expect(
          await F.linkError { _ = try await client.call(F.body(""), timeoutSeconds: 5) } == .closed)
        await gate.open()
      }
    }
  }

  @Test func connectionsBeyondTheLimitAreClosed() async throws {
    var limits = LinkServerLimits()
    limits.connections = 2
    try await F.withServer(limits: limits) { _, body in
      body
    } run: { server, port in
      try await F.withClient(port: port, identity: F.identity(11)) { one in
        try await F.withClient(port: port, identity: F.identity(12)) { two in
          _ = try await one.call(F.body("1"), timeoutSeconds: 5)
          _ = try await two.call(F.body("2"), timeoutSeconds: 5)
          try await F.withClient(port: port, identity: F.identity(13)) { three in
            #expect(
              await F.linkError { _ = try await three.call(F.body("3"), timeoutSeconds: 5) } != nil)
          }
          #expect(server.connectionCount == 2)
          try await F.expectEcho(one, "1")
        }
      }
    }
  }

  @Test func anIdleConnectionIsClosedAndMadeAgain() async throws {
    var limits = LinkServerLimits()
    limits.idleSeconds = 1
    try await F.withServer(limits: limits) { _, body in
      body
    } run: { server, port in
      try await F.withClient(port: port) { client in
        _ = try await client.call(F.body("1"), timeoutSeconds: 5)
        try await eventually("the idle connection is closed") { server.connectionCount == 0 }
        try await eventually("the client notices") { await !client.isConnected }
        // Under load the new connection may be idle for too long before the call gets to it.
        try await eventually("a call succeeds again") {
          (try? await client.call(F.body("2"), timeoutSeconds: 5)) != nil
        }
      }
    }
  }

  @Test func aPoolKeepsOneClientPerNode() async throws {
    try await F.withServer { _, body in
      body
    } run: { server, port in
      let pool = LinkPool(identity: try F.identity(2), logger: F.quiet)
      let node = F.key(1).accountID
      let one = try await pool.client(for: node, endpoint: "127.0.0.1:\(port)")
      let same = try await pool.client(for: node, endpoint: "127.0.0.1:\(port)")
      #expect(one === same)
      _ = try await one.call(F.body("x"), timeoutSeconds: 5)
      let moved = try await pool.client(for: node, endpoint: "127.0.0.1:1")
      #expect(moved !== one)
      #expect(
        await F.linkError { _ = try await one.call(F.body("x"), timeoutSeconds: 5) } == .closed)
      #expect(
        await F.linkError { _ = try await pool.client(for: node, endpoint: "nowhere") }
          == .notConnected(reason: "\"nowhere\" is no host:port"))
      await pool.close()
      #expect(
        await F.linkError { _ = try await pool.client(for: node, endpoint: "127.0.0.1:1") }
          == .closed)
    }
  }
}
