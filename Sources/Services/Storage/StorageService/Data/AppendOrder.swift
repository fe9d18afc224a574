import Primitives
import ServiceKit

/// The payer's order to append one stripe's chunk to a shard; signed by the lease's customer.
package struct AppendOrder: SignableMessage {
  package static let signatureDomain = "storage-append"

  /// The chain's identity.
  package let chain: Digest
  package let lease: LeaseID
  package let group: PlacementGroupID
  /// The segment's number within the lease.
  package let segment: UInt64
  /// Which shard of the segment, and which slot of the group.
  package let slot: UInt8
  /// Grows when a gateway takes over; a provider refuses lower ones than it has seen for the lease.
  package let fencingEpoch: UInt64
  /// Where in the shard the chunk begins, in bytes: the shard's length before.
  package let offset: UInt64
  /// Bytes of the chunk.
  package let length: UInt32
  /// The shard's root after the append.
  package let runningRoot: Digest

  package init(
    chain: Digest, lease: LeaseID, group: PlacementGroupID, segment: UInt64, slot: UInt8,
    fencingEpoch: UInt64, offset: UInt64, length: UInt32, runningRoot: Digest
  ) {
    self.chain = chain
    self.lease = lease
    self.group = group
    self.segment = segment
    self.slot = slot
    self.fencingEpoch = fencingEpoch
    self.offset = offset
    self.length = length
    self.runningRoot = runningRoot
  }

  /// The segment.
  package var segmentID: SegmentID { SegmentID(lease: lease, number: segment) }

  /// The shard's length after the append, in bytes.
  package var end: UInt64 { offset + UInt64(length) }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(chain)
    encoder.encode(lease)
    encoder.encode(group)
    encoder.encode(segment)
    encoder.encode(slot)
    encoder.encode(fencingEpoch)
    encoder.encode(offset)
    encoder.encode(length)
    encoder.encode(runningRoot)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    chain = try decoder.decode()
    lease = try decoder.decode()
    group = try decoder.decode()
    segment = try decoder.decodeUInt64()
    slot = try decoder.decodeUInt8()
    fencingEpoch = try decoder.decodeUInt64()
    offset = try decoder.decodeUInt64()
    length = try decoder.decodeUInt32()
    runningRoot = try decoder.decode()
    guard length > 0, Int(length) <= StripeLayout.chunkByteLimit else {
      throw .invalid("a chunk has 1 to \(StripeLayout.chunkByteLimit) bytes, not \(length)")
    }
    if offset.addingReportingOverflow(UInt64(length)).overflow {
      throw .invalid("a shard's length does not fit into 64 bits")
    }
  }
}

/// A provider's word that it holds a shard durably up to the order's end; signed by the provider.
/// Enough to force retrieval on the ledger.
package struct Acknowledgement: SignableMessage {
  package static let signatureDomain = "storage-acknowledgement"

  /// What was ordered and done.
  package let order: AppendOrder
  /// Who holds it.
  package let provider: ProviderID

  package init(order: AppendOrder, provider: ProviderID) {
    self.order = order
    self.provider = provider
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(order)
    encoder.encode(provider)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    order = try decoder.decode()
    provider = try decoder.decode()
  }
}
