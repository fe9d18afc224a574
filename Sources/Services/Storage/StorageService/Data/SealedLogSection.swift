import Cryptography
import Primitives

/// The log records of one stripe, sealed under the identity's index key: 12 bytes of nonce, then
/// AES-256-GCM over the list of records, bound to the stripe's place.
package enum SealedLogSection {
  /// Bytes of the nonce.
  package static let nonceBytes = 12
  /// How many bytes the seal adds: nonce and tag.
  package static let overheadBytes = nonceBytes + 16

  /// Bytes that authenticate the place: lease ‖ segment ‖ stripe.
  private static func place(_ segment: SegmentID, _ stripe: UInt32) -> [UInt8] {
    var encoder = CanonicalEncoder(reserving: 20)
    encoder.encode(segment)
    encoder.encode(stripe)
    return encoder.bytes
  }

  /// How long the section of `records` will be; 0 for none.
  package static func byteCount(of records: [LogRecord]) -> Int {
    records.isEmpty ? 0 : encoded(records).count + overheadBytes
  }

  private static func encoded(_ records: [LogRecord]) -> [UInt8] {
    var encoder = CanonicalEncoder()
    encoder.encode(records)
    return encoder.bytes
  }

  /// The sealed section; empty when there is no record.
  /// - Parameter nonce: 12 fresh random bytes, which the shell draws.
  /// - Throws: ``StoredDataError/outOfRange(_:)`` for a nonce of another size or too many records.
  package static func seal(
    _ records: [LogRecord], key: SymmetricKeyBytes, nonce: [UInt8], segment: SegmentID,
    stripe: UInt32
  ) throws(StoredDataError) -> [UInt8] {
    if records.isEmpty { return [] }
    guard nonce.count == nonceBytes else {
      throw .outOfRange("a nonce has \(nonceBytes) bytes, not \(nonce.count)")
    }
    guard records.count <= LogLimits.recordsPerSection else {
      throw .outOfRange("\(records.count) records in one stripe")
    }
    return nonce
      + AuthenticatedCipher.seal(
        encoded(records), key: key, nonce: nonce, authenticating: place(segment, stripe))
  }

  /// The records; none when the section is empty.
  /// - Throws: ``StoredDataError``.
  package static func open(
    _ sealed: [UInt8], key: SymmetricKeyBytes, segment: SegmentID, stripe: UInt32
  ) throws(StoredDataError) -> [LogRecord] {
    if sealed.isEmpty { return [] }
    guard sealed.count >= overheadBytes else {
      throw .outOfRange("a log section of \(sealed.count) bytes")
    }
    let opened = try? AuthenticatedCipher.open(
      Array(sealed[nonceBytes...]), key: key, nonce: Array(sealed[..<nonceBytes]),
      authenticating: place(segment, stripe))
    guard let opened else {
      throw .notAuthentic("the log section of stripe \(stripe) of segment \(segment)")
    }
    do {
      var decoder = CanonicalDecoder(opened)
      let records = try decoder.decodeArray(
        of: LogRecord.self, limit: LogLimits.recordsPerSection)
      try decoder.finish()
      return records
    } catch { throw .malformed(error) }
  }
}
