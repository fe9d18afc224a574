import Cryptography
import Primitives

/// Why stored bytes cannot be read.
package enum StoredDataError: Error, Hashable, Sendable {
  /// The bytes were not sealed under this key for this place: wrong key, moved, or tampered with.
  case notAuthentic(String)
  /// A number or length is impossible.
  case outOfRange(String)
  /// What the seal protects is not canonical.
  case malformed(CodecError)
}

/// A data key, wrapped under its bucket's key: 48 bytes.
package struct WrappedDataKey: Hashable, Sendable, CanonicalCodable {
  /// Bytes of a wrapped key: 32 of key and 16 of tag.
  package static let byteCount = 48

  /// The sealed bytes.
  package let bytes: [UInt8]

  /// The wrapped key, or nil when there are not 48 bytes.
  package init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// Wraps a data key: AES-256-GCM under the bucket's key, nonce = the attempt's first 12 bytes,
  /// authenticating the attempt.
  package init(_ key: SymmetricKeyBytes, attempt: AttemptID, bucketKey: SymmetricKeyBytes) {
    let identifier = attempt.bytes
    bytes = AuthenticatedCipher.seal(
      key.value.bytes, key: bucketKey, nonce: Array(identifier.prefix(12)),
      authenticating: identifier)
  }

  /// The data key.
  /// - Throws: ``StoredDataError/notAuthentic(_:)``.
  package func unwrap(
    attempt: AttemptID, bucketKey: SymmetricKeyBytes
  ) throws(StoredDataError) -> SymmetricKeyBytes {
    let identifier = attempt.bytes
    let opened = try? AuthenticatedCipher.open(
      bytes, key: bucketKey, nonce: Array(identifier.prefix(12)), authenticating: identifier)
    guard let opened, let key = Bytes32(opened) else {
      throw .notAuthentic(
        "the data key of attempt \(attempt) is not wrapped under this bucket's key")
    }
    return SymmetricKeyBytes(key)
  }

  package func encode(into encoder: inout CanonicalEncoder) { encoder.append(raw: bytes) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bytes = try decoder.decodeRaw(count: Self.byteCount)
  }
}

/// Bytes that were written in one attempt: a whole object, or one part of a multipart upload.
package struct StoredBlob: Hashable, Sendable, CanonicalCodable {
  /// The most extents of one blob.
  package static let extentLimit = 32_768

  package let attempt: AttemptID
  package let wrappedKey: WrappedDataKey
  /// Bytes of plain text.
  package let length: UInt64
  /// Where the sealed records lie, in order.
  package let extents: [Extent]

  package init(
    attempt: AttemptID, wrappedKey: WrappedDataKey, length: UInt64, extents: [Extent]
  ) {
    self.attempt = attempt
    self.wrappedKey = wrappedKey
    self.length = length
    self.extents = extents
  }

  /// Whether the extents hold exactly the sealed form of ``length`` bytes.
  package var isComplete: Bool {
    let held = extents.reduce(UInt64(0)) { $0.addingSaturated(UInt64($1.length)) }
    return held == RecordMath.sealedLength(of: length)
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(attempt)
    encoder.encode(wrappedKey)
    encoder.encode(length)
    encoder.encode(extents)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    attempt = try decoder.decode()
    wrappedKey = try decoder.decode()
    length = try decoder.decodeUInt64()
    let count = try decoder.decodeCount(
      limit: Self.extentLimit, minimumElementSize: Extent.encodedByteCount)
    var list: [Extent] = []
    list.reserveCapacity(count)
    for _ in 0..<count { list.append(try decoder.decode()) }
    extents = list
  }
}
