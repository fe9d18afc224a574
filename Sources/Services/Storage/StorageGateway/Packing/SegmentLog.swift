import Cryptography
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// Reads the headers and log sections of a segment's stripes from its shards.
struct SegmentLog: Sendable {
  let reader: ExtentReader
  let indexKey: SymmetricKeyBytes
  let lease: LeaseID

  /// A stripe's header, checked against the catalog's length of it.
  /// - Throws: ``EngineError``.
  func header(of segment: SegmentRecord, stripe: Int) async throws -> StripeHeader {
    let extent = Extent(
      segment: segment.number, stripe: UInt32(stripe), offset: 0,
      length: UInt32(StripeHeader.byteCount))
    let bytes = try await reader.read(extent)
    do {
      let header = try StripeHeader(canonicalBytes: Array(bytes.readableBytesView))
      guard header.payloadLength == UInt64(segment.stripeLengths[stripe]),
        header.segment == segment.number
      else { throw CodecError.invalid("its lengths are not the catalog's") }
      return header
    } catch {
      throw EngineError.corrupt(
        reason: "the header of stripe \(stripe) of segment \(segment.number): \(error)")
    }
  }

  /// The records of a stripe's log section.
  /// - Throws: ``EngineError``, ``StoredDataError``.
  func records(
    of segment: SegmentRecord, stripe: Int, header: StripeHeader
  ) async throws -> [LogRecord] {
    guard header.logLength > 0 else { return [] }
    let extent = Extent(
      segment: segment.number, stripe: UInt32(stripe), offset: UInt32(header.logRange.lowerBound),
      length: header.logLength)
    let sealed = Array(try await reader.read(extent).readableBytesView)
    return try SealedLogSection.open(
      sealed, key: indexKey, segment: SegmentID(lease: lease, number: segment.number),
      stripe: UInt32(stripe))
  }
}
