import Primitives
import ServiceKit

/// By what right somebody reads shard bytes.
package enum ReadAuthority: Hashable, Sendable, CanonicalCodable {
  /// The reader is the lease's customer.
  case payer
  /// The ledger named the reader to rebuild this slot of this bundle.
  case repair(bundle: BundleID, slot: UInt8)

  package func encode(into encoder: inout CanonicalEncoder) {
    switch self {
    case .payer: encoder.encode(UInt8(1))
    case .repair(let bundle, let slot):
      encoder.encode(UInt8(2))
      encoder.encode(bundle)
      encoder.encode(slot)
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    switch try decoder.decodeUInt8() {
    case 1: self = .payer
    case 2: self = .repair(bundle: try decoder.decode(), slot: try decoder.decodeUInt8())
    case let byte: throw .unknownCase(type: "ReadAuthority", byte: byte)
    }
  }
}

/// An order to read bytes of a shard; signed by the reader. It names the provider, so that nobody
/// who was shown it can use it elsewhere.
package struct ReadOrder: SignableMessage {
  package static let signatureDomain = "storage-read"
  /// The most bytes that one order reads: 1 MiB.
  package static let byteLimit = 1 << 20

  package let chain: Digest
  package let lease: LeaseID
  /// Who is to answer.
  package let provider: ProviderID
  package let reader: AccountID
  package let authority: ReadAuthority
  /// The segment's number within the lease.
  package let segment: UInt64
  /// Which shard.
  package let slot: UInt8
  /// The shard's length, in bytes, whose root the answer must prove. A staged shard may have grown.
  package let shardBytes: UInt64
  /// The first byte wanted.
  package let offset: UInt64
  /// Bytes wanted.
  package let length: UInt32
  /// The ledger's time after which the order is void.
  package let expiry: LedgerTime

  package init(
    chain: Digest, lease: LeaseID, provider: ProviderID, reader: AccountID,
    authority: ReadAuthority, segment: UInt64, slot: UInt8, shardBytes: UInt64, offset: UInt64,
    length: UInt32, expiry: LedgerTime
  ) {
    self.chain = chain
    self.lease = lease
    self.provider = provider
    self.reader = reader
    self.authority = authority
    self.segment = segment
    self.slot = slot
    self.shardBytes = shardBytes
    self.offset = offset
    self.length = length
    self.expiry = expiry
  }

  /// The segment.
  package var segmentID: SegmentID { SegmentID(lease: lease, number: segment) }
  /// The bytes wanted.
  package var range: Range<UInt64> { offset..<offset + UInt64(length) }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(chain)
    encoder.encode(lease)
    encoder.encode(provider)
    encoder.encode(reader)
    encoder.encode(authority)
    encoder.encode(segment)
    encoder.encode(slot)
    encoder.encode(shardBytes)
    encoder.encode(offset)
    encoder.encode(length)
    encoder.encode(expiry)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    chain = try decoder.decode()
    lease = try decoder.decode()
    provider = try decoder.decode()
    reader = try decoder.decode()
    authority = try decoder.decode()
    segment = try decoder.decodeUInt64()
    slot = try decoder.decodeUInt8()
    shardBytes = try decoder.decodeUInt64()
    offset = try decoder.decodeUInt64()
    length = try decoder.decodeUInt32()
    expiry = try decoder.decode()
    let (end, overflow) = offset.addingReportingOverflow(UInt64(length))
    guard !overflow, end <= shardBytes, length > 0, Int(length) <= Self.byteLimit else {
      throw .invalid("cannot read \(length) bytes at \(offset) of a shard of \(shardBytes)")
    }
  }
}
