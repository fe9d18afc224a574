import ABCI
import Consensus
import Foundation
import Ledger
import NIOCore
import Primitives
import ServiceKit
import SwiftProtobuf
import TestSupport
import Testing

/// A block as large as CometBFT allows, and requests whose large fields are taken out of the frame.
@Suite(.serialized) struct LargeBlockTests {
  /// Two nodes agree on a block of 100 MB: transactions of a mebibyte each, whose service nobody
  /// knows, so each has its result and changes nothing but its sender's sequence.
  @Test func aBlockOfAHundredMegabytes() async throws {
    let genesis = TestGenesis(validators: 2, customers: 96)
    let engine = ScriptedEngineTests.engine(
      genesis, hosts: try await ScriptedEngineTests.hosts(genesis), maxTxBytes: 100 << 20)
    try await engine.start()
    try await engine.runHeight()
    let payload = [UInt8](repeating: 0x5A, count: Ledger.Operation.payloadByteLimit)
    var script = ScriptedEngine.Script()
    // What does not fit any more stays behind.
    script.transactions = (0..<104).map { index in
      genesis.signed(
        .service(ServiceID(number: 99), payload: payload),
        by: genesis.customers[index % 96], lane: UInt8(index / 96), sequence: 0)
    }
    try await engine.runHeight(script)
    let block = try #require(await engine.nodes[0].blocks.last)
    let bytes = block.transactions.reduce(0) { $0 + $1.count }
    #expect(bytes > 98 << 20 && bytes <= 100 << 20)
    #expect(block.transactions.count == 100)
    let answer = try #require(await engine.nodes[1].answers.last)
    #expect(answer.txResults.count == block.transactions.count)
    #expect(answer.txResults.dropFirst().allSatisfy { $0.code != 0 })
    try await engine.runHeight()
  }

  /// For every recorded request, what is taken apart is what protobuf reads.
  @Test func recordedRequestsAreTakenApart() throws {
    var seen: [RequestMethod: Int] = [:]
    for name in Transcript.beginnings {
      for frame in try Transcript(name).streams.flatMap(Transcript.frames) {
        let whole = try ABCIRequest(serializedBytes: frame.readableBytesSpan)
        let parsed = try ParsedRequest(frame)
        guard let (expected, stripped) = Self.bulk(of: whole) else {
          #expect(parsed.message == whole && parsed.bulk.isEmpty)
          continue
        }
        #expect(parsed.bulk.filter { !$0.isEmpty } == expected.filter { !$0.isEmpty })
        #expect(parsed.message == stripped)
        if let method = RequestMethod(peeking: frame) { seen[method, default: 0] += 1 }
      }
    }
    for method in [RequestMethod.checkTransaction, .prepareProposal, .finalizeBlock] {
      #expect(seen[method, default: 0] > 0, "\(method)")
    }
  }

  private static func bulk(of request: ABCIRequest) -> ([[UInt8]], ABCIRequest)? {
    var rest = request
    switch request.value {
    case .checkTx(let check)?:
      rest.checkTx.tx = Data()
      return ([[UInt8](check.tx)], rest)
    case .prepareProposal(let prepare)?:
      rest.prepareProposal.txs = []
      return (prepare.txs.map { [UInt8]($0) }, rest)
    case .processProposal(let process)?:
      rest.processProposal.txs = []
      return (process.txs.map { [UInt8]($0) }, rest)
    case .finalizeBlock(let finalize)?:
      rest.finalizeBlock.txs = []
      return (finalize.txs.map { [UInt8]($0) }, rest)
    case .extendVote(let extend)?:
      rest.extendVote.txs = []
      return (extend.txs.map { [UInt8]($0) }, rest)
    case .applySnapshotChunk(let apply)?:
      rest.applySnapshotChunk.chunk = Data()
      return ([[UInt8](apply.chunk)], rest)
    default: return nil
    }
  }

  /// Whatever the bytes, what protobuf takes is taken and what it refuses is refused.
  @Test func damagedRequestsAreJudgedAsByProtobuf() throws {
    var generator = SeededGenerator.fromEnvironment(default: 100)
    var request = ABCIRequest()
    request.finalizeBlock.txs = [Data([1, 2, 3]), Data(), Data(repeating: 9, count: 300)]
    request.finalizeBlock.height = 77
    request.finalizeBlock.hash = Data(repeating: 4, count: 32)
    request.finalizeBlock.time.seconds = 1_700_000_000
    let bytes: [UInt8] = try request.serializedBytes()
    var refused = 0
    for _ in 0..<20_000 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        damaged[Int.random(in: damaged.indices, using: &generator)] = generator.bytes(1)[0]
      }
      if Bool.random(using: &generator) {
        damaged.removeLast(Int.random(in: 0..<damaged.count / 2, using: &generator))
      }
      let frame = ByteBuffer(bytes: damaged)
      let whole = try? ABCIRequest(serializedBytes: damaged)
      let parsed = try? ParsedRequest(frame)
      #expect((whole == nil) == (parsed == nil), "TRELLIS_SEED=\(generator.seed)")
      if whole == nil { refused += 1 }
      if case .finalizeBlock(let finalize)? = whole?.value {
        #expect(parsed?.bulk == finalize.txs.map { [UInt8]($0) }, "TRELLIS_SEED=\(generator.seed)")
      }
    }
    #expect(refused > 1000 && refused < 19_000)
  }

  /// A proposal is answered with the bytes that protobuf would write.
  @Test func proposalsAreFramedAsByProtobuf() async throws {
    let genesis = TestGenesis()
    let ledger = try await TestLedger(genesis)
    let start = ScriptedEngineTests.start(genesis)
    let connection = try await ledger.connect()
    _ = try await connection.call { $0.initChain = start }
    let transactions = (0..<200).map { genesis.transfer(sequence: $0) }
    let answer = try await connection.call {
      $0.prepareProposal.height = 1
      $0.prepareProposal.maxTxBytes = 1 << 20
      $0.prepareProposal.time = start.time
      $0.prepareProposal.txs = transactions.map { Data($0) }
      $0.prepareProposal.proposerAddress = Data(count: 20)
    }
    #expect(answer.prepareProposal.txs.dropFirst().map { [UInt8]($0) } == transactions)
    #expect(answer.unknownFields.data.isEmpty)
  }
}
