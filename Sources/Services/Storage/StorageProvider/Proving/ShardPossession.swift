import Cryptography
import Primitives
import ServiceKit
import StorageService

/// Reads what a walk asks for out of the shard store, every leaf checked. Blocks on the disk.
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
    let (key, slot) = try shard(bundle, segmentIndex)
    do {
      return try store.leafBytes(key, leafIndex)
    } catch { throw Unreadable(bundle: bundle, slot: slot, refusal: error) }
  }

  func leafPath(bundle: BundleID, segmentIndex: Int, leafIndex: UInt64) throws -> [Digest] {
    let (key, slot) = try shard(bundle, segmentIndex)
    do {
      return try store.leaf(key, leafIndex).path
    } catch { throw Unreadable(bundle: bundle, slot: slot, refusal: error) }
  }

  private func shard(_ bundle: BundleID, _ segment: Int) throws -> (key: ShardKey, slot: UInt8) {
    let column = try found(bundle)
    return (
      ShardKey(segment: column.manifest.segments[segment].segment, slot: column.slot), column.slot
    )
  }
}
