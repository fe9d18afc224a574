import Primitives

/// A Merkle tree with all its nodes in memory (64 bytes a leaf), for paths and range proofs.
package struct MerkleLevels: Sendable {
  /// Level 0 are the leaf hashes; each further level has half as many, rounded up.
  private let levels: [[Digest]]

  /// Hashes the inner nodes.
  package init(leafHashes: [Digest]) {
    var levels = [leafHashes]
    var level = leafHashes
    while level.count > 1 {
      level = Self.parents(of: level)
      levels.append(level)
    }
    self.levels = levels
  }

  /// An odd last node moves up as it is, which gives exactly RFC 6962's shape.
  private static func parents(of level: [Digest]) -> [Digest] {
    var parents: [Digest] = []
    parents.reserveCapacity((level.count + 1) / 2)
    for index in stride(from: 0, to: level.count - 1, by: 2) {
      parents.append(MerkleTree.nodeHash(level[index], level[index + 1]))
    }
    if level.count % 2 == 1, let last = level.last { parents.append(last) }
    return parents
  }

  /// How many leaves there are.
  package var leafCount: Int { levels[0].count }

  /// The root.
  package var root: Digest { levels[levels.count - 1].first ?? MerkleTree.emptyRoot }

  /// The siblings from leaf `index` up to the root.
  /// - Precondition: `index` is one of the leaves.
  package func path(to index: Int) -> [Digest] {
    precondition(levels[0].indices.contains(index))
    var path: [Digest] = []
    var position = index
    for level in levels.dropLast() {
      let sibling = position ^ 1
      if sibling < level.count { path.append(level[sibling]) }
      position >>= 1
    }
    return path
  }

  /// The nodes that complete a range of leaves to the root, left to right.
  /// - Precondition: the range is not empty and within the leaves.
  package func rangeProof(_ range: Range<UInt64>) -> [Digest] {
    precondition(!range.isEmpty && range.upperBound <= UInt64(leafCount))
    var proof: [Digest] = []
    collect(range, level: levels.count - 1, index: 0, into: &proof)
    return proof
  }

  private func collect(
    _ range: Range<UInt64>, level: Int, index: Int, into proof: inout [Digest]
  ) {
    let first = UInt64(index) << UInt64(level)
    let end = min(UInt64(index + 1) << UInt64(level), UInt64(leafCount))
    if end <= range.lowerBound || first >= range.upperBound {
      proof.append(levels[level][index])
    } else if level > 0 && (first < range.lowerBound || end > range.upperBound) {
      collect(range, level: level - 1, index: 2 * index, into: &proof)
      if 2 * index + 1 < levels[level - 1].count {
        collect(range, level: level - 1, index: 2 * index + 1, into: &proof)
      }
    }
  }
}
