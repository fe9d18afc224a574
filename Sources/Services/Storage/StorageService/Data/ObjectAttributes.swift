import Primitives

/// A name and a value; lists of them are kept in the order given.
package struct NamedValue: Hashable, Sendable, CanonicalCodable {
  package let name: String
  package let value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(name)
    encoder.encode(value)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    name = try decoder.decodeString(limit: 4_096)
    value = try decoder.decodeString(limit: 16_384)
  }
}

/// A checksum of an object or part, as S3's `x-amz-checksum-…` headers carry it.
package struct ObjectChecksum: Hashable, Sendable, CanonicalCodable {
  /// The algorithm's lower-case name: `crc32`, `crc32c`, `crc64nvme`, `sha1`, `sha256`.
  package let algorithm: String
  /// Base-64 text, with `-parts` behind it when composite.
  package let value: String
  /// Whether it is a checksum of the parts' checksums.
  package let isComposite: Bool

  package init(algorithm: String, value: String, isComposite: Bool) {
    self.algorithm = algorithm
    self.value = value
    self.isComposite = isComposite
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(algorithm)
    encoder.encode(value)
    encoder.encode(isComposite)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    algorithm = try decoder.decodeString(limit: 16)
    value = try decoder.decodeString(limit: 128)
    isComposite = try decoder.decodeBool()
  }
}

/// What a client says about an object besides its bytes.
package struct ObjectAttributes: Hashable, Sendable, CanonicalCodable {
  /// The most entries of each list.
  package static let entryLimit = 256

  /// The `Content-Type`.
  package let contentType: String
  /// `Cache-Control`, `Content-Disposition`, `Content-Encoding`, `Content-Language`, `Expires`,
  /// the ACL and whatever else is answered back, under lower-case names.
  package let headers: [NamedValue]
  /// `x-amz-meta-…`, without the prefix.
  package let userMetadata: [NamedValue]
  /// Tags.
  package let tags: [NamedValue]

  package init(
    contentType: String, headers: [NamedValue] = [], userMetadata: [NamedValue] = [],
    tags: [NamedValue] = []
  ) {
    self.contentType = contentType
    self.headers = headers
    self.userMetadata = userMetadata
    self.tags = tags
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(contentType)
    encoder.encode(headers)
    encoder.encode(userMetadata)
    encoder.encode(tags)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    contentType = try decoder.decodeString(limit: 4_096)
    headers = try decoder.decodeArray(limit: Self.entryLimit)
    userMetadata = try decoder.decodeArray(limit: Self.entryLimit)
    tags = try decoder.decodeArray(limit: Self.entryLimit)
  }
}
