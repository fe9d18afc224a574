import Cryptography
import Primitives
import ServiceKit

/// What a provider countersigns after it has hashed every byte of its column. It is obliged for
/// this and for nothing else.
package struct SlotStatement: Hashable, Sendable, CanonicalCodable {
  /// The domain of the signature.
  package static let domain = "storage-slot"

  /// The hash of the network's genesis.
  package let chain: Digest
  package let lease: LeaseID
  package let group: PlacementGroupID
  /// The manifest's hash.
  package let bundleKey: Digest
  /// Which column, 0 ..< n.
  package let slot: UInt8
  /// The root of the column's Merkle sum tree.
  package let columnRoot: Digest
  /// Leaves of the column.
  package let leafCount: UInt64
  /// Bytes of the column: what is paid for.
  package let byteCount: UInt64
  /// What the provider asks for the time between its acknowledgements and this statement, in bytes
  /// times milliseconds.
  package let stagedByteMilliseconds: UInt64
  /// Until when, on the ledger's clock, it is obliged.
  package let end: LedgerTime

  package init(
    chain: Digest, lease: LeaseID, group: PlacementGroupID, bundleKey: Digest, slot: UInt8,
    columnRoot: Digest, leafCount: UInt64, byteCount: UInt64, stagedByteMilliseconds: UInt64,
    end: LedgerTime
  ) {
    self.chain = chain
    self.lease = lease
    self.group = group
    self.bundleKey = bundleKey
    self.slot = slot
    self.columnRoot = columnRoot
    self.leafCount = leafCount
    self.byteCount = byteCount
    self.stagedByteMilliseconds = stagedByteMilliseconds
    self.end = end
  }

  /// The provider's countersignature.
  package func signed(by key: SigningKey) -> Signature {
    key.sign(domain: Self.domain, canonicalBytes())
  }

  /// Whether `signature` is `provider`'s over this statement.
  package func isSigned(by provider: ProviderID, _ signature: Signature) -> Bool {
    provider.verifies(signature, domain: Self.domain, of: canonicalBytes())
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(chain)
    encoder.encode(lease)
    encoder.encode(group)
    encoder.encode(bundleKey)
    encoder.encode(slot)
    encoder.encode(columnRoot)
    encoder.encode(leafCount)
    encoder.encode(byteCount)
    encoder.encode(stagedByteMilliseconds)
    encoder.encode(end)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    chain = try decoder.decode()
    lease = try decoder.decode()
    group = try decoder.decode()
    bundleKey = try decoder.decode()
    slot = try decoder.decodeUInt8()
    columnRoot = try decoder.decode()
    leafCount = try decoder.decodeUInt64()
    byteCount = try decoder.decodeUInt64()
    stagedByteMilliseconds = try decoder.decodeUInt64()
    end = try decoder.decode()
  }
}
