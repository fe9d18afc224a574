import Cryptography
import Primitives
import ServiceKit

/// One column of a bundle on the ledger.
package struct SlotRecord: Hashable, Sendable, CanonicalCodable {
  /// Who is obliged; nil when the slot is vacant and repair is due.
  package var provider: ProviderID?
  package let columnRoot: Digest
  package let leafCount: UInt64
  package let byteCount: UInt64

  package init(provider: ProviderID?, columnRoot: Digest, leafCount: UInt64, byteCount: UInt64) {
    self.provider = provider
    self.columnRoot = columnRoot
    self.leafCount = leafCount
    self.byteCount = byteCount
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(provider)
    encoder.encode(columnRoot)
    encoder.encode(leafCount)
    encoder.encode(byteCount)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    provider = try decoder.decodeOptional()
    columnRoot = try decoder.decode()
    leafCount = try decoder.decodeUInt64()
    byteCount = try decoder.decodeUInt64()
  }
}

/// A bundle on the ledger: the unit of deletion, renewal and repair.
package struct BundleRecord: Hashable, Sendable, CanonicalCodable {
  package let id: BundleID
  package let lease: LeaseID
  package let group: PlacementGroupID
  package let codeClass: CodeClass
  /// The manifest's hash.
  package let bundleKey: Digest
  /// The Merkle root over the columns' roots.
  package let root: Digest
  package let segmentCount: UInt32
  package let committedAt: LedgerTime
  /// Until when it is kept; earlier than committed once it is released.
  package var end: LedgerTime
  /// Whether the customer released it, or its own fault did: no repair, and gone after its last
  /// proof.
  package var isReleased: Bool
  /// Whether it was shown to be no codeword: released at once, by its customer's fault.
  package var isNoCodeword: Bool
  package var slots: [SlotRecord]

  package init(
    id: BundleID, lease: LeaseID, group: PlacementGroupID, codeClass: CodeClass,
    bundleKey: Digest, root: Digest, segmentCount: UInt32, committedAt: LedgerTime,
    end: LedgerTime, isReleased: Bool = false, isNoCodeword: Bool = false, slots: [SlotRecord]
  ) {
    self.id = id
    self.lease = lease
    self.group = group
    self.codeClass = codeClass
    self.bundleKey = bundleKey
    self.root = root
    self.segmentCount = segmentCount
    self.committedAt = committedAt
    self.end = end
    self.isReleased = isReleased
    self.isNoCodeword = isNoCodeword
    self.slots = slots
  }

  /// How many slots have no holder.
  package var vacantSlots: Int { slots.count { $0.provider == nil } }

  /// What the holder of a slot signs when it takes the slot over in a repair.
  /// - Precondition: `slot` is one of the slots.
  package func repairStatement(slot: Int, chain: Digest) -> SlotStatement {
    SlotStatement(
      chain: chain, lease: lease, group: group, bundleKey: bundleKey, slot: UInt8(slot),
      columnRoot: slots[slot].columnRoot, leafCount: slots[slot].leafCount,
      byteCount: slots[slot].byteCount, stagedByteMilliseconds: 0, end: end)
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(id)
    encoder.encode(lease)
    encoder.encode(group)
    encoder.encode(codeClass)
    encoder.encode(bundleKey)
    encoder.encode(root)
    encoder.encode(segmentCount)
    encoder.encode(committedAt)
    encoder.encode(end)
    encoder.encode(isReleased)
    encoder.encode(isNoCodeword)
    encoder.encode(slots)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    id = try decoder.decode()
    lease = try decoder.decode()
    group = try decoder.decode()
    codeClass = try decoder.decode()
    bundleKey = try decoder.decode()
    root = try decoder.decode()
    segmentCount = try decoder.decodeUInt32()
    committedAt = try decoder.decode()
    end = try decoder.decode()
    isReleased = try decoder.decodeBool()
    isNoCodeword = try decoder.decodeBool()
    slots = try decoder.decodeArray(limit: Int(CodeClass.totalShardLimit))
  }
}
