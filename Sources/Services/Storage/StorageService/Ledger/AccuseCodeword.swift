import Cryptography
import Primitives
import ServiceKit

/// One leaf of a column, with its way up to the column's root.
package struct ColumnLeaf: Hashable, Sendable, CanonicalCodable {
  /// Whose column: 0 ..< n.
  package let slot: UInt8
  /// The leaf's bytes.
  package let leaf: [UInt8]
  /// The leaf within its shard: the range proof of this one leaf, as holders answer reads.
  package let leafProof: [Digest]
  package let shardRoot: Digest
  /// The shard within its column.
  package let columnPath: SumPath

  package init(
    slot: UInt8, leaf: [UInt8], leafProof: [Digest], shardRoot: Digest, columnPath: SumPath
  ) {
    self.slot = slot
    self.leaf = leaf
    self.leafProof = leafProof
    self.shardRoot = shardRoot
    self.columnPath = columnPath
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(slot)
    encoder.encode(leaf)
    encoder.encode(leafProof)
    encoder.encode(shardRoot)
    encoder.encode(columnPath)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    slot = try decoder.decodeUInt8()
    leaf = try decoder.decodeBytes(limit: 65_536)
    leafProof = try decoder.decodeArray(limit: StepOpening.pathLimit)
    shardRoot = try decoder.decode()
    columnPath = try decoder.decode()
  }
}

/// Shows that a bundle is no codeword: k leaves of one place in as many columns, and another
/// column's leaf of that place which does not follow from them.
///
/// Whoever holds k + 1 columns' leaves can show it; with 64 KiB leaves and a large k it does not
/// fit a transaction, so such classes cannot be accused.
package struct AccuseCodeword: Hashable, Sendable, CanonicalCodable {
  package let bundle: BundleID
  /// Which segment of the bundle's manifest.
  package let segmentIndex: UInt32
  /// Which leaf of the segment's shards, and how many each has.
  package let leafIndex: UInt64
  package let shardLeafCount: UInt64
  /// k leaves, strictly ascending by slot.
  package let sources: [ColumnLeaf]
  /// The leaf that does not follow.
  package let accused: ColumnLeaf

  package init(
    bundle: BundleID, segmentIndex: UInt32, leafIndex: UInt64, shardLeafCount: UInt64,
    sources: [ColumnLeaf], accused: ColumnLeaf
  ) {
    self.bundle = bundle
    self.segmentIndex = segmentIndex
    self.leafIndex = leafIndex
    self.shardLeafCount = shardLeafCount
    self.sources = sources
    self.accused = accused
  }

  /// The accusation that a manifest and k + 1 leaves of one place make.
  /// - Parameters:
  ///   - leaves: the k sources and then the accused, each with its ``ShardRangeProof/path``.
  /// - Precondition: the segment is one of the manifest's, the slots are below n, there are leaves.
  package init(
    bundle: BundleID, manifest: BundleManifest, segmentIndex: Int, leafIndex: UInt64,
    leaves: [(slot: Int, leaf: [UInt8], proof: [Digest])]
  ) {
    let segment = manifest.segments[segmentIndex]
    let shown = leaves.map { part in
      ColumnLeaf(
        slot: UInt8(part.slot), leaf: part.leaf, leafProof: part.proof,
        shardRoot: segment.shardRoots[part.slot],
        columnPath: manifest.columnTree(slot: part.slot).path(to: segmentIndex))
    }
    self.init(
      bundle: bundle, segmentIndex: UInt32(segmentIndex), leafIndex: leafIndex,
      shardLeafCount: manifest.codeClass.leafCount(shardBytes: segment.shardBytes),
      sources: shown.dropLast().sorted { $0.slot < $1.slot }, accused: shown[shown.count - 1])
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(bundle)
    encoder.encode(segmentIndex)
    encoder.encode(leafIndex)
    encoder.encode(shardLeafCount)
    encoder.encode(sources)
    encoder.encode(accused)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bundle = try decoder.decode()
    segmentIndex = try decoder.decodeUInt32()
    leafIndex = try decoder.decodeUInt64()
    shardLeafCount = try decoder.decodeUInt64()
    sources = try decoder.decodeArray(limit: Int(CodeClass.totalShardLimit))
    accused = try decoder.decode()
  }
}
