import Foundation
import TestSupport
import Testing

@testable import Consensus

@Suite struct WebSocketTests {
  private static let handshake = Array(
    ("GET /websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      + "Sec-WebSocket-Key: TNskurkc3Ie0FYXxZJJAUA==\r\nSec-WebSocket-Version: 13\r\n\r\n").utf8)

  /// A masked text frame of at most 65,535 bytes.
  private static func frame(_ text: String, opcode: UInt8 = 1) -> [UInt8] {
    let payload = Array(text.utf8)
    var frame: [UInt8] = [0x80 | opcode]
    if payload.count < 126 {
      frame.append(0x80 | UInt8(payload.count))
    } else {
      frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
    }
    let mask: [UInt8] = [1, 2, 3, 4]
    return frame + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
  }

  private static func call(_ id: Int, _ method: String, _ query: String? = nil) -> [UInt8] {
    let params = query.map { #"{"query":"\#($0)"}"# } ?? "{}"
    return frame(#"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#)
  }

  private static func connect(_ harness: RPCHarness) async throws -> RawConnection {
    let connection = try await RawConnection.open(port: harness.port)
    try await connection.send(handshake)
    let answer = try await connection.read(until: "\r\n\r\n")
    #expect(answer.contains("101 Switching Protocols"))
    #expect(answer.lowercased().contains("sec-websocket-accept: 5weahw4vwjdzwnu2m2vldhlcixw="))
    return connection
  }

  @Test func tellsOfBlocksAndTransactions() async throws {
    try await RPCHarness.run { harness in
      let connection = try await Self.connect(harness)
      try await connection.send(Self.call(1, "subscribe", "tm.event='NewBlock'"))
      #expect(try await connection.read(until: "\"result\":{}}").contains("\"id\":1"))
      try await connection.send(Self.call(2, "subscribe", "tm.event = 'Tx'"))
      #expect(try await connection.read(until: "\"result\":{}}").contains("\"id\":2"))
      try await harness.commit(sequence: 0)
      let text = try await connection.read(until: "tendermint/event/Tx")
      #expect(text.contains("tendermint/event/NewBlock") || text.contains("event/Tx"))
      connection.close()
      try await eventually("its subscriptions end") {
        harness.driver.events.subscriberCount == 0
      }
    }
  }

  /// Frames have the recorded fields.
  @Test func framesHaveTheRecordedShapes() async throws {
    let path = SourceTree.root + "/Tests/Fixtures/comet-rpc/ws_frames.jsonl"
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    let recorded = try lines.map { line in
      let text = try JSONParser.parse(Array(line.utf8))["text"]?.text ?? ""
      return try JSONParser.parse(Array(text.utf8))["result"] ?? .null
    }
    try await RPCHarness.run { harness in
      let item = try await harness.commit(sequence: 0)
      let reader = ChainReader(driver: harness.driver)
      let shapes = [EventShape.newBlock, .newBlockHeader, .transaction]
      for (shape, recording) in zip(shapes, recorded) {
        let message = try #require(shape.messages(item.block, reader: reader).first)
        let ours: JSONValue = ["query": "", "data": message.data]
        let theirs: JSONValue = ["query": "", "data": recording["data"] ?? .null]
        #expect(RPCShapeTests.differences(theirs, ours).isEmpty, "\(shape)")
      }
    }
  }

  @Test func refusesWhatItDoesNotKnow() async throws {
    try await RPCHarness.run { harness in
      let connection = try await Self.connect(harness)
      let cases: [([UInt8], String)] = [
        (Self.call(1, "subscribe", "tm.event='Vote'"), "Solo has tm.event"),
        (Self.call(2, "subscribe", "tm.event=='bad"), "failed to parse query"),
        (Self.call(3, "unsubscribe", "tm.event='Tx'"), "subscription not found"),
        (Self.call(4, "unsubscribe_all"), "subscription not found"),
        (Self.call(5, "no_such_method"), "Method not found"),
        (Self.frame("{"), "Parse error"),
        (Self.frame("[]"), "Parse error"),
        (Self.call(6, "health"), "\"result\":{}"),
      ]
      for (frame, expected) in cases {
        try await connection.send(frame)
        let answer = try await connection.read(until: expected)
        #expect(answer.contains(expected))
      }
      try await connection.send(Self.call(7, "subscribe", "tm.event='Tx'"))
      _ = try await connection.read(until: "\"result\":{}}")
      try await connection.send(Self.call(8, "subscribe", "tm.event='Tx'"))
      _ = try await connection.read(until: "already subscribed")
      try await connection.send(Self.call(9, "unsubscribe", "tm.event='Tx'"))
      #expect(try await connection.read(until: "\"result\":{}}").contains("\"id\":9"))
      try await connection.send(Self.frame("hello", opcode: 9))
      #expect(try await connection.read(until: "hello").contains("hello"))
      try await connection.send(Self.frame("\u{3}\u{68}", opcode: 8))
      _ = try await connection.read()
      #expect(!connection.isOpen)
    }
  }

  @Test func aPlainGetIsNoWebSocket() async throws {
    try await RPCHarness.run { harness in
      let plain = try await harness.get("/websocket")
      #expect(plain.status == 400)
      let subscribe = try await harness.get("/subscribe?query=%22tm.event='Tx'%22")
      #expect(subscribe.status == 404)
    }
  }

  /// A subscriber that never reads is dropped, and blocks go on meanwhile.
  @Test func dropsASlowSubscriber() async throws {
    let events = ChainEvents()
    let stream = events.subscribe()
    let chain = TestChain()
    let driver = try chain.driver(intervalMilliseconds: 1)
    let run = Task { try await driver.run() }
    guard case .committed(let item) = await driver.submitAndWait(chain.transfer(sequence: 0))
    else {
      Issue.record("no block")
      return
    }
    for _ in 0..<(ChainEvents.queueLimit + 1) { events.publish(item.block) }
    #expect(events.subscriberCount == 0)
    var count = 0
    for await _ in stream { count += 1 }
    #expect(count == ChainEvents.queueLimit)
    run.cancel()
    try await run.value
  }
}
