import Cryptography
import Primitives
import ServiceKit

/// A customer asks for a placement group; the next beacon draws it.
package struct OpenGroup: Hashable, Sendable, CanonicalCodable {
  /// The most providers that one request excludes.
  package static let excludeLimit = 64

  package let lease: LeaseID
  package let codeClass: CodeClass
  /// Providers that the gateway found dead, strictly ascending.
  package let exclude: [ProviderID]

  /// Sorts what is excluded and drops what occurs twice.
  package init(lease: LeaseID, codeClass: CodeClass, exclude: [ProviderID] = []) {
    self.lease = lease
    self.codeClass = codeClass
    let sorted = exclude.sorted()
    self.exclude = sorted.enumerated().compactMap { index, provider in
      index > 0 && sorted[index - 1] == provider ? nil : provider
    }
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(lease)
    encoder.encode(codeClass)
    encoder.encode(exclude)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let lease: LeaseID = try decoder.decode()
    let codeClass: CodeClass = try decoder.decode()
    let listed = try decoder.decodeArray(of: ProviderID.self, limit: Self.excludeLimit)
    self.init(lease: lease, codeClass: codeClass, exclude: listed)
    guard exclude == listed else { throw .invalid("excluded providers not strictly ascending") }
  }
}

/// One column of a bundle that is being committed.
package struct SlotCommitment: Hashable, Sendable, CanonicalCodable {
  package let columnRoot: Digest
  package let leafCount: UInt64
  package let byteCount: UInt64
  /// See ``SlotStatement/stagedByteMilliseconds``; 0 when there is no signature.
  package let stagedByteMilliseconds: UInt64
  /// The provider's countersignature, or nil when the slot is vacant and must be repaired.
  package let signature: Signature?

  package init(
    columnRoot: Digest, leafCount: UInt64, byteCount: UInt64, stagedByteMilliseconds: UInt64,
    signature: Signature?
  ) {
    self.columnRoot = columnRoot
    self.leafCount = leafCount
    self.byteCount = byteCount
    self.stagedByteMilliseconds = stagedByteMilliseconds
    self.signature = signature
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(columnRoot)
    encoder.encode(leafCount)
    encoder.encode(byteCount)
    encoder.encode(stagedByteMilliseconds)
    encoder.encode(signature)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    columnRoot = try decoder.decode()
    leafCount = try decoder.decodeUInt64()
    byteCount = try decoder.decodeUInt64()
    stagedByteMilliseconds = try decoder.decodeUInt64()
    signature = try decoder.decodeOptional()
  }
}

/// A customer commits a bundle; what is signed becomes an obligation.
package struct CommitBundle: Hashable, Sendable, CanonicalCodable {
  package let lease: LeaseID
  package let group: PlacementGroupID
  /// ``BundleManifest/hash``.
  package let bundleKey: Digest
  /// 1 … ``BundleManifest/segmentLimit``.
  package let segmentCount: UInt32
  /// Until when the bundle is kept, on the ledger's clock.
  package let end: LedgerTime
  /// The n columns, in the group's order.
  package let slots: [SlotCommitment]

  package init(
    lease: LeaseID, group: PlacementGroupID, bundleKey: Digest, segmentCount: UInt32,
    end: LedgerTime, slots: [SlotCommitment]
  ) {
    self.lease = lease
    self.group = group
    self.bundleKey = bundleKey
    self.segmentCount = segmentCount
    self.end = end
    self.slots = slots
  }

  /// What the provider of `slot` has to sign. - Precondition: `slot` is one of the slots.
  package func statement(slot: Int, chain: Digest) -> SlotStatement {
    SlotStatement(
      chain: chain, lease: lease, group: group, bundleKey: bundleKey, slot: UInt8(slot),
      columnRoot: slots[slot].columnRoot, leafCount: slots[slot].leafCount,
      byteCount: slots[slot].byteCount,
      stagedByteMilliseconds: slots[slot].stagedByteMilliseconds, end: end)
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(lease)
    encoder.encode(group)
    encoder.encode(bundleKey)
    encoder.encode(segmentCount)
    encoder.encode(end)
    encoder.encode(slots)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    lease = try decoder.decode()
    group = try decoder.decode()
    bundleKey = try decoder.decode()
    segmentCount = try decoder.decodeUInt32()
    end = try decoder.decode()
    slots = try decoder.decodeArray(limit: Int(CodeClass.totalShardLimit))
  }
}

/// A customer wants a bundle no longer. It is paid until its lock-up is over.
package struct ReleaseBundle: Hashable, Sendable, CanonicalCodable {
  package let bundle: BundleID
  package init(bundle: BundleID) { self.bundle = bundle }
  package func encode(into encoder: inout CanonicalEncoder) { encoder.encode(bundle) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bundle = try decoder.decode()
  }
}

/// A customer wants a bundle longer. A standing offer within the lease's prices is a provider's
/// consent; a slot whose provider has none falls vacant.
package struct RenewBundle: Hashable, Sendable, CanonicalCodable {
  package let bundle: BundleID
  package let end: LedgerTime
  package init(bundle: BundleID, end: LedgerTime) {
    self.bundle = bundle
    self.end = end
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(bundle)
    encoder.encode(end)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bundle = try decoder.decode()
    end = try decoder.decode()
  }
}
