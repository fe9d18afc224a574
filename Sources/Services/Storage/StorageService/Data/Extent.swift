import Primitives
import ServiceKit

/// Where bytes lie: a range of one stripe's payload. Logical, so coding a segment anew in another
/// class changes no extent.
package struct Extent: Hashable, Sendable, CanonicalCodable {
  /// The segment's number within the lease.
  package let segment: UInt64
  /// The stripe's index within the segment, from 0.
  package let stripe: UInt32
  /// Bytes from the start of the stripe's payload (its header included).
  package let offset: UInt32
  /// Bytes.
  package let length: UInt32

  /// How many bytes an encoded extent takes.
  package static let encodedByteCount = 20

  package init(segment: UInt64, stripe: UInt32, offset: UInt32, length: UInt32) {
    self.segment = segment
    self.stripe = stripe
    self.offset = offset
    self.length = length
  }

  /// A part of this extent: `range` counts bytes from its start. Nil when it reaches beyond the
  /// end.
  package func slice(_ range: Range<UInt64>) -> Extent? {
    guard range.upperBound <= UInt64(length) else { return nil }
    let (start, overflow) = offset.addingReportingOverflow(UInt32(range.lowerBound))
    if overflow { return nil }
    return Extent(
      segment: segment, stripe: stripe, offset: start,
      length: UInt32(range.upperBound - range.lowerBound))
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(segment)
    encoder.encode(stripe)
    encoder.encode(offset)
    encoder.encode(length)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    segment = try decoder.decodeUInt64()
    stripe = try decoder.decodeUInt32()
    offset = try decoder.decodeUInt32()
    length = try decoder.decodeUInt32()
    if offset.addingReportingOverflow(length).overflow {
      throw .invalid("an extent's end does not fit into 32 bits")
    }
  }
}

extension [Extent] {
  /// The extents that hold bytes `range` of the concatenation of all of these; nil when the range
  /// reaches beyond the end.
  package func slice(_ range: Range<UInt64>) -> [Extent]? {
    var parts: [Extent] = []
    var start: UInt64 = 0
    for extent in self {
      let end = start.addingSaturated(UInt64(extent.length))
      let low = Swift.max(range.lowerBound, start)
      let high = Swift.min(range.upperBound, end)
      if low < high, let part = extent.slice(low - start..<high - start) { parts.append(part) }
      start = end
    }
    return range.upperBound <= start ? parts : nil
  }
}
