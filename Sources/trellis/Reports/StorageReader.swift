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

  /// Bytes of the columns that holders of some bundles keep.
  static func heldBytes(_ bundles: [BundleRecord]) -> UInt64 {
    bundles.reduce(0) { sum, bundle in
      bundle.slots.reduce(sum) { $1.provider == nil ? $0 : $0.addingSaturated($1.byteCount) }
    }
  }

  /// What the gateway says that nobody wants of its bundles, as coded bytes on providers.
  static func garbageBytes(_ bundles: [BundleRecord], gateway details: [String: String]) -> UInt64 {
    let payload = details.reduce(UInt64(0)) { sum, detail in
      detail.key.hasSuffix(".garbage-bytes")
        ? sum.addingSaturated(UInt64(detail.value) ?? 0) : sum
    }
    // Bundles of several classes may lie side by side: the gateway's bytes are payload, so they are
    // taken at the bundles' own mean expansion.
    let columns = heldBytes(bundles)
    let data = bundles.reduce(UInt64(0)) { sum, bundle in
      let bytes = bundle.slots.first?.byteCount ?? 0
      return sum.addingSaturated(bytes * UInt64(bundle.codeClass.dataShards))
    }
    guard data > 0 else { return 0 }
    let (product, overflow) = payload.multipliedReportingOverflow(by: columns)
    return overflow ? .max : product / data
  }
}
