import Primitives

/// Writes the fields of rules in their order, or reads them, so that each type is described once.
///
/// What it makes is canonical (`Primitives/CanonicalCodec.swift`): a genesis carries it, and its
/// hash is the chain's identity. So the order of fields is part of the wire format for ever.
struct RuleArchive {
  /// The longest list of rules' parts, and how deep pools and slashes may be nested.
  static let listLimit = 20_000
  static let depthLimit = 16
  /// The longest text, in bytes.
  static let textLimit = 1 << 20

  private(set) var encoder = CanonicalEncoder()
  /// What is read; nil: it is written.
  private var decoder: CanonicalDecoder?
  private var depth = 0

  /// For writing.
  init() {}

  /// For reading.
  init(_ decoder: CanonicalDecoder) { self.decoder = decoder }

  /// Where reading has come to.
  var rest: CanonicalDecoder? { decoder }

  mutating func value<T: CanonicalCodable>(_ x: inout T) throws(CodecError) {
    if var reader = decoder {
      x = try reader.decode()
      decoder = reader
    } else {
      encoder.encode(x)
    }
  }

  mutating func text(_ x: inout String) throws(CodecError) {
    if var reader = decoder {
      x = try reader.decodeString(limit: Self.textLimit)
      decoder = reader
    } else {
      encoder.encode(x)
    }
  }

  mutating func flag(_ x: inout Bool) throws(CodecError) {
    if var reader = decoder {
      x = try reader.decodeBool()
      decoder = reader
    } else {
      encoder.encode(x)
    }
  }

  mutating func time(_ x: inout UnixTime) throws(CodecError) {
    var bits = UInt64(bitPattern: x.seconds)
    try value(&bits)
    x = UnixTime(seconds: Int64(bitPattern: bits))
  }

  /// Which case of an enumeration, from 0.
  mutating func choice(
    _ current: UInt8, of count: UInt8, type: String
  ) throws(CodecError) -> UInt8 {
    var byte = current
    try value(&byte)
    if byte >= count { throw .unknownCase(type: type, byte: byte) }
    return byte
  }

  mutating func optional<T>(
    _ x: inout T?, blank: T,
    _ fields: (inout T, inout RuleArchive) throws(CodecError) -> Void
  ) throws(CodecError) {
    var isThere = x != nil
    try flag(&isThere)
    guard isThere else {
      x = nil
      return
    }
    var inner = x ?? blank
    try fields(&inner, &self)
    x = inner
  }

  mutating func optional<T: CanonicalCodable>(_ x: inout T?, blank: T) throws(CodecError) {
    try optional(&x, blank: blank) { (x, a) throws(CodecError) in try a.value(&x) }
  }

  mutating func list<T>(
    _ x: inout [T], blank: T,
    _ fields: (inout T, inout RuleArchive) throws(CodecError) -> Void
  ) throws(CodecError) {
    if var reader = decoder {
      if depth >= Self.depthLimit { throw .tooLong(count: depth, limit: Self.depthLimit) }
      depth += 1
      defer { depth -= 1 }
      let count = try reader.decodeCount(limit: Self.listLimit)
      decoder = reader
      x = []
      for _ in 0..<count {
        var item = blank
        try fields(&item, &self)
        x.append(item)
      }
    } else {
      encoder.encode(UInt32(x.count))
      for var item in x { try fields(&item, &self) }
    }
  }

  mutating func texts(_ x: inout [String]) throws(CodecError) {
    try list(&x, blank: "") { (x, a) throws(CodecError) in try a.text(&x) }
  }
}
