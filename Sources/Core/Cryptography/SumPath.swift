import Primitives

/// The proof that an entry with its count is in a ``MerkleSumTree``, and of how much lies before
/// it.
package struct SumPath: Hashable, Sendable, CanonicalCodable {
  /// The entry's position.
  package let entry: UInt32
  /// How many entries the tree has.
  package let entryCount: UInt32
  /// The subtrees beside the way, from the entry up.
  package let siblings: [MerkleSumTree.Node]

  /// Takes the parts over, unverified.
  package init(entry: UInt32, entryCount: UInt32, siblings: [MerkleSumTree.Node]) {
    self.entry = entry
    self.entryCount = entryCount
    self.siblings = siblings
  }

  /// The sum of the counts before the entry; nil when the path does not lead from this entry and
  /// count to that root and total.
  package func verify(item: Digest, count: UInt64, root: Digest, total: UInt64) -> UInt64? {
    do throws(ArithmeticError) {
      return try checkedOffset(item: item, count: count, root: root, total: total)
    } catch {
      return nil
    }
  }

  private func checkedOffset(
    item: Digest, count: UInt64, root: Digest, total: UInt64
  ) throws(ArithmeticError) -> UInt64? {
    guard entry < entryCount else { return nil }
    var node = MerkleSumTree.Node.leaf(item: item, count: count)
    var offset: UInt64 = 0
    var used = 0
    var position = entry
    var last = entryCount - 1
    while last > 0 {
      if position & 1 == 1 || position < last {
        guard used < siblings.count else { return nil }
        let sibling = siblings[used]
        used += 1
        if position & 1 == 1 {
          offset = try offset.adding(sibling.sum)
          node = try .parent(sibling, node)
        } else {
          node = try .parent(node, sibling)
        }
      }
      position >>= 1
      last >>= 1
    }
    return used == siblings.count && node.hash == root && node.sum == total ? offset : nil
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(entry)
    encoder.encode(entryCount)
    encoder.encode(siblings)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    entry = try decoder.decodeUInt32()
    entryCount = try decoder.decodeUInt32()
    siblings = try decoder.decodeArray(limit: 32)
  }
}
