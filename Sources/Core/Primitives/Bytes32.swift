/// Thirty-two bytes kept in four registers: hashes and keys without an allocation.
@usableFromInline package struct Bytes32: Hashable, Sendable, Comparable, CanonicalCodable {
  /// The bytes as four big-endian words, so that comparing words compares bytes.
  @usableFromInline package let words: (UInt64, UInt64, UInt64, UInt64)

  @inlinable package init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

  /// All zero.
  @inlinable package static var zero: Bytes32 { Bytes32(words: (0, 0, 0, 0)) }

  /// Thirty-two bytes of memory.
  /// - Precondition: `buffer` has 32 bytes; callers that hold foreign bytes use ``init(_:)``.
  @inlinable package init(buffer: UnsafeRawBufferPointer) {
    precondition(buffer.count == 32)
    words = (
      UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
      UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
      UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
      UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
    )
  }

  /// The bytes, or nil when there are not thirty-two.
  @inlinable package init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    let array = Array(bytes)
    self = array.withUnsafeBytes { Bytes32(buffer: $0) }
  }

  /// Calls `body` with the thirty-two bytes.
  @inlinable package func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    let ordered = (
      words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian
    )
    return Swift.withUnsafeBytes(of: ordered) { body($0) }
  }

  /// The bytes as an array.
  @inlinable package var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

  /// Sixty-four lower-case hexadecimal digits.
  package var hex: String { bytes.hex }

  /// The bit at `index`, counted from the most significant bit of the first byte.
  @inlinable package func bit(at index: Int) -> Bool {
    let word: UInt64 =
      switch index >> 6 {
      case 0: words.0
      case 1: words.1
      case 2: words.2
      default: words.3
      }
    return (word >> UInt64(63 - (index & 63))) & 1 == 1
  }

  @inlinable package static func == (left: Bytes32, right: Bytes32) -> Bool {
    left.words == right.words
  }

  @inlinable package static func < (left: Bytes32, right: Bytes32) -> Bool {
    left.words < right.words
  }

  @inlinable package func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
    hasher.combine(words.2)
    hasher.combine(words.3)
  }

  @inlinable package func encode(into encoder: inout CanonicalEncoder) {
    withUnsafeBytes { encoder.append($0) }
  }

  @inlinable package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self = try decoder.decodeBytes32()
  }
}

/// A kind of thirty-two bytes that is not to be mixed up with another kind.
@usableFromInline
package protocol Bytes32Wrapper: Hashable, Sendable, Comparable, CanonicalCodable,
  CustomStringConvertible
{
  /// The bytes themselves.
  var value: Bytes32 { get }
  /// Gives the bytes their meaning.
  init(_ value: Bytes32)
}

extension Bytes32Wrapper {
  /// All zero.
  @inlinable package static var zero: Self { Self(.zero) }
  /// The bytes as an array.
  @inlinable package var bytes: [UInt8] { value.bytes }
  /// Sixty-four hexadecimal digits.
  package var hex: String { value.hex }
  /// Sixty-four hexadecimal digits.
  @usableFromInline package var description: String { value.hex }

  /// The bytes, or nil when there are not thirty-two.
  @inlinable package init?(bytes: some Collection<UInt8>) {
    guard let value = Bytes32(bytes) else { return nil }
    self.init(value)
  }

  /// Reads sixty-four hexadecimal digits; nil for anything else.
  package init?(hex: String) {
    guard let bytes = [UInt8](hex: hex), let value = Bytes32(bytes) else { return nil }
    self.init(value)
  }

  @inlinable package static func < (left: Self, right: Self) -> Bool { left.value < right.value }

  @inlinable package func encode(into encoder: inout CanonicalEncoder) {
    value.encode(into: &encoder)
  }

  @inlinable package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self.init(try Bytes32(from: &decoder))
  }
}

/// A SHA-256 digest.
@usableFromInline package struct Digest: Bytes32Wrapper {
  @usableFromInline package let value: Bytes32
  @inlinable package init(_ value: Bytes32) { self.value = value }
}

/// An account on the ledger: its Ed25519 public key. Shown to people as a did:key.
@usableFromInline package struct AccountID: Bytes32Wrapper {
  @usableFromInline package let value: Bytes32
  @inlinable package init(_ value: Bytes32) { self.value = value }
}

/// An Ed25519 signature.
@usableFromInline package struct Signature: Hashable, Sendable, CanonicalCodable {
  /// The first thirty-two bytes (R).
  @usableFromInline package let r: Bytes32
  /// The last thirty-two bytes (S).
  @usableFromInline package let s: Bytes32

  @inlinable package init(r: Bytes32, s: Bytes32) {
    self.r = r
    self.s = s
  }

  /// The bytes, or nil when there are not sixty-four.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 64, let r = Bytes32(bytes.prefix(32)), let s = Bytes32(bytes.suffix(32))
    else { return nil }
    self.init(r: r, s: s)
  }

  /// All zero: no valid signature, for drafts that are signed later.
  package static var zero: Signature { Signature(r: .zero, s: .zero) }

  /// The sixty-four bytes.
  package var bytes: [UInt8] { r.bytes + s.bytes }

  @inlinable package func encode(into encoder: inout CanonicalEncoder) {
    r.encode(into: &encoder)
    s.encode(into: &encoder)
  }

  @inlinable package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    r = try Bytes32(from: &decoder)
    s = try Bytes32(from: &decoder)
  }
}
