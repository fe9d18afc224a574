import TestSupport
import Testing

@testable import Primitives

/// A value with one of everything that the codec has.
private struct Sample: Hashable, CanonicalCodable {
  var small: UInt8 = 0
  var wide: UInt128 = 0
  var flag = false
  var bytes: [UInt8] = []
  var text = ""
  var numbers: [UInt64] = []
  var maybe: Bytes32?

  init() {}

  func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(small)
    encoder.encode(wide)
    encoder.encode(flag)
    encoder.encode(bytes)
    encoder.encode(text)
    encoder.encode(numbers)
    encoder.encode(maybe)
  }

  init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    small = try decoder.decodeUInt8()
    wide = try decoder.decodeUInt128()
    flag = try decoder.decodeBool()
    bytes = try decoder.decodeBytes(limit: 64)
    text = try decoder.decodeString(limit: 64)
    numbers = try decoder.decodeArray(limit: 8)
    maybe = try decoder.decodeOptional()
  }

  static var example: Sample {
    var sample = Sample()
    sample.small = 0xAB
    sample.wide = 0x0102_0304_0506_0708_090A_0B0C_0D0E_0F10
    sample.flag = true
    sample.bytes = [1, 2, 3]
    sample.text = "grün"
    sample.numbers = [1, .max]
    sample.maybe = .zero
    return sample
  }
}

@Suite struct CanonicalCodecTests {
  @Test func theEncodingIsFixed() {
    let expected =
      "ab" + "0102030405060708090a0b0c0d0e0f10" + "01" + "00000003010203"
      + "000000056772c3bc6e" + "00000002" + "0000000000000001" + "ffffffffffffffff"
      + "01" + String(repeating: "00", count: 32)
    #expect(Sample.example.canonicalBytes().hex == expected)
    #expect(
      Sample().canonicalBytes().hex == String(repeating: "00", count: 1 + 16 + 1 + 4 + 4 + 4 + 1))
  }

  @Test func valuesComeBack() throws {
    let bytes = Sample.example.canonicalBytes()
    #expect(try Sample(canonicalBytes: bytes) == Sample.example)
  }

  @Test func everyTruncationIsRefused() {
    let bytes = Sample.example.canonicalBytes()
    for length in bytes.indices {
      #expect(throws: CodecError.self, "\(length) bytes") {
        try Sample(canonicalBytes: Array(bytes[..<length]))
      }
    }
  }

  @Test func trailingBytesAreRefused() {
    let bytes = Sample.example.canonicalBytes()
    #expect(throws: CodecError.trailingBytes(count: 2)) {
      try Sample(canonicalBytes: bytes + [0, 0])
    }
  }

  /// Whatever decodes encodes to the same bytes again: there is one encoding of each value.
  @Test func randomBytesNeverTrapAndHaveOneEncoding() {
    var random = SeededGenerator.fromEnvironment(default: 21)
    var decoded = 0
    for _ in 0..<20_000 {
      var bytes = Sample.example.canonicalBytes()
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      if Bool.random(using: &random) {
        bytes = random.bytes(Int.random(in: 0...80, using: &random))
      }
      if let sample = try? Sample(canonicalBytes: bytes) {
        decoded += 1
        #expect(sample.canonicalBytes() == bytes, "seed \(random.seed)")
      }
    }
    #expect(decoded > 100, "too few of the changed encodings were valid to mean anything")
  }

  @Test func countsThatLieSizeNoAllocation() {
    func decoder(_ bytes: [UInt8]) -> CanonicalDecoder { CanonicalDecoder(bytes) }
    let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
    #expect(throws: CodecError.tooLong(count: 0xFFFF_FFFF, limit: 10)) {
      var reader = decoder(huge)
      _ = try reader.decodeArray(of: UInt64.self, limit: 10)
    }
    #expect(throws: CodecError.truncated(offset: 4, needed: 0xFFFF_FFFF)) {
      var reader = decoder(huge)
      _ = try reader.decodeArray(of: UInt64.self, limit: .max)
    }
    #expect(throws: CodecError.truncated(offset: 4, needed: 0xFFFF_FFFF)) {
      var reader = decoder(huge)
      _ = try reader.decodeBytes(limit: .max)
    }
    #expect(throws: CodecError.truncated(offset: 6, needed: 3)) {
      var reader = decoder([0, 0, 0, 3, 1, 2])
      _ = try reader.decodeCount(limit: 5, minimumElementSize: 1)
    }
    #expect(throws: CodecError.self) {
      var reader = decoder([0, 0, 0, 2, 1, 2])
      _ = try reader.decodeCount(limit: 5, minimumElementSize: .max)
    }
    #expect(throws: CodecError.self) {
      var reader = decoder([])
      _ = try reader.decodeRaw(count: -1)
    }
  }

  @Test func casesAndTextsAreChecked() {
    #expect(throws: CodecError.unknownCase(type: "Bool", byte: 2)) {
      var reader = CanonicalDecoder([2])
      _ = try reader.decodeBool()
    }
    #expect(throws: CodecError.unknownCase(type: "Bool", byte: 0xFF)) {
      var reader = CanonicalDecoder([0xFF])
      _ = try reader.decodeOptional(Bytes32.self)
    }
    // A lone continuation byte, an overlong slash, a surrogate.
    for text: [UInt8] in [[0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80]] {
      #expect(throws: CodecError.notUTF8) {
        var reader = CanonicalDecoder([0, 0, 0, UInt8(text.count)] + text)
        _ = try reader.decodeString(limit: 8)
      }
    }
  }

  /// Two texts that Swift calls equal (é composed and decomposed) stay different bytes.
  @Test func textsAreBytes() {
    #expect("\u{E9}".canonicalBytes() != "e\u{301}".canonicalBytes())
  }

  @Test func offsetsAdvanceOnlyOnSuccess() throws {
    var reader = CanonicalDecoder([0, 1, 2])
    #expect(try reader.decodeUInt16() == 1)
    #expect(throws: CodecError.truncated(offset: 3, needed: 1)) { try reader.decodeUInt16() }
    #expect(reader.offset == 2 && reader.remaining == 1)
    #expect(try reader.decodeUInt8() == 2)
    try reader.finish()
  }
}
