import Primitives

/// A Merkle tree whose nodes also carry sums of counts, so that a number below the total names one
/// entry and a proof shows which. Same shape as ``MerkleTree``;
/// leaf = SHA-256(0x02 ‖ u64 count ‖ item),
/// node = SHA-256(0x03 ‖ u64 left sum ‖ left ‖ u64 right sum ‖ right).
package struct MerkleSumTree: Sendable {
  /// A subtree: how much it counts and its hash.
  package struct Node: Hashable, Sendable, CanonicalCodable {
    /// The sum of the counts below.
    package let sum: UInt64
    /// The subtree's hash.
    package let hash: Digest

    /// Joins a sum and a hash.
    package init(sum: UInt64, hash: Digest) {
      self.sum = sum
      self.hash = hash
    }

    package func encode(into encoder: inout CanonicalEncoder) {
      encoder.encode(sum)
      encoder.encode(hash)
    }

    package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
      sum = try decoder.decodeUInt64()
      hash = try decoder.decode()
    }

    /// The leaf of an entry.
    static func leaf(item: Digest, count: UInt64) -> Node {
      let hash = withUnsafeTemporaryAllocation(byteCount: 41, alignment: 8) { bytes in
        bytes[0] = 2
        Node(sum: count, hash: item).store(into: bytes, at: 1)
        return Digest.sha256(UnsafeRawBufferPointer(bytes))
      }
      return Node(sum: count, hash: hash)
    }

    /// The node over two subtrees. - Throws: ``ArithmeticError/overflow``.
    static func parent(_ left: Node, _ right: Node) throws(ArithmeticError) -> Node {
      // One update of 81 bytes costs less than five.
      let hash = withUnsafeTemporaryAllocation(byteCount: 81, alignment: 8) { bytes in
        bytes[0] = 3
        left.store(into: bytes, at: 1)
        right.store(into: bytes, at: 41)
        return Digest.sha256(UnsafeRawBufferPointer(bytes))
      }
      return Node(sum: try left.sum.adding(right.sum), hash: hash)
    }

    private func store(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
      bytes.storeBytes(of: sum.bigEndian, toByteOffset: offset, as: UInt64.self)
      hash.value.store(into: bytes, at: offset + 8)
    }
  }

  private let levels: [[Node]]
  /// How much lies before each entry, ascending.
  private let offsets: [UInt64]

  /// Builds the tree over entries in the order given.
  /// - Throws: ``ArithmeticError/overflow`` when the counts' sum does not fit 64 bits.
  package init(entries: [(item: Digest, count: UInt64)]) throws(ArithmeticError) {
    var offsets: [UInt64] = []
    var sum: UInt64 = 0
    for entry in entries {
      offsets.append(sum)
      sum = try sum.adding(entry.count)
    }
    var level: [Node] = entries.map { .leaf(item: $0.item, count: $0.count) }
    var levels = [level]
    while level.count > 1 {
      level = try Self.parents(of: level)
      levels.append(level)
    }
    self.levels = levels
    self.offsets = offsets
  }

  private static func parents(of level: [Node]) throws(ArithmeticError) -> [Node] {
    var parents: [Node] = []
    parents.reserveCapacity((level.count + 1) / 2)
    for index in stride(from: 0, to: level.count - 1, by: 2) {
      parents.append(try .parent(level[index], level[index + 1]))
    }
    if level.count % 2 == 1, let last = level.last { parents.append(last) }
    return parents
  }

  /// The root's hash; that of an empty ``MerkleTree`` when there are no entries.
  package var root: Digest { levels[levels.count - 1].first?.hash ?? MerkleTree.emptyRoot }

  /// The sum of all counts.
  package var total: UInt64 { levels[levels.count - 1].first?.sum ?? 0 }

  /// How many entries there are.
  package var entryCount: Int { levels[0].count }

  /// The entry that unit `index` of the total falls in, and how far into it; nil from the total on.
  package func locate(_ index: UInt64) -> (entry: Int, offset: UInt64)? {
    guard index < total else { return nil }
    var low = 0
    var high = offsets.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if offsets[middle] <= index { low = middle } else { high = middle }
    }
    return (low, index - offsets[low])
  }

  /// The proof of an entry.
  /// - Precondition: `entry` is one of the entries.
  package func path(to entry: Int) -> SumPath {
    precondition(levels[0].indices.contains(entry))
    var siblings: [Node] = []
    var position = entry
    for level in levels.dropLast() {
      let sibling = position ^ 1
      if sibling < level.count { siblings.append(level[sibling]) }
      position >>= 1
    }
    return SumPath(entry: UInt32(entry), entryCount: UInt32(entryCount), siblings: siblings)
  }
}
