import Primitives

/// The first 32 bytes of a stripe's payload: what recovery needs in order to read a stripe without
/// an index. The payload is header ‖ data ‖ sealed log section.
package struct StripeHeader: Hashable, Sendable, CanonicalCodable {
  /// `TRS1`.
  package static let magic: UInt32 = 0x5452_5331
  /// How many bytes a header takes.
  package static let byteCount = 32

  /// Bytes of the sealed log section; 0 when there is none.
  package let logLength: UInt32
  /// Bytes of data.
  package let dataLength: UInt32
  /// The sequence number of the section's first record; the next record's number when it is empty.
  package let firstLogSequence: UInt64
  /// The segment's number within its lease.
  package let segment: UInt64

  package init(logLength: UInt32, dataLength: UInt32, firstLogSequence: UInt64, segment: UInt64) {
    self.logLength = logLength
    self.dataLength = dataLength
    self.firstLogSequence = firstLogSequence
    self.segment = segment
  }

  /// Bytes of the whole payload.
  package var payloadLength: UInt64 {
    UInt64(Self.byteCount) + UInt64(logLength) + UInt64(dataLength)
  }

  /// Where the data lies in the payload.
  package var dataRange: Range<UInt64> {
    let start = UInt64(Self.byteCount)
    return start..<start + UInt64(dataLength)
  }

  /// Where the sealed log section lies in the payload.
  package var logRange: Range<UInt64> {
    dataRange.upperBound..<dataRange.upperBound + UInt64(logLength)
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(Self.magic)
    encoder.encode(logLength)
    encoder.encode(dataLength)
    encoder.encode(UInt32(0))
    encoder.encode(firstLogSequence)
    encoder.encode(segment)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let magic = try decoder.decodeUInt32()
    guard magic == Self.magic else { throw .invalid("a stripe does not begin with TRS1") }
    logLength = try decoder.decodeUInt32()
    dataLength = try decoder.decodeUInt32()
    let flags = try decoder.decodeUInt32()
    guard flags == 0 else { throw .invalid("unknown stripe flags \(flags)") }
    firstLogSequence = try decoder.decodeUInt64()
    segment = try decoder.decodeUInt64()
  }
}
