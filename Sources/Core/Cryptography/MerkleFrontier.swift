import Primitives

/// A Merkle tree that only grows, kept as the roots of its complete subtrees: enough for the root
/// over everything appended, in at most 64 hashes.
package struct MerkleFrontier: Hashable, Sendable, CanonicalCodable {
  /// How many leaves were appended.
  package private(set) var count: UInt64 = 0
  /// The roots of the complete subtrees, the largest first: one for each bit of `count`.
  private var peaks: [Digest] = []

  /// An empty tree.
  package init() {}

  /// Appends the hash of one more leaf.
  package mutating func append(leafHash: Digest) {
    var hash = leafHash
    var bits = count
    while bits & 1 == 1, let left = peaks.popLast() {
      hash = MerkleTree.nodeHash(left, hash)
      bits >>= 1
    }
    peaks.append(hash)
    count += 1
  }

  /// The root over all leaves.
  package var root: Digest {
    guard var hash = peaks.last else { return MerkleTree.emptyRoot }
    for peak in peaks.dropLast().reversed() { hash = MerkleTree.nodeHash(peak, hash) }
    return hash
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(count)
    for peak in peaks { encoder.encode(peak) }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    count = try decoder.decodeUInt64()
    // Far beyond any real tree, and low enough that appending never overflows the count.
    guard count <= 1 << 62 else { throw .invalid("\(count) leaves are too many") }
    for _ in 0..<count.nonzeroBitCount { peaks.append(try decoder.decode()) }
  }
}
