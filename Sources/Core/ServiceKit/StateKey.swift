import Primitives

/// A key of the ledger's state: a table byte and at most 46 bytes, compared as bytes.
///
/// Forty-eight bytes in six registers: comparing two keys costs no allocation and no call. The last
/// byte holds the length, so that no key is mistaken for a longer one that ends in zeros.
@usableFromInline package struct StateKey: Hashable, Comparable, Sendable {
  /// The most bytes that a key can have, its table byte included.
  package static let byteLimit = 47

  @usableFromInline let w0, w1, w2, w3, w4, w5: UInt64

  /// A key from its bytes.
  /// - Precondition: at most ``byteLimit`` bytes. Keys are built of fixed-width parts, so a longer
  ///   one is a mistake in our code, never a peer's input; ``init(foreign:)`` is for the latter.
  package init(_ bytes: [UInt8]) {
    precondition(bytes.count <= Self.byteLimit, "a state key has at most 47 bytes")
    var words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)
    withUnsafeMutableBytes(of: &words) { raw in
      raw.copyBytes(from: bytes)
      raw[47] = UInt8(bytes.count)
    }
    w0 = UInt64(bigEndian: words.0)
    w1 = UInt64(bigEndian: words.1)
    w2 = UInt64(bigEndian: words.2)
    w3 = UInt64(bigEndian: words.3)
    w4 = UInt64(bigEndian: words.4)
    w5 = UInt64(bigEndian: words.5)
  }

  /// A key from a peer's bytes; nil when there are too many.
  package init?(foreign bytes: [UInt8]) {
    guard bytes.count <= Self.byteLimit else { return nil }
    self.init(bytes)
  }

  /// A key in `table`, its remaining bytes written by `build`.
  package init(table: UInt8, _ build: (inout CanonicalEncoder) -> Void) {
    var encoder = CanonicalEncoder(reserving: 48)
    encoder.encode(table)
    build(&encoder)
    self.init(encoder.bytes)
  }

  /// A key in `table` that is thirty-two bytes: an account's, say. Allocates nothing.
  package init(table: UInt8, _ id: Bytes32) {
    let (a, b, c, d) = id.words
    w0 = UInt64(table) << 56 | a >> 8
    w1 = a << 56 | b >> 8
    w2 = b << 56 | c >> 8
    w3 = c << 56 | d >> 8
    w4 = d << 56
    w5 = 33
  }

  /// How many bytes the key has.
  package var byteCount: Int { Int(w5 & 0xff) }

  /// The key's first byte; 0 for the empty key.
  package var table: UInt8 { UInt8(w0 >> 56) }

  /// The key's bytes.
  package var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

  /// Calls `body` with the key's bytes. Allocates nothing.
  package func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    let ordered = (
      w0.bigEndian, w1.bigEndian, w2.bigEndian, w3.bigEndian, w4.bigEndian, w5.bigEndian
    )
    return Swift.withUnsafeBytes(of: ordered) {
      body(UnsafeRawBufferPointer(rebasing: $0[0..<byteCount]))
    }
  }

  @inlinable package static func == (left: StateKey, right: StateKey) -> Bool {
    left.w0 == right.w0 && left.w1 == right.w1 && left.w2 == right.w2 && left.w3 == right.w3
      && left.w4 == right.w4 && left.w5 == right.w5
  }

  @inlinable package static func < (left: StateKey, right: StateKey) -> Bool {
    if left.w0 != right.w0 { return left.w0 < right.w0 }
    if left.w1 != right.w1 { return left.w1 < right.w1 }
    if left.w2 != right.w2 { return left.w2 < right.w2 }
    if left.w3 != right.w3 { return left.w3 < right.w3 }
    if left.w4 != right.w4 { return left.w4 < right.w4 }
    return left.w5 < right.w5
  }
}

/// What every table of the ledger's state begins with. Tables from 128 up belong to services: a
/// service's table byte is 128 + its ``ServiceID`` and the byte after it is the service's own.
package enum StateTable {
  /// The first table byte of the services.
  package static let firstService: UInt8 = 128
}
