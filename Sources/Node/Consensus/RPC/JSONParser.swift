/// Why bytes are no JSON.
struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  let description: String
}

/// Reads JSON strictly (RFC 8259), to a bounded depth. Never traps, whatever the bytes are.
struct JSONParser {
  /// The deepest nesting that is read.
  static let depthLimit = 64

  private let bytes: [UInt8]
  private var offset = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The one value that `bytes` hold.
  static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    var parser = JSONParser(bytes)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    if let extra = parser.peek {
      throw JSONError(
        description: "invalid character \(quoted(extra)) after top-level value")
    }
    return value
  }

  private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private static func quoted(_ byte: UInt8) -> String {
    byte >= 0x20 && byte < 0x7F
      ? "'\(Character(UnicodeScalar(byte)))'" : "'\\x\(String(byte, radix: 16))'"
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      offset += 1
    }
  }

  private func unexpected(_ looking: String) -> JSONError {
    guard let byte = peek else { return JSONError(description: "unexpected end of JSON input") }
    return JSONError(description: "invalid character \(Self.quoted(byte)) looking for \(looking)")
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    guard depth < Self.depthLimit else {
      throw JSONError(description: "nested more than \(Self.depthLimit) deep")
    }
    skipSpace()
    switch peek {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case .some(let byte) where byte == UInt8(ascii: "-") || (48...57).contains(byte):
      return try number()
    default: throw unexpected("beginning of value")
    }
  }

  private mutating func literal(
    _ text: String, _ value: JSONValue
  ) throws(JSONError) -> JSONValue {
    for expected in text.utf8 {
      guard peek == expected else { throw unexpected("literal \(text)") }
      offset += 1
    }
    return value
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    offset += 1
    var fields: [JSONValue.Field] = []
    skipSpace()
    if peek == UInt8(ascii: "}") {
      offset += 1
      return .object(fields)
    }
    while true {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else {
        throw unexpected("beginning of object key string")
      }
      let name = try string()
      skipSpace()
      guard peek == UInt8(ascii: ":") else { throw unexpected("colon after object key") }
      offset += 1
      fields.append(JSONValue.Field(name, try value(depth: depth + 1)))
      skipSpace()
      if try isEnd(UInt8(ascii: "}")) { return .object(fields) }
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    offset += 1
    var values: [JSONValue] = []
    skipSpace()
    if peek == UInt8(ascii: "]") {
      offset += 1
      return .array(values)
    }
    while true {
      values.append(try value(depth: depth + 1))
      skipSpace()
      if try isEnd(UInt8(ascii: "]")) { return .array(values) }
    }
  }

  /// Steps over a comma (false) or the closing bracket (true).
  private mutating func isEnd(_ closing: UInt8) throws(JSONError) -> Bool {
    guard let byte = peek, byte == closing || byte == UInt8(ascii: ",") else {
      throw unexpected("comma or closing bracket")
    }
    offset += 1
    return byte == closing
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = offset
    if peek == UInt8(ascii: "-") { offset += 1 }
    if peek == UInt8(ascii: "0") { offset += 1 } else { try digits() }
    if peek == UInt8(ascii: ".") {
      offset += 1
      try digits()
    }
    if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
      offset += 1
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { offset += 1 }
      try digits()
    }
    return .number(String(decoding: bytes[start..<offset], as: UTF8.self))
  }

  private mutating func digits() throws(JSONError) {
    let start = offset
    while let byte = peek, (48...57).contains(byte) { offset += 1 }
    if offset == start { throw unexpected("digit in numeric literal") }
  }

  private mutating func string() throws(JSONError) -> String {
    offset += 1
    var text: [UInt8] = []
    while let byte = peek {
      offset += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let valid = String(validating: text, as: UTF8.self) else {
          throw JSONError(description: "invalid UTF-8 in string literal")
        }
        return valid
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20:
        offset -= 1
        throw JSONError(
          description: "invalid character \(Self.quoted(byte)) in string literal")
      default: text.append(byte)
      }
    }
    throw JSONError(description: "unexpected end of JSON input")
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
    guard let byte = peek else { throw unexpected("escape") }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text.append(contentsOf: Array(String(try unicode()).utf8))
    default:
      throw JSONError(
        description: "invalid character \(Self.quoted(byte)) in string escape code")
    }
  }

  /// One scalar from `XXXX`, or from a surrogate pair; a lone surrogate is the replacement one.
  private mutating func unicode() throws(JSONError) -> Character {
    let first = try hex4()
    if (0xD800..<0xDC00).contains(first), offset + 1 < bytes.count,
      bytes[offset] == UInt8(ascii: "\\"), bytes[offset + 1] == UInt8(ascii: "u")
    {
      let mark = offset
      offset += 2
      let second = try hex4()
      if (0xDC00..<0xE000).contains(second) {
        let scalar = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        return Character(UnicodeScalar(scalar) ?? "\u{FFFD}")
      }
      offset = mark
    }
    return Character(UnicodeScalar(first) ?? "\u{FFFD}")
  }

  private mutating func hex4() throws(JSONError) -> UInt32 {
    guard offset + 4 <= bytes.count,
      let value = UInt32(String(decoding: bytes[offset..<offset + 4], as: UTF8.self), radix: 16),
      bytes[offset] != UInt8(ascii: "+"), bytes[offset] != UInt8(ascii: "-")
    else { throw JSONError(description: "invalid character in \\u hexadecimal escape") }
    offset += 4
    return value
  }
}
