import Locks
import NIOCore
import Primitives
import TestSupport
import Testing

@testable import NodeLink

@Suite(.timeLimit(.minutes(1))) struct LinkCallTests {
  private typealias F = LinkFixtures

  @Test func aCallIsAnsweredAndTheServerKnowsThePeer() async throws {
    try await F.withServer { peer, body in
      ByteBuffer(string: "\(peer) \(String(buffer: body))")
    } run: { _, port in
      try await F.withClient(port: port) { client in
        let answer = try await client.call(F.body("hello"), timeoutSeconds: 5)
        #expect(String(buffer: answer) == "\(F.key(2).accountID) hello")
        #expect(await client.isConnected)
      }
    }
  }

  @Test(arguments: [0, 1, 65_536, 1 << 20, LinkFrame.maximumBodyBytes])
  func bodiesOfAnySizeComeBackWhole(size: Int) async throws {
    try await F.withServer { _, body in
      body
    } run: { _, port in
      try await F.withClient(port: port) { client in
        var generator = SeededGenerator(seed: UInt64(size))
        let body = ByteBuffer(bytes: generator.bytes(size))
        let answer = try await client.call(body, timeoutSeconds: 20)
        #expect(answer == body)
      }
    }
  }

  @Test func aBodyThatFitsInNoFrameIsRefusedAtOnce() async throws {
    let size = LinkFrame.maximumBodyBytes + 1
    try await F.withServer { _, body in
      ByteBuffer(repeating: 0, count: size)
    } run: { _, port in
      try await F.withClient(port: port) { client in
        let error = await F.linkError {
          _ = try await client.call(ByteBuffer(repeating: 0, count: size), timeoutSeconds: 5)
        }
        #expect(error == .bodyTooLarge(bytes: size, limit: LinkFrame.maximumBodyBytes))
        let remote = await F.linkError { _ = try await client.call(F.body(""), timeoutSeconds: 5) }
        #expect(remote?.remoteCode == LinkRefusal.internalCode)
      }
    }
  }

  @Test func manyCallsShareOneConnection() async throws {
    try await F.withServer { _, body in
      body
    } run: { server, port in
      try await F.withClient(port: port) { client in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for index in 0..<200 {
            group.addTask {
              let body = F.body(String(repeating: "\(index),", count: index * 20))
              let answer = try await client.call(body, timeoutSeconds: 20)
              #expect(answer == body)
            }
          }
          try await group.waitForAll()
        }
        #expect(server.connectionCount == 1)
      }
    }
  }

  @Test func refusalsKeepTheirCodeAndOtherErrorsHideTheirText() async throws {
    struct Secret: Error { let text = "the disk is /dev/sda" }
    try await F.withServer { _, body in
      if body.readableBytes == 0 { throw Secret() }
      throw LinkRefusal(code: "quota-exceeded", text: "The disk quota of 5 bytes is used up.")
    } run: { _, port in
      try await F.withClient(port: port) { client in
        let refused = await F.linkError {
          _ = try await client.call(F.body("x"), timeoutSeconds: 5)
        }
        #expect(
          refused
            == .remote(code: "quota-exceeded", text: "The disk quota of 5 bytes is used up."))
        let failed = await F.linkError { _ = try await client.call(F.body(""), timeoutSeconds: 5) }
        #expect(failed == .remote(code: "internal", text: "The node failed to answer."))
      }
    }
  }

  @Test func aCallTimesOutAndTheConnectionStaysUsable() async throws {
    let gate = Gate()
    try await F.withServer { _, body in
      if String(buffer: body) == "wait" { await gate.pass() }
      return body
    } run: { server, port in
      try await F.withClient(port: port) { client in
        let late = await F.linkError {
          _ = try await client.call(F.body("wait"), timeoutSeconds: 0.3)
        }
        #expect(late == .timedOut(seconds: 0.3))
        try await F.expectEcho(client, "now")
        await gate.open()
        // The late answer to the first call must not be taken for that of a later one.
        try await F.expectEcho(client, "then")
        #expect(server.connectionCount == 1)
      }
    }
  }

  @Test func cancellingTheTaskGivesTheCallUp() async throws {
    let gate = Gate()
    try await F.withServer { _, body in
      await gate.pass()
      return body
    } run: { _, port in
      try await F.withClient(port: port) { client in
        let task = Task { try await client.call(F.body("x"), timeoutSeconds: 60) }
        try await eventually("the request arrives") { await gate.arrivals == 1 }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await gate.open()
      }
    }
  }

  @Test func requestsStartInOrderOfArrival() async throws {
    let order = Recorded<Int>()
    try await F.withServer { _, body in
      order.append(Int(String(buffer: body)) ?? -1)
      await Task.yield()
      return body
    } run: { _, port in
      try await F.withClient(port: port) { client in
        var pending: [PendingCall] = []
        for index in 0..<300 {
          let call = try await client.begin(F.body("\(index)"), timeoutSeconds: 20)
          pending.append(call)
        }
        for call in pending { _ = try await call.value() }
        #expect(order.values == Array(0..<300))
      }
    }
  }

  @Test func equalKeysNeverRunBesideEachOther() async throws {
    let running = Locked<[String: Int]>([:])
    let finished = Recorded<String>()
    let firstByte: @Sendable (ByteBuffer) -> UInt64? = {
      $0.getInteger(at: $0.readerIndex, as: UInt8.self).map(UInt64.init)
    }
    try await F.withServer(orderingKey: firstByte) { _, body in
      let text = String(buffer: body)
      let key = String(text.prefix(1))
      let others = running.withLock { running in
        running[key, default: 0] += 1
        return running[key, default: 0] - 1
      }
      #expect(others == 0)
      for _ in 0..<20 { await Task.yield() }
      running.withLock { $0[key, default: 0] -= 1 }
      finished.append(text)
      return body
    } run: { _, port in
      try await F.withClient(port: port) { client in
        var pending: [PendingCall] = []
        for index in 0..<120 {
          let text = "\("abc".dropFirst(index % 3).prefix(1))\(index)"
          pending.append(try await client.begin(F.body(text), timeoutSeconds: 20))
        }
        for call in pending { _ = try await call.value() }
        for key in ["a", "b", "c"] {
          let numbers = finished.values.filter { $0.hasPrefix(key) }
            .compactMap { Int($0.dropFirst()) }
          #expect(numbers.count == 40 && numbers == numbers.sorted())
        }
      }
    }
  }

  /// A client that ignores the server's bound is read no further than the bound.
  @Test func theServerStopsReadingAtItsBound() async throws {
    let gate = Gate()
    var limits = LinkServerLimits()
    limits.callsInFlight = 4
    try await F.withServer(limits: limits) { _, body in
      await gate.pass()
      return body
    } run: { _, port in
      var eager = LinkClientLimits()
      eager.callsInFlight = 64
      try await F.withClient(port: port, limits: eager) { client in
        var pending: [PendingCall] = []
        for _ in 0..<20 {
          let body = ByteBuffer(repeating: 1, count: 400_000)
          pending.append(try await client.begin(body, timeoutSeconds: 30))
        }
        try await eventually("four requests are in hand") { await gate.arrivals == 4 }
        try await Task.sleep(for: .milliseconds(200))
        #expect(await gate.arrivals == 4)
        await gate.open()
        for call in pending {
          let answer = try await call.value()
          #expect(answer.readableBytes == 400_000)
        }
      }
    }
  }

  @Test func theClientWaitsForASlotAndForNoLongerThanItsTime() async throws {
    let gate = Gate()
    try await F.withServer { _, body in
      await gate.pass()
      return body
    } run: { _, port in
      var limits = LinkClientLimits()
      limits.callsInFlight = 1
      try await F.withClient(port: port, limits: limits) { client in
        let first = try await client.begin(F.body("1"), timeoutSeconds: 30)
        let second = await F.linkError {
          _ = try await client.call(F.body("2"), timeoutSeconds: 0.2)
        }
        #expect(second == .timedOut(seconds: 0.2))
        await gate.open()
        let answer = try await first.value()
        #expect(answer == F.body("1"))
        try await F.expectEcho(client, "3")
      }
    }
  }

  @Test func aNodeWithItsHandsFullSaysBusy() async throws {
    let gate = Gate()
    var limits = LinkServerLimits()
    limits.callsInFlightInTotal = 1
    try await F.withServer(limits: limits) { _, body in
      await gate.pass()
      return body
    } run: { _, port in
      try await F.withClient(port: port) { client in
        let first = try await client.begin(F.body("1"), timeoutSeconds: 30)
        try await eventually("the first is in hand") { await gate.arrivals == 1 }
        let second = await F.linkError { _ = try await client.call(F.body("2"), timeoutSeconds: 5) }
        #expect(second?.remoteCode == LinkRefusal.busyCode)
        #expect(second?.isBeforeSending == true)
        await gate.open()
        _ = try await first.value()
      }
    }
  }
}
