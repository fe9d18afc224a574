import ServiceKit
import StorageService

/// Ranges of the storage service's tables that only reports want.
enum StorageReader {
  /// All bundles, ascending by number.
  static var bundles: (from: StateKey, to: StateKey) {
    (
      from: StorageKeys.bundle(BundleID(number: 0)),
      to: StorageKeys.bundle(BundleID(number: .max))
    )
  }

  /// All placement groups, ascending by number.
  static var groups: (from: StateKey, to: StateKey) {
    (
      from: StorageKeys.group(PlacementGroupID(number: 0)),
      to: StorageKeys.group(PlacementGroupID(number: .max))
    )
  }
}
