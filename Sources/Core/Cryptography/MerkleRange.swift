import Primitives

extension MerkleTree {
  /// The nodes that complete a range of leaves to the root, left to right. Whoever proves ranges of
  /// one tree more than once keeps a ``MerkleLevels``.
  /// - Precondition: the range is not empty and within the leaves.
  package static func rangeProof(_ range: Range<UInt64>, leafHashes: [Digest]) -> [Digest] {
    MerkleLevels(leafHashes: leafHashes).rangeProof(range)
  }

  /// The root that a range of leaves, its first index, the tree's leaf count and a range proof lead
  /// to; nil when they do not fit together.
  package static func root(
    rangeLeafHashes: [Digest], start: UInt64, count: UInt64, proof: [Digest]
  ) -> Digest? {
    let (end, overflow) = start.addingReportingOverflow(UInt64(rangeLeafHashes.count))
    guard !overflow, !rangeLeafHashes.isEmpty, end <= count else { return nil }
    var walk = RangeWalk(range: start..<end, leafHashes: rangeLeafHashes, proof: proof)
    guard let root = walk.hash(first: 0, end: count), walk.used == proof.count else { return nil }
    return root
  }

  /// Rebuilds a root from a range's leaves and its proof.
  private struct RangeWalk {
    let range: Range<UInt64>
    let leafHashes: [Digest]
    let proof: [Digest]
    var used = 0

    /// The hash of the subtree over leaves `first..<end`; the depth is at most 64.
    mutating func hash(first: UInt64, end: UInt64) -> Digest? {
      if end <= range.lowerBound || first >= range.upperBound {
        guard used < proof.count else { return nil }
        defer { used += 1 }
        return proof[used]
      }
      if end - first == 1 { return leafHashes[Int(first - range.lowerBound)] }
      let split = first + MerkleTree.largestPowerOfTwo(below: end - first)
      guard let left = hash(first: first, end: split), let right = hash(first: split, end: end)
      else { return nil }
      return MerkleTree.nodeHash(left, right)
    }
  }

  /// The largest power of two below `count`, which is at least 2.
  static func largestPowerOfTwo(below count: UInt64) -> UInt64 {
    1 << UInt64(63 - (count - 1).leadingZeroBitCount)
  }
}
