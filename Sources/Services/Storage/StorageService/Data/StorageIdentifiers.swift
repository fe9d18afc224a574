import Primitives
import ServiceKit

/// A placement group: n providers that the beacon drew together.
package struct PlacementGroupID: SerialNumber {
  package let number: UInt64
  package init(number: UInt64) { self.number = number }
}

/// A bundle of segments on the ledger.
package struct BundleID: SerialNumber {
  package let number: UInt64
  package init(number: UInt64) { self.number = number }
}

/// A segment: the gateway numbers them from 1 within a lease and never uses a number twice.
package struct SegmentID: Hashable, Comparable, Sendable, CanonicalCodable,
  CustomStringConvertible
{
  package let lease: LeaseID
  package let number: UInt64

  package init(lease: LeaseID, number: UInt64) {
    self.lease = lease
    self.number = number
  }

  package static func < (left: SegmentID, right: SegmentID) -> Bool {
    (left.lease, left.number) < (right.lease, right.number)
  }

  package var description: String { "\(lease)/\(number)" }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(lease)
    encoder.encode(number)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    lease = try decoder.decode()
    number = try decoder.decodeUInt64()
  }
}

/// One attempt at writing something: 16 random bytes, new for every object, part and compaction
/// copy, so that no data key and no nonce is ever used for two different plain texts.
package struct AttemptID: Hashable, Comparable, Sendable, CanonicalCodable,
  CustomStringConvertible
{
  /// How many bytes an attempt has.
  package static let byteCount = 16

  /// The sixteen bytes as one big-endian number.
  package let number: UInt128

  package init(number: UInt128) { self.number = number }

  /// The attempt, or nil when there are not sixteen bytes.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    number = bytes.reduce(0) { $0 << 8 | UInt128($1) }
  }

  /// The sixteen bytes.
  package var bytes: [UInt8] { canonicalBytes() }

  package static func < (left: AttemptID, right: AttemptID) -> Bool { left.number < right.number }

  /// Thirty-two hexadecimal digits.
  package var description: String { bytes.hex }

  package func encode(into encoder: inout CanonicalEncoder) { encoder.encode(number) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    number = try decoder.decodeUInt128()
  }
}
