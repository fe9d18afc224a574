import ABCI
import NIOCore
import Primitives
import TestSupport
import Testing

/// Bytes of real nodes, cut and mixed in every way: one response a request, in order, of its type,
/// and the same state.
@Suite(.serialized) struct TranscriptTests {
  /// Feeds all connections at once and returns the state root.
  private func replay(
    _ transcript: Transcript, on ledger: TestLedger, _ splitting: Splitting,
    mayFail: Set<RequestMethod> = []
  ) async throws -> Digest {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for stream in transcript.streams {
        group.addTask {
          let connection = try await ledger.connect()
          async let sent: Void = {
            for piece in splitting.pieces(of: stream) { try await connection.send(piece) }
          }()
          try await Self.check(connection, answers: stream, mayFail: mayFail)
          try await sent
          await connection.close()
        }
      }
      try await group.waitForAll()
    }
    return ledger.node.committedInfo.stateRoot
  }

  private static func check(
    _ connection: EngineConnection, answers stream: [UInt8], mayFail: Set<RequestMethod>
  ) async throws {
    for (index, method) in try Transcript.methods(stream).enumerated() {
      let method = try #require(method)
      let frame = try #require(await connection.nextFrame(), "request \(index), \(method)")
      var number = 0
      for (place, byte) in frame.readableBytesView.prefix(2).enumerated() {
        number |= Int(byte & 0x7F) << (7 * place)
        if byte < 0x80 { break }
      }
      if number >> 3 == 1, mayFail.contains(method) { continue }
      #expect(
        number >> 3 == method.responseNumber,
        "request \(index), \(method): \(String(buffer: frame).prefix(300))")
    }
  }

  @Test(arguments: Transcript.beginnings)
  func eachWayOfCuttingGivesTheSameState(_ name: String) async throws {
    let transcript = try Transcript(name)
    let genesis = try transcript.genesis()
    let whole = try await replay(transcript, on: TestLedger(genesis), .whole)
    #expect(whole != (try genesis.node().committedInfo.stateRoot), "blocks were executed")
    #expect(try await replay(transcript, on: TestLedger(genesis), .singleBytes) == whole)
    #expect(
      try await replay(transcript, on: TestLedger(genesis, overTCP: true), .seeded(7)) == whole)
  }

  /// A thousand seeded ways, over the recordings of every connection.
  @Test func aThousandSplits() async throws {
    var generator = SeededGenerator.fromEnvironment(default: 38)
    let transcripts = try Transcript.beginnings.map { try Transcript($0) }
    let genesis = try transcripts.map { try $0.genesis() }
    var roots: [Int: Digest] = [:]
    for round in 0..<1000 {
      let seed = generator.next()
      // Large recordings one time in fifty, short ones of single connections else.
      let index = Int(seed % UInt64(transcripts.count))
      let transcript = transcripts[index]
      if round % 50 == 0 {
        let root = try await replay(transcript, on: TestLedger(genesis[index]), .seeded(seed))
        #expect(root == roots[index, default: root], "TRELLIS_SEED=\(generator.seed)")
        roots[index] = root
        continue
      }
      let stream = transcript.streams[Int(seed >> 32) % 3]
      let part = Transcript(name: transcript.name, streams: [stream])
      _ = try await replay(part, on: TestLedger(genesis[index]), .seeded(seed))
    }
  }

  /// A chain that is left and taken up again, as the node was restarted.
  @Test func restartsGoOn() async throws {
    let phases = try ["p1_fresh", "p2_node_restart", "p3_app_and_node_restart"].map {
      try Transcript("kvstore/" + $0)
    }
    let ledger = try await TestLedger(try phases[0].genesis())
    var height: UInt64 = 0
    for phase in phases {
      _ = try await replay(phase, on: ledger, .whole)
      #expect(ledger.node.committedInfo.height > height, "\(phase.name)")
      height = ledger.node.committedInfo.height
    }
  }

  /// The application has lost its last blocks, and the node replays them.
  @Test func aStaleApplicationCatchesUp() async throws {
    let full = try Transcript("kvstore/p4_full_replay")
    let genesis = try full.genesis()
    let ledger = try await TestLedger(genesis)
    _ = try await replay(
      Transcript(name: "1…14", streams: [try Self.firstBlocks(14, of: full)]), on: ledger, .whole)
    #expect(ledger.node.committedInfo.height == 14)
    let whole = try await TestLedger(genesis)
    _ = try await replay(full, on: whole, .whole)
    let stale = try Transcript("kvstore/p5_stale_app_partial_replay")
    _ = try await replay(stale, on: ledger, .seeded(3))
    #expect(ledger.node.committedInfo.height >= 43)
  }

  /// The start of the consensus connection's stream, up to the commit of a height.
  private static func firstBlocks(_ count: Int, of transcript: Transcript) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var commits = 0
    for frame in try Transcript.frames(transcript.streams[3]) {
      var prefix = ByteBuffer()
      FrameDecoder.writePrefix(frame.readableBytes, to: &prefix)
      bytes += Array(prefix.readableBytesView) + Array(frame.readableBytesView)
      if RequestMethod(peeking: frame) == .commit { commits += 1 }
      if commits == count { break }
    }
    return bytes
  }

  /// Another application's snapshot is refused, and nothing is executed on top of it.
  @Test func aForeignSnapshotIsRefused() async throws {
    let transcript = try Transcript("e2e_ve_statesync/node4_statesync")
    let ledger = try await TestLedger(try transcript.genesis())
    _ = try await replay(
      transcript, on: ledger, .whole,
      mayFail: [.finalizeBlock, .commit, .extendVote, .verifyVoteExtension])
    #expect(ledger.node.committedInfo.height == 0)
  }

  @Test(arguments: ["v1.0.1_kvstore/p1_fresh", "v1.0.1_kvstore/p2_full_replay"])
  func aPeerOfVersion1IsRefused(_ name: String) async throws {
    let transcript = try Transcript(name)
    let ledger = try await TestLedger(try transcript.genesis())
    let connection = try await ledger.connect()
    try await connection.send(transcript.streams[0])
    guard case .flush? = try await connection.next()?.value else {
      Issue.record("no flush response")
      return
    }
    let answer = try #require(try await connection.next())
    #expect(answer.exception.error.contains("1.0.1") && answer.exception.error.contains("v0.38"))
    #expect(ledger.log.contains("1.0.1"))
    // Whatever it goes on to ask on another connection is refused likewise.
    let consensus = try await ledger.connect()
    try await consensus.send(transcript.streams[3])
    let refusal = try #require(try await consensus.next())
    #expect(refusal.exception.error.contains("1.0.1"))
    #expect(ledger.node.committedInfo.height == 0)
  }
}
