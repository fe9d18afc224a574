/// The limits of what a log record may contain.
package enum LogLimits {
  /// Bytes of a bucket's name.
  package static let bucketNameBytes = 255
  /// Bytes of an object's key.
  package static let keyBytes = 1_024
  /// Bytes of a granted key's name.
  package static let keyNameBytes = 32
  /// Parts of an upload.
  package static let parts = 10_000
  /// Bytes of an attribute's value (a CORS configuration, say).
  package static let attributeBytes = 65_536
  /// Checksums of an object.
  package static let checksums = 8
  /// Records of one stripe's log section.
  package static let recordsPerSection = 16_384
}
