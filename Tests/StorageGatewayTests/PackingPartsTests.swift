import Cryptography
import ErasureCoding
import NIOCore
import Primitives
import ServiceKit
import StorageService
import TestSupport
import Testing

@testable import StorageGateway

@Suite("The parts of packing")
struct PackingPartsTests {
  private let key = SymmetricKeyBytes(Digest.sha256(domain: "test-key", []).value)
  private let attempt = AttemptID(bytes: [UInt8](repeating: 7, count: AttemptID.byteCount))

  // MARK: Sealing

  /// What the pipe gives out, piece after piece, is what sealing the whole at once gives.
  @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 200_000, 64 * 65_536, 64 * 65_536 + 1])
  func piecesAreTheBlobSealedAtOnce(count: Int) throws {
    var random = SeededGenerator.fromEnvironment(default: 41)
    let attempt = try #require(attempt)
    // A block again and again: drawing megabytes takes longer than sealing them.
    let block = random.bytes(997)
    var body: [UInt8] = []
    while body.count < count { body += block.prefix(count - body.count) }
    var pipe = SealingPipe(key: key, attempt: attempt)
    var pieces: [SealedPiece] = []
    var position = 0
    while position < count {
      let end = min(count, position + Int.random(in: 1...100_000, using: &random))
      pieces += try pipe.take(ByteBuffer(bytes: body[position..<end]))
      if Int.random(in: 0..<20, using: &random) == 0, let piece = pipe.flush() {
        pieces.append(piece)
      }
      position = end
    }
    pieces.append(try pipe.finish())
    #expect(pipe.length == UInt64(count))
    #expect(pieces.reduce(0) { $0 + $1.plainBytes } == count)
    let sealed = pieces.flatMap { Array($0.bytes.readableBytesView) }
    let whole = try ObjectRecordCipher(key: key, attempt: attempt).sealAll(body)
    #expect(sealed == whole, "seed \(random.seed)")
  }

  @Test func aPieceFillsAStripeAndNothingMore() throws {
    var pipe = SealingPipe(key: key, attempt: try #require(attempt))
    let part = ByteBuffer(repeating: 1, count: 8 << 20)
    let first = try pipe.take(part)
    let last = try pipe.finish()
    #expect(first.map { $0.plainBytes } == [4 << 20])
    #expect(last.plainBytes == 4 << 20)
    let room = SegmentLimits().stripeBytes - StripeHeader.byteCount - last.bytes.readableBytes
    #expect((8 << 10...16 << 10).contains(room))
  }

  // MARK: Coding

  @Test(arguments: [1, 5, 6, 7, 6 * 4_096, 6 * 4_096 + 1])
  func chunksOfBuffersAreThoseOfArrays(count: Int) throws {
    var random = SeededGenerator.fromEnvironment(default: 42)
    let bytes = random.bytes(count)
    let code = try ReedSolomon(dataShards: 6, totalShards: 12)
    let payload = try StripePayload(ByteBuffer(bytes: bytes), dataShards: 6)
    let chunks = try payload.chunks(by: code)
    #expect(payload.length == count)
    #expect(chunks.map { Array($0.readableBytesView) } == code.encode(bytes))
    let lost = [0, 2, 5, 7, 9, 11]
    let kept = Dictionary(
      uniqueKeysWithValues: (0..<12).filter { !lost.contains($0) }.map { ($0, chunks[$0]) })
    let rebuilt = try code.reconstruct(kept, wanted: lost)
    for chunk in lost { #expect(rebuilt[chunk] == chunks[chunk], "seed \(random.seed)") }
  }

  @Test func anEmptyPayloadHasNoLayout() {
    #expect(throws: EngineError.self) { try StripePayload(ByteBuffer(), dataShards: 6) }
  }

  // MARK: Gathering

  private let start = ContinuousClock.now

  @Test func whoComesAloneDoesNotWait() {
    var gathering = GroupGathering()
    #expect(gathering.decide(count: 1, bytes: 100, groupsUnderWay: 0, now: start) == .close)
    gathering.closed(count: 1, bytes: 100)
    gathering.ended(now: start)
    #expect(gathering.decide(count: 1, bytes: 100, groupsUnderWay: 0, now: start) == .close)
  }

  @Test func whoIsExpectedBackIsWaitedForAFewMilliseconds() {
    var gathering = GroupGathering()
    gathering.closed(count: 8, bytes: 8_000)
    // A small group behind another one gains nothing by closing.
    #expect(gathering.decide(count: 5, bytes: 500, groupsUnderWay: 1, now: start) == .wait)
    gathering.ended(now: start)
    let end = start + GroupGathering.longest
    #expect(
      gathering.decide(count: 5, bytes: 500, groupsUnderWay: 0, now: start) == .waitUntil(end))
    let soon = start + .milliseconds(1)
    #expect(gathering.decide(count: 6, bytes: 600, groupsUnderWay: 0, now: soon) == .wait)
    #expect(gathering.decide(count: 8, bytes: 800, groupsUnderWay: 0, now: soon) == .close)
    #expect(gathering.decide(count: 6, bytes: 600, groupsUnderWay: 0, now: end) == .close)
    let late = start + GroupGathering.memory
    gathering.closed(count: 8, bytes: 8_000)
    #expect(gathering.decide(count: 1, bytes: 100, groupsUnderWay: 0, now: late) == .close)
  }

  @Test func whatFillsAStripeDoesNotWait() {
    var gathering = GroupGathering()
    gathering.closed(count: 8, bytes: 4 << 20)
    #expect(gathering.decide(count: 1, bytes: 4 << 20, groupsUnderWay: 1, now: start) == .close)
    #expect(gathering.decide(count: 1, bytes: 100, groupsUnderWay: 1, now: start) == .close)
  }
}
