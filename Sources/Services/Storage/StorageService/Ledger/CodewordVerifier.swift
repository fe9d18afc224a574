import Cryptography
import Primitives
import ServiceKit

/// Judges an accusation: a pure function of it and of the bundle's column roots.
package enum CodewordVerifier {
  /// The rule's name.
  package static let rule = "storage-codeword/1"

  /// Why an accusation shows nothing; nil when it holds.
  package static func objection(
    to accusation: AccuseCodeword, against bundle: BundleRecord
  ) -> String? {
    let slots = accusation.sources.map(\.slot)
    guard slots.count == Int(bundle.codeClass.dataShards),
      zip(slots, slots.dropFirst()).allSatisfy({ $0 < $1 }),
      !slots.contains(accusation.accused.slot)
    else {
      return
        "\(bundle.codeClass) needs \(bundle.codeClass.dataShards) source slots, ascending, and "
        + "another that is accused"
    }
    var offsets: [UInt64] = []
    for leaf in accusation.sources + [accusation.accused] {
      guard let offset = place(of: leaf, accusation, bundle) else {
        return "the leaf of slot \(leaf.slot) does not lead to its column's root"
      }
      offsets.append(offset)
    }
    guard offsets.allSatisfy({ $0 == offsets[0] }) else {
      return "the leaves are not of one place"
    }
    // Shards of one segment have one length, so leaves of unequal length are no codeword either.
    let follows = CauchyCode(bundle.codeClass).chunk(
      Int(accusation.accused.slot),
      from: accusation.sources.map { (chunk: Int($0.slot), bytes: $0.leaf) })
    guard follows != accusation.accused.leaf else {
      return "the accused leaf follows from the others"
    }
    return nil
  }

  /// How many of the column's leaves lie before the shard; nil when a path leads elsewhere.
  private static func place(
    of leaf: ColumnLeaf, _ accusation: AccuseCodeword, _ bundle: BundleRecord
  ) -> UInt64? {
    guard bundle.slots.indices.contains(Int(leaf.slot)),
      leaf.columnPath.entry == accusation.segmentIndex,
      leaf.columnPath.entryCount == bundle.segmentCount
    else { return nil }
    let column = bundle.slots[Int(leaf.slot)]
    let root = MerkleTree.root(
      rangeLeafHashes: [MerkleTree.leafHash(leaf.leaf)], start: accusation.leafIndex,
      count: accusation.shardLeafCount, proof: leaf.leafProof)
    guard root == leaf.shardRoot else { return nil }
    return leaf.columnPath.verify(
      item: leaf.shardRoot, count: accusation.shardLeafCount, root: column.columnRoot,
      total: column.leafCount)
  }
}
