import Cryptography
import Primitives
import ServiceKit

/// One column that a provider is obliged to keep: a row of its list, by bundle number.
package struct ObligationRecord: Hashable, Sendable, CanonicalCodable {
  package let provider: ProviderID
  package let bundle: BundleID
  package let slot: UInt8
  package let lease: LeaseID
  package let columnRoot: Digest
  package let leafCount: UInt64
  package let byteCount: UInt64
  /// From when it is paid.
  package let since: LedgerTime
  /// The block of the commitment. A round's list has the rows of earlier blocks only.
  package let sinceHeight: UInt64
  /// Until when it is paid.
  package var end: LedgerTime
  /// Whether its time is over and counted: it stays for one last proof and goes after it.
  package var isStopped: Bool

  package init(
    provider: ProviderID, bundle: BundleID, slot: UInt8, lease: LeaseID, columnRoot: Digest,
    leafCount: UInt64, byteCount: UInt64, since: LedgerTime, sinceHeight: UInt64, end: LedgerTime,
    isStopped: Bool = false
  ) {
    self.provider = provider
    self.bundle = bundle
    self.slot = slot
    self.lease = lease
    self.columnRoot = columnRoot
    self.leafCount = leafCount
    self.byteCount = byteCount
    self.since = since
    self.sinceHeight = sinceHeight
    self.end = end
    self.isStopped = isStopped
  }

  /// What stands for the column in the frozen list.
  package var item: Digest {
    Self.item(bundle: bundle, slot: slot, columnRoot: columnRoot)
  }

  /// What stands for a column in a frozen list: binds its place and its root.
  package static func item(bundle: BundleID, slot: UInt8, columnRoot: Digest) -> Digest {
    var builder = DigestBuilder(domain: "storage-obligation")
    builder.update(bundle.number)
    builder.update(slot)
    builder.update(columnRoot)
    return builder.finalize()
  }

  /// The Merkle sum tree of a frozen list. The provider calls it with the rows of
  /// ``StorageKeys/obligations(of:)`` and the challenge's height, and gets the ledger's tree as
  /// long as the challenge runs.
  /// - Throws: ``ArithmeticError/overflow`` when the leaves cannot be counted.
  package static func frozenTree(
    _ records: [ObligationRecord], frozenHeight: UInt64
  ) throws(ArithmeticError) -> MerkleSumTree {
    try MerkleSumTree(
      entries: records.filter { $0.sinceHeight < frozenHeight }
        .map { (item: $0.item, count: $0.leafCount) })
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(provider)
    encoder.encode(bundle)
    encoder.encode(slot)
    encoder.encode(lease)
    encoder.encode(columnRoot)
    encoder.encode(leafCount)
    encoder.encode(byteCount)
    encoder.encode(since)
    encoder.encode(sinceHeight)
    encoder.encode(end)
    encoder.encode(isStopped)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    provider = try decoder.decode()
    bundle = try decoder.decode()
    slot = try decoder.decodeUInt8()
    lease = try decoder.decode()
    columnRoot = try decoder.decode()
    leafCount = try decoder.decodeUInt64()
    byteCount = try decoder.decodeUInt64()
    since = try decoder.decode()
    sinceHeight = try decoder.decodeUInt64()
    end = try decoder.decode()
    isStopped = try decoder.decodeBool()
  }
}
