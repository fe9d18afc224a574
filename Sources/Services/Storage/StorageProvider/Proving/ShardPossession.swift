import Cryptography
import Primitives
import ServiceKit
import StorageService

/// Reads what a walk asks for out of the shard store, every leaf checked against its root. Blocks
/// on the disk.
struct ShardPossession: PossessionSource {
  let store: ShardStore
  let provider: ProviderID
  /// The manifest and the slot of each bundle in the provider's list.
  let columns: [BundleID: (manifest: BundleManifest, slot: UInt8)]

  /// A bundle is missing whose manifest should be here.
  struct Missing: Error { let bundle: BundleID }
  /// A leaf could not be read.
  struct Unreadable: Error {
    let bundle: BundleID
    let slot: UInt8
    let refusal: StorageRefusal
  }

  private func found(
    _ bundle: BundleID
  ) throws -> (manifest: BundleManifest, slot: UInt8) {
    guard let column = columns[bundle] else { throw Missing(bundle: bundle) }
    return column
  }

  func column(of bundle: BundleID) throws -> PossessionColumn {
    let column = try found(bundle)
    return PossessionColumn(column.manifest, slot: Int(column.slot))
  }

  func leaf(bundle: BundleID, segmentIndex: Int, leafIndex: UInt64) throws -> [UInt8] {
    try read(bundle, segmentIndex, leafIndex).bytes
  }

  func leafPath(bundle: BundleID, segmentIndex: Int, leafIndex: UInt64) throws -> [Digest] {
    try read(bundle, segmentIndex, leafIndex).path
  }

  private func read(
    _ bundle: BundleID, _ segment: Int, _ leaf: UInt64
  ) throws -> (bytes: [UInt8], path: [Digest]) {
    let column = try found(bundle)
    let key = ShardKey(
      segment: column.manifest.segments[segment].segment, slot: column.slot)
    do {
      return try store.leaf(key, leaf)
    } catch { throw Unreadable(bundle: bundle, slot: column.slot, refusal: error) }
  }
}
