import TestSupport
import Testing

@testable import Consensus

@Suite struct JSONParserTests {
  @Test(arguments: [
    "null", "true", "[]", "{}", "[1,-2.5e3,\"a\"]", "{\"a\":{\"b\":[null]}}", "\"\\u0007\"",
  ])
  func writesWhatItRead(_ text: String) throws {
    let value = try JSONParser.parse(Array(text.utf8))
    #expect(String(decoding: value.bytes, as: UTF8.self) == text)
  }

  @Test func readsEscapes() throws {
    let value = try JSONParser.parse(Array(#""\n\"\\\/é😀\ud83d""#.utf8))
    #expect(value == .string("\n\"\\/é😀\u{FFFD}"))
  }

  @Test(arguments: [
    "", " ", "{", "[1,]", "{\"a\"}", "{a:1}", "01", "-", "1.", "1e", "tru", "\"\\x\"", "\"a",
    "\"\\u12\"", "[1] 2", "\"\u{1}\"", "+1", "nul", "{\"a\":1,}", "\"\\u-123\"",
  ])
  func refuses(_ text: String) {
    #expect(throws: JSONError.self) { _ = try JSONParser.parse(Array(text.utf8)) }
  }

  @Test func refusesDeepNestingAndBadUTF8() {
    let deep = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
    #expect(throws: JSONError.self) { _ = try JSONParser.parse(deep) }
    #expect(throws: JSONError.self) { _ = try JSONParser.parse([0x22, 0xFF, 0x22]) }
  }

  /// Neither random bytes nor damaged JSON may trap.
  @Test func survivesAnyBytes() throws {
    var generator = SeededGenerator.fromEnvironment(default: 77)
    let sample = Array(
      #"{"jsonrpc":"2.0","id":-1,"method":"block","params":{"height":"1","x":[1.5e3,"é\n"]}}"#
        .utf8)
    for _ in 0..<20_000 {
      var bytes = sample
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let index = Int.random(in: bytes.indices, using: &generator)
        switch Int.random(in: 0...2, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.removeSubrange(index...)
        default: bytes.insert(contentsOf: bytes[index...], at: index)
        }
        if bytes.isEmpty { bytes = [0x7B] }
      }
      if let value = try? JSONParser.parse(bytes) {
        #expect(try JSONParser.parse(value.bytes) == value, "seed \(generator.seed)")
      }
    }
  }
}
