import Primitives
import TestSupport
import Testing

@testable import Cryptography

@Suite struct MerkleSumTreeTests {
  private static func entries(_ count: Int) -> [(item: Digest, count: UInt64)] {
    (0..<count).map { (Digest.sha256([UInt8($0)]), UInt64($0 * $0 + 1)) }
  }

  @Test(arguments: [1, 2, 3, 6, 11]) func rootsAreFixed(count: Int) throws {
    let tree = try MerkleSumTree(entries: Self.entries(count))
    try Golden("cryptography").check("merkle.sum-\(count)", "\(tree.total):\(tree.root.hex)")
  }

  @Test func everyPathGivesTheOffset() throws {
    for size in 1...24 {
      let entries = Self.entries(size)
      let tree = try MerkleSumTree(entries: entries)
      var before: UInt64 = 0
      for (index, entry) in entries.enumerated() {
        let path = try SumPath(canonicalBytes: tree.path(to: index).canonicalBytes())
        func offset(_ item: Digest, _ count: UInt64, _ total: UInt64) -> UInt64? {
          path.verify(item: item, count: count, root: tree.root, total: total)
        }
        #expect(offset(entry.item, entry.count, tree.total) == before)
        #expect(offset(.zero, entry.count, tree.total) == nil)
        #expect(offset(entry.item, entry.count + 1, tree.total) == nil)
        #expect(offset(entry.item, entry.count, tree.total + 1) == nil)
        #expect(
          path.verify(item: entry.item, count: entry.count, root: .zero, total: tree.total) == nil)
        before += entry.count
      }
    }
  }

  @Test func aPathWithChangedSumsIsRefused() throws {
    let entries = Self.entries(5)
    let tree = try MerkleSumTree(entries: entries)
    let path = tree.path(to: 2)
    for index in path.siblings.indices {
      for sum in [0, path.siblings[index].sum + 1, UInt64.max] {
        var siblings = path.siblings
        siblings[index] = MerkleSumTree.Node(sum: sum, hash: siblings[index].hash)
        let changed = SumPath(entry: 2, entryCount: 5, siblings: siblings)
        #expect(
          changed.verify(
            item: entries[2].item, count: entries[2].count, root: tree.root, total: tree.total)
            == nil)
      }
    }
    for (entry, count): (UInt32, UInt32) in [(5, 5), (0, 0), (3, 5), (2, 2), (2, .max)] {
      let changed = SumPath(entry: entry, entryCount: count, siblings: path.siblings)
      #expect(
        changed.verify(
          item: entries[2].item, count: entries[2].count, root: tree.root, total: tree.total)
          == nil, "\(entry) of \(count)")
    }
  }

  @Test func everyUnitIsLocated() throws {
    let counts: [UInt64] = [3, 0, 1, 0, 0, 7, 2]
    let tree = try MerkleSumTree(entries: counts.map { (Digest.zero, $0) })
    var expected: [(entry: Int, offset: UInt64)] = []
    for (entry, count) in counts.enumerated() {
      for offset in 0..<count { expected.append((entry, offset)) }
    }
    #expect(tree.total == UInt64(expected.count))
    for (index, place) in expected.enumerated() {
      let located = try #require(tree.locate(UInt64(index)))
      #expect(located == place, "unit \(index)")
    }
    #expect(tree.locate(tree.total) == nil)
    #expect(tree.locate(.max) == nil)
  }

  @Test func emptyAndOverflowingTrees() throws {
    let empty = try MerkleSumTree(entries: [])
    #expect(empty.total == 0 && empty.root == MerkleTree.emptyRoot && empty.locate(0) == nil)
    #expect(throws: ArithmeticError.overflow) {
      try MerkleSumTree(entries: [(.zero, .max), (.zero, 1)])
    }
  }
}
