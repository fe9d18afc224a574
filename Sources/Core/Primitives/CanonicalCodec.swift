/// A value with exactly one encoding.
///
/// Integers are big-endian and of fixed width; byte strings, texts and lists carry a 32-bit count;
/// an optional is one byte, 0 or 1; a case is one byte. There is no variable-width integer and no
/// map, so two equal values have equal bytes and a hash over them means something.
@usableFromInline package protocol CanonicalCodable: Sendable {
  /// Appends the value's bytes.
  func encode(into encoder: inout CanonicalEncoder)
  /// Reads the value's bytes.
  /// - Throws: ``CodecError``.
  init(from decoder: inout CanonicalDecoder) throws(CodecError)
}

/// Why bytes are not the canonical encoding of a value.
@usableFromInline package enum CodecError: Error, Hashable, Sendable {
  /// The bytes end at `offset` although `needed` more are due.
  case truncated(offset: Int, needed: Int)
  /// Bytes follow the value.
  case trailingBytes(count: Int)
  /// A count is larger than its named limit.
  case tooLong(count: Int, limit: Int)
  /// A case byte that no version of the type has.
  case unknownCase(type: String, byte: UInt8)
  /// A text that is not UTF-8.
  case notUTF8
  /// A value that its type forbids.
  case invalid(String)
}

extension CanonicalCodable {
  /// The value's one encoding.
  @inlinable package func canonicalBytes() -> [UInt8] {
    var encoder = CanonicalEncoder()
    encode(into: &encoder)
    return encoder.bytes
  }

  /// Reads a value that takes up all of `bytes`.
  /// - Throws: ``CodecError``, ``CodecError/trailingBytes(count:)`` among them.
  @inlinable package init(canonicalBytes bytes: [UInt8]) throws(CodecError) {
    var decoder = CanonicalDecoder(bytes)
    try self.init(from: &decoder)
    try decoder.finish()
  }
}

/// Appends canonical encodings.
@usableFromInline package struct CanonicalEncoder: Sendable {
  /// What was encoded so far.
  @usableFromInline package private(set) var bytes: [UInt8] = []

  @usableFromInline package init(reserving capacity: Int = 0) {
    if capacity > 0 { bytes.reserveCapacity(capacity) }
  }

  /// Appends bytes as they are, without a count.
  @usableFromInline package mutating func append(_ raw: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: raw)
  }

  /// Appends bytes as they are, without a count.
  @usableFromInline package mutating func append(raw: some Sequence<UInt8>) {
    bytes.append(contentsOf: raw)
  }

  private mutating func appendInteger(_ value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  /// Appends one byte.
  @usableFromInline package mutating func encode(_ value: UInt8) { bytes.append(value) }
  /// Appends two bytes, big-endian.
  @usableFromInline package mutating func encode(_ value: UInt16) { appendInteger(value) }
  /// Appends four bytes, big-endian.
  @usableFromInline package mutating func encode(_ value: UInt32) { appendInteger(value) }
  /// Appends eight bytes, big-endian.
  @usableFromInline package mutating func encode(_ value: UInt64) { appendInteger(value) }
  /// Appends sixteen bytes, big-endian.
  @usableFromInline package mutating func encode(_ value: UInt128) { appendInteger(value) }

  /// Appends 1 or 0.
  @usableFromInline package mutating func encode(_ value: Bool) { bytes.append(value ? 1 : 0) }

  /// Appends a 32-bit count and the bytes.
  @usableFromInline package mutating func encode(_ value: [UInt8]) {
    encode(UInt32(value.count))
    bytes.append(contentsOf: value)
  }

  /// Appends a 32-bit count of bytes and the text in UTF-8.
  @usableFromInline package mutating func encode(_ value: String) { encode(Array(value.utf8)) }

  /// Appends a nested value.
  @inlinable package mutating func encode(_ value: some CanonicalCodable) {
    value.encode(into: &self)
  }

  /// Appends 0, or 1 and the value.
  @inlinable package mutating func encode(_ value: (some CanonicalCodable)?) {
    encode(value != nil)
    if let value { value.encode(into: &self) }
  }

  /// Appends a 32-bit count and the elements.
  @inlinable package mutating func encode(_ values: [some CanonicalCodable]) {
    encode(UInt32(values.count))
    for value in values { value.encode(into: &self) }
  }
}

/// Reads canonical encodings and refuses every other byte string. Never traps.
@usableFromInline package struct CanonicalDecoder: Sendable {
  @usableFromInline let bytes: [UInt8]
  /// Where the next byte is read.
  package private(set) var offset = 0

  @usableFromInline package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// How many bytes are left.
  package var remaining: Int { bytes.count - offset }

  /// Checks that nothing is left. - Throws: ``CodecError/trailingBytes(count:)``.
  @usableFromInline package func finish() throws(CodecError) {
    if remaining > 0 { throw .trailingBytes(count: remaining) }
  }

  private mutating func advance(_ count: Int) throws(CodecError) -> Int {
    guard count <= remaining else {
      throw .truncated(offset: bytes.count, needed: count - remaining)
    }
    defer { offset += count }
    return offset
  }

  private mutating func decodeInteger<T: FixedWidthInteger>(
    _ type: T.Type
  ) throws(CodecError) -> T {
    let start = try advance(MemoryLayout<T>.size)
    return T(
      bigEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start, as: T.self) })
  }

  /// Reads one byte.
  @usableFromInline package mutating func decodeUInt8() throws(CodecError) -> UInt8 {
    try decodeInteger(UInt8.self)
  }
  /// Reads two bytes.
  @usableFromInline package mutating func decodeUInt16() throws(CodecError) -> UInt16 {
    try decodeInteger(UInt16.self)
  }
  /// Reads four bytes.
  @usableFromInline package mutating func decodeUInt32() throws(CodecError) -> UInt32 {
    try decodeInteger(UInt32.self)
  }
  /// Reads eight bytes.
  @usableFromInline package mutating func decodeUInt64() throws(CodecError) -> UInt64 {
    try decodeInteger(UInt64.self)
  }
  /// Reads sixteen bytes.
  @usableFromInline package mutating func decodeUInt128() throws(CodecError) -> UInt128 {
    try decodeInteger(UInt128.self)
  }

  /// Reads 0 or 1. - Throws: ``CodecError/unknownCase(type:byte:)`` for any other byte.
  @usableFromInline package mutating func decodeBool() throws(CodecError) -> Bool {
    let byte = try decodeUInt8()
    guard byte < 2 else { throw .unknownCase(type: "Bool", byte: byte) }
    return byte == 1
  }

  /// Reads thirty-two bytes.
  @usableFromInline package mutating func decodeBytes32() throws(CodecError) -> Bytes32 {
    let start = try advance(32)
    return bytes.withUnsafeBytes {
      Bytes32(buffer: UnsafeRawBufferPointer(rebasing: $0[start..<start + 32]))
    }
  }

  /// Reads `count` bytes as they are.
  @usableFromInline package mutating func decodeRaw(count: Int) throws(CodecError) -> [UInt8] {
    guard count >= 0 else { throw .invalid("negative count \(count)") }
    let start = try advance(count)
    return Array(bytes[start..<start + count])
  }

  /// Reads a 32-bit count of at most `limit`. Also refuses a count of elements that cannot fit in
  /// what is left, so that a peer's number never sizes an allocation.
  @usableFromInline package mutating func decodeCount(
    limit: Int, minimumElementSize: Int = 1
  ) throws(CodecError) -> Int {
    let count = Int(try decodeUInt32())
    guard count <= limit else { throw .tooLong(count: count, limit: limit) }
    let (needed, overflow) = count.multipliedReportingOverflow(by: minimumElementSize)
    guard !overflow, needed <= remaining else {
      throw .truncated(offset: bytes.count, needed: count)
    }
    return count
  }

  /// Reads a counted byte string of at most `limit` bytes.
  @usableFromInline package mutating func decodeBytes(limit: Int) throws(CodecError) -> [UInt8] {
    let count = try decodeCount(limit: limit)
    return try decodeRaw(count: count)
  }

  /// Reads a counted UTF-8 text of at most `limit` bytes.
  @usableFromInline package mutating func decodeString(limit: Int) throws(CodecError) -> String {
    let raw = try decodeBytes(limit: limit)
    guard let text = String(validating: raw, as: UTF8.self) else { throw .notUTF8 }
    return text
  }

  /// Reads a nested value.
  @inlinable package mutating func decode<T: CanonicalCodable>(
    _ type: T.Type = T.self
  ) throws(CodecError) -> T {
    try T(from: &self)
  }

  /// Reads an optional value.
  @inlinable package mutating func decodeOptional<T: CanonicalCodable>(
    _ type: T.Type = T.self
  ) throws(CodecError) -> T? {
    try decodeBool() ? try T(from: &self) : nil
  }

  /// Reads a counted list of at most `limit` values.
  @inlinable package mutating func decodeArray<T: CanonicalCodable>(
    of type: T.Type = T.self, limit: Int
  ) throws(CodecError) -> [T] {
    let count = try decodeCount(limit: limit)
    var values: [T] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try T(from: &self)) }
    return values
  }
}

extension UInt8: CanonicalCodable {
  @usableFromInline package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(self)
  }
  @usableFromInline package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self = try decoder.decodeUInt8()
  }
}

extension UInt32: CanonicalCodable {
  @usableFromInline package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(self)
  }
  @usableFromInline package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self = try decoder.decodeUInt32()
  }
}

extension UInt64: CanonicalCodable {
  @usableFromInline package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(self)
  }
  @usableFromInline package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self = try decoder.decodeUInt64()
  }
}

extension UInt128: CanonicalCodable {
  @usableFromInline package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(self)
  }
  @usableFromInline package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self = try decoder.decodeUInt128()
  }
}

extension String: CanonicalCodable {
  /// The longest text that a canonical value holds where no tighter limit is named: 64 KiB.
  package static let canonicalByteLimit = 65_536

  @usableFromInline package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(Array(utf8))
  }
  @usableFromInline package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self = try decoder.decodeString(limit: Self.canonicalByteLimit)
  }
}
