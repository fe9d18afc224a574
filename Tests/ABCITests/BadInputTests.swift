import ABCI
import Consensus
import Foundation
import LedgerStore
import NIOCore
import Primitives
import TestSupport
import Testing

/// What no node should send: a log line, a closed connection where it must be, and the server
/// lives.
@Suite(.serialized) struct BadInputTests {
  private func flush(_ connection: EngineConnection) async throws {
    try await connection.send([0x02, 0x12, 0x00])
    let frame = try #require(await connection.nextFrame())
    #expect(Array(frame.readableBytesView) == [0x1A, 0x00])
  }

  @Test func goldenFrames() async throws {
    let ledger = try await TestLedger(TestGenesis())
    let connection = try await ledger.connect()
    // A stray flush may be the first message.
    try await flush(connection)
    try await connection.send(bytes("161a140a07302e33382e3235100b18082205322e302e30"))
    #expect(try await connection.next()?.info.appVersion == ApplicationInfo.protocolVersion)
    try await connection.send(bytes("0f420d0a0b6b6579313d76616c756531"))
    let check = try #require(try await connection.next()?.checkTx)
    #expect(check.code != 0 && check.codespace == "trellis" && !check.log.isEmpty)
    // A commit without a block is what an exception is for.
    try await connection.send(bytes("025a00"))
    #expect(try await connection.next()?.exception.error.contains("FinalizeBlock") == true)
    let accept = ABCIResponse.with { $0.processProposal.status = .accept }
    #expect(try [UInt8](accept.serializedData()) == bytes("9201020801"))
    let commit = ABCIResponse.with { $0.commit = ABCIResponseCommit() }
    #expect(try [UInt8](commit.serializedData()) == bytes("6200"))
  }

  private func bytes(_ hex: String) -> [UInt8] { [UInt8](hex: hex) ?? [] }

  @Test(
    arguments: [
      [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], Array("GET / HTTP/1.1\r\n\r\n".utf8),
      [0x03, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0x7F, 0x00], [0x00],
      // A method of ABCI++'s future, and one of its past.
      [0x03, 0xAA, 0x01, 0x00], [0x02, 0x22, 0x00],
    ] as [[UInt8]])
  func garbageEndsItsConnectionOnly(_ garbage: [UInt8]) async throws {
    let ledger = try await TestLedger(TestGenesis())
    let good = try await ledger.connect()
    let bad = try await ledger.connect()
    try await bad.send(garbage)
    var last: ABCIResponse?
    // "GET " is a frame of 71 bytes that never comes: it ends when its sender does.
    if garbage.first == UInt8(ascii: "G") {
      await bad.close()
    } else {
      while let response = try await bad.next() { last = response }
      #expect(last?.exception.error.isEmpty == false)
      #expect(ledger.log.contains("error", "ABCI"))
    }
    try await flush(good)
    try await flush(try await ledger.connect())
  }

  @Test func anOversizedFrameIsNamed() async throws {
    let ledger = try await TestLedger(TestGenesis(), frameLimit: 1000)
    let connection = try await ledger.connect()
    try await connection.send([0x02, 0x12, 0x00, 0xE9, 0x07] + [UInt8](repeating: 0, count: 900))
    #expect(try await connection.next()?.flush != nil)
    let refusal = try #require(try await connection.next())
    #expect(refusal.exception.error.contains("1001"))
    #expect(try await connection.next() == nil)
  }

  /// Only the last state is there: another height's is not passed off as it.
  @Test func aStateThatIsNotKeptIsRefused() async throws {
    let ledger = try await TestLedger(TestGenesis())
    let connection = try await ledger.connect()
    for (height, code) in [(Int64(0), UInt32(0)), (5, 4), (.max, 4)] {
      let answer = try await connection.call {
        $0.query.path = "/height"
        $0.query.height = height
      }.query
      #expect(answer.code == code)
    }
  }

  @Test func aTruncatedFrameIsLogged() async throws {
    let ledger = try await TestLedger(TestGenesis())
    let connection = try await ledger.connect()
    try await flush(connection)
    try await connection.send([0x16, 0x1A, 0x14])
    await connection.close()
    try await eventually("the log says so") { ledger.log.contains("inside a frame") }
    try await eventually("it is gone") { ledger.server.connectionCount == 0 }
  }

  /// Who asks and never reads is not read from any more: what it can make the server hold ends.
  @Test func aPeerThatNeverReads() async throws {
    let ledger = try await TestLedger(TestGenesis())
    let deaf = try RawSocket(path: ledger.path)
    let message = String(repeating: "x", count: 60_000)
    let frame = try EngineConnection.frame(ABCIRequest.with { $0.echo.message = message })
    // Sends without blocking until the kernel takes no more: the server has stopped reading.
    var accepted = 0
    try await eventually("the server stops reading", within: 60) {
      let before = accepted
      while let count = deaf.trySend(frame), count > 0 { accepted += count }
      try await Task.sleep(for: .milliseconds(200))
      return accepted == before && accepted > 0
    }
    #expect(accepted < 64 << 20, "\(accepted) bytes")
    try await flush(try await ledger.connect())
    deaf.close()
    try await eventually("it is gone") { ledger.server.connectionCount <= 1 }
  }

  @Test func connectionsComeAndGo() async throws {
    let ledger = try await TestLedger(TestGenesis())
    for round in 0..<200 {
      let connection = try await ledger.connect()
      if round % 2 == 0 { try await flush(connection) } else { try await connection.send([0x16]) }
      await connection.close()
    }
    try await eventually("all are gone") { ledger.server.connectionCount == 0 }
    try await flush(try await ledger.connect())
  }

  @Test func tooManyAreTurnedAway() async throws {
    let ledger = try await TestLedger(TestGenesis())
    var held: [EngineConnection] = []
    for _ in 0..<32 {
      let connection = try await ledger.connect()
      try await flush(connection)
      held.append(connection)
    }
    let late = try await ledger.connect()
    #expect(await late.nextFrame() == nil)
    for connection in held { try await flush(connection) }
  }

  /// A store that fails never takes the node down by a Query or a CheckTx; FinalizeBlock and Commit
  /// do, by an exception.
  @Test func aFaultIsACodeOrAnException() async throws {
    let genesis = TestGenesis()
    let store = FaultyLedgerStore(MemoryLedgerStore(), faults: [0: .writeError])
    let ledger = try await TestLedger(genesis, store: store)
    let connection = try await ledger.connect()
    let query = try await connection.call { $0.query.path = "/nothing" }
    #expect(query.query.code != 0 && query.query.codespace == "trellis")
    for length in [0, 1, 31, 4096] {
      var generator = SeededGenerator(seed: UInt64(length))
      let noise = Data(generator.bytes(length))
      let check = try await connection.call { $0.checkTx.tx = noise }
      #expect(check.checkTx.code != 0)
    }
    let odd = try await connection.call {
      $0.checkTx.tx = Data(genesis.transfer(sequence: 0))
      $0.checkTx.type = .UNRECOGNIZED(3)
    }
    #expect(odd.checkTx.log.contains("3"))
    await #expect(throws: EngineFailure.self) {
      _ = try await connection.call { $0.finalizeBlock.height = -1 }
    }
    // The flush that followed it.
    #expect(try await connection.next()?.flush != nil)
    await #expect(throws: EngineFailure.self) {
      _ = try await connection.call {
        $0.initChain.chainID = genesis.genesis.chainName
        $0.initChain.time.seconds = 1_800_000_000
      }
    }
    #expect(ledger.log.contains("critical"))
    #expect(try await connection.next()?.flush != nil)
    #expect(try await connection.call { $0.checkTx.tx = Data([1]) }.checkTx.code != 0)
  }
}
