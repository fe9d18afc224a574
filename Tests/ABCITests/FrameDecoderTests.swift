import ABCI
import NIOCore
import TestSupport
import Testing

@Suite struct FrameDecoderTests {
  /// Every byte boundary of every recorded frame.
  @Test func everyBoundaryOfEveryFrame() throws {
    for name in Transcript.beginnings {
      for stream in try Transcript(name).streams where !stream.isEmpty {
        for frame in try Transcript.frames(stream) {
          var prefix = ByteBuffer()
          FrameDecoder.writePrefix(frame.readableBytes, to: &prefix)
          let bytes = Array(prefix.readableBytesView) + Array(frame.readableBytesView)
          for cut in stride(from: 0, through: bytes.count, by: bytes.count > 2000 ? 61 : 1) {
            var decoder = FrameDecoder()
            decoder.append(ByteBuffer(bytes: bytes[..<cut]))
            let early = try decoder.next()
            #expect((early == nil) == (cut < bytes.count))
            decoder.append(ByteBuffer(bytes: bytes[cut...]))
            #expect(try early ?? decoder.next() == frame)
            #expect(decoder.pendingByteCount == 0)
          }
        }
      }
    }
  }

  @Test func coalescedFramesComeOutOneByOne() throws {
    var decoder = FrameDecoder()
    var generator = SeededGenerator.fromEnvironment(default: 1)
    var sent: [[UInt8]] = []
    var bytes: [UInt8] = []
    for _ in 0..<200 {
      let body = generator.bytes(Int.random(in: 0...300, using: &generator))
      var prefix = ByteBuffer()
      FrameDecoder.writePrefix(body.count, to: &prefix)
      bytes += Array(prefix.readableBytesView) + body
      sent.append(body)
    }
    var found: [[UInt8]] = []
    for piece in Splitting.seeded(generator.next()).pieces(of: bytes) {
      decoder.append(ByteBuffer(bytes: piece))
      while let frame = try decoder.next() { found.append(Array(frame.readableBytesView)) }
    }
    #expect(found == sent)
  }

  @Test func aPromiseTakesNoMemory() throws {
    var decoder = FrameDecoder(limit: 1 << 30)
    decoder.append(ByteBuffer(bytes: [0xFF, 0xFF, 0xFF, 0xFF, 0x03, 1, 2, 3]))
    #expect(try decoder.next() == nil)
    #expect(decoder.pendingByteCount == 8)
  }

  @Test func badLengthsAreNamed() {
    var oversized = FrameDecoder(limit: 1000)
    oversized.append(ByteBuffer(bytes: [0xE9, 0x07]))
    #expect(throws: FrameError.oversized(byteCount: 1001, limit: 1000)) { try oversized.next() }
    var unending = FrameDecoder()
    unending.append(ByteBuffer(bytes: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]))
    #expect(throws: FrameError.unendingLength) { try unending.next() }
  }
}
