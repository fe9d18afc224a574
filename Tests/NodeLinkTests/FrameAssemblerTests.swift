import NIOCore
import TestSupport
import Testing

@testable import NodeLink

@Suite struct FrameAssemblerTests {
  private func bytes(_ frame: LinkFrame) -> [UInt8] {
    var all = frame.header(allocator: ByteBufferAllocator())
    all.writeImmutableBuffer(frame.body)
    return Array(all.readableBytesView)
  }

  @Test func headerHasItsGoldenBytes() {
    let frame = LinkFrame(kind: .request, number: 0x0102, body: ByteBuffer(string: "hi"))
    #expect(bytes(frame) == [0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0x68, 0x69])
  }

  @Test(arguments: [1, 2, 3, 12, 13, 14, 64, 5000])
  func framesSurviveAnyCut(step: Int) throws {
    let bodies = ["", "a", String(repeating: "x", count: 3000), "end"]
    let stream = bodies.enumerated().flatMap { index, body in
      bytes(LinkFrame(kind: .response, number: UInt64(index), body: ByteBuffer(string: body)))
    }
    var assembler = FrameAssembler()
    var found: [String] = []
    for start in stride(from: 0, to: stream.count, by: step) {
      assembler.append(ByteBuffer(bytes: stream[start..<min(start + step, stream.count)]))
      while let frame = try assembler.next() {
        #expect(frame.number == UInt64(found.count))
        found.append(String(buffer: frame.body))
      }
    }
    #expect(found == bodies)
    #expect(!assembler.isMidFrame)
  }

  @Test func theLargestFrameFitsAndOneByteMoreDoesNot() throws {
    let largest = LinkFrame(
      kind: .request, number: 1,
      body: ByteBuffer(repeating: 7, count: LinkFrame.maximumBodyBytes))
    #expect(bytes(largest).count == LinkFrame.maximumBytes)
    var assembler = FrameAssembler()
    assembler.append(ByteBuffer(bytes: bytes(largest)))
    let found = try assembler.next()
    #expect(found?.body.readableBytes == LinkFrame.maximumBodyBytes)

    var other = FrameAssembler()
    let length = UInt32(LinkFrame.maximumBytes - 3)
    other.append(ByteBuffer(integer: length))
    other.append(ByteBuffer(bytes: [UInt8](repeating: 0, count: 9)))
    #expect(throws: LinkFrameError.tooLarge(length: length)) { try other.next() }
  }

  @Test func shortLengthsAndUnknownKindsAreRefused() {
    var short = FrameAssembler()
    short.append(ByteBuffer(bytes: [0, 0, 0, 8] + [UInt8](repeating: 0, count: 9)))
    #expect(throws: LinkFrameError.tooShort(length: 8)) { try short.next() }
    var unknown = FrameAssembler()
    unknown.append(ByteBuffer(bytes: [0, 0, 0, 9, 3] + [UInt8](repeating: 0, count: 8)))
    #expect(throws: LinkFrameError.unknownKind(3)) { try unknown.next() }
  }

  /// Any bytes give frames, an error, or a wait for more: never a trap, never more than they hold.
  @Test func randomBytesNeverTrap() {
    var generator = SeededGenerator(seed: 0x11)
    for _ in 0..<3000 {
      var assembler = FrameAssembler()
      var taken = 0
      do {
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
          var chunk = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
            UInt8.random(in: 0...255, using: &generator)
          }
          // Mostly plausible headers, so that bodies are reached too.
          if chunk.count > 4, Bool.random(using: &generator) {
            chunk.replaceSubrange(0..<5, with: [0, 0, 0, chunk[3] % 32, chunk[4] % 4])
          }
          taken += chunk.count
          assembler.append(ByteBuffer(bytes: chunk))
          while let frame = try assembler.next() { #expect(frame.body.readableBytes <= taken) }
        }
      } catch {
        continue
      }
    }
  }
}
