import TestSupport
import Testing

@testable import Primitives

@Suite struct Bytes32Tests {
  private let counting = Array(UInt8(0)..<32)

  @Test func bytesComeBackInOrder() throws {
    let value = try #require(Bytes32(counting))
    #expect(value.bytes == counting)
    #expect(value.words.0 == 0x0001_0203_0405_0607)
    #expect(value.canonicalBytes() == counting)
    #expect(try Bytes32(canonicalBytes: counting) == value)
    #expect(value.hex == counting.hex)
  }

  @Test func otherLengthsAreRefused() {
    #expect(Bytes32([UInt8](repeating: 0, count: 31)) == nil)
    #expect(Bytes32([UInt8](repeating: 0, count: 33)) == nil)
    #expect(Digest(hex: "00") == nil)
    #expect(Digest(hex: String(repeating: "0", count: 63) + "g") == nil)
    #expect(Signature(bytes: [UInt8](repeating: 0, count: 63)) == nil)
    #expect(Signature(bytes: [UInt8](repeating: 0, count: 65)) == nil)
  }

  @Test func theOrderIsThatOfTheBytes() throws {
    var random = SeededGenerator.fromEnvironment(default: 13)
    for _ in 0..<1_000 {
      var left = random.bytes(32)
      var right = left
      // Differ late as often as early.
      let index = Int.random(in: 0..<32, using: &random)
      left[index] = UInt8.random(in: 0...255, using: &random)
      right[index] = UInt8.random(in: 0...255, using: &random)
      let one = try #require(Bytes32(left))
      let other = try #require(Bytes32(right))
      #expect((one < other) == left.lexicographicallyPrecedes(right), "seed \(random.seed)")
      #expect((one == other) == (left == right))
    }
  }

  @Test func bitsCountFromTheFirstBytesTop() throws {
    for index in 0..<256 {
      var bytes = [UInt8](repeating: 0, count: 32)
      bytes[index / 8] = 0x80 >> UInt8(index % 8)
      let value = try #require(Bytes32(bytes))
      for other in 0..<256 { #expect(value.bit(at: other) == (other == index)) }
    }
  }

  @Test func hexadecimalIsReadInEitherCase() {
    #expect([UInt8](hex: "00fFAb") == [0, 255, 0xAB])
    #expect([UInt8](hex: "") == [])
    for text in ["0", "0g", "0x", " 0", "zz", "é"] { #expect([UInt8](hex: text) == nil) }
    #expect(([0, 255, 0xAB] as [UInt8]).hex == "00ffab")
  }

  @Test func signaturesComeBack() throws {
    let bytes = counting + counting.reversed()
    let signature = try #require(Signature(bytes: bytes))
    #expect(signature.bytes == bytes)
    #expect(signature.canonicalBytes() == bytes)
    #expect(try Signature(canonicalBytes: bytes) == signature)
  }
}
