import Cryptography
import Ledger
import Primitives
import ServiceKit
import TestSupport
import Testing

struct StateTreeTests {
  private static func change(_ number: UInt64, _ value: UInt64?) -> StateTree.Change {
    StateTree.Change(
      key: Digest.sha256(number.canonicalBytes()).value,
      value: value.map { Digest.sha256($0.canonicalBytes()) })
  }

  /// The root by definition, without the tree's own code: recursion over the sorted keys.
  private static func naiveRoot(_ leaves: ArraySlice<(key: Bytes32, value: Digest)>) -> Digest {
    guard let first = leaves.first, let last = leaves.last else { return .zero }
    if leaves.count == 1 {
      return Digest.sha256([0] + first.key.bytes + last.value.bytes)
    }
    var bit = 0
    while first.key.bit(at: bit) == last.key.bit(at: bit) { bit += 1 }
    let middle = leaves.firstIndex { $0.key.bit(at: bit) } ?? leaves.endIndex
    let left = naiveRoot(leaves[leaves.startIndex..<middle])
    let right = naiveRoot(leaves[middle..<leaves.endIndex])
    return Digest.sha256([1, UInt8(bit)] + left.bytes + right.bytes)
  }

  private static func naiveRoot(_ rows: [UInt64: UInt64]) -> Digest {
    let leaves = rows.map {
      (
        key: Digest.sha256($0.key.canonicalBytes()).value,
        value: Digest.sha256($0.value.canonicalBytes())
      )
    }
    return naiveRoot(leaves.sorted { $0.key < $1.key }[...])
  }

  @Test func theRootDependsOnlyOnTheRows() {
    var generator = SeededGenerator.fromEnvironment(default: 11)
    for _ in 0..<40 {
      var rows: [UInt64: UInt64] = [:]
      var tree = StateTree()
      for _ in 0..<12 {
        var changes: [UInt64: UInt64?] = [:]
        for _ in 0..<Int.random(in: 1...30, using: &generator) {
          let key = UInt64.random(in: 0..<60, using: &generator)
          let removes = rows[key] != nil && Bool.random(using: &generator)
          changes[key] = .some(removes ? nil : UInt64.random(in: 0..<1000, using: &generator))
        }
        for (key, value) in changes { rows[key] = value }
        tree.update(changes.map { Self.change($0.key, $0.value) })
        #expect(tree.root == Self.naiveRoot(rows), "seed \(generator.seed)")
        #expect(tree.count == rows.count)
      }
    }
  }

  @Test func theEmptyTreeIsZeroAndReachedAgain() {
    var tree = StateTree()
    #expect(tree.root == .zero)
    tree.update((0..<100).map { Self.change($0, $0) })
    #expect(tree.root != .zero)
    tree.update((0..<100).map { Self.change($0, nil) })
    #expect(tree.root == .zero)
  }

  @Test func aCopyIsNotChangedWithItsOriginal() {
    var tree = StateTree()
    tree.update((0..<2000).map { Self.change($0, $0) })
    let copy = tree
    let root = tree.root
    tree.update([Self.change(3, 4)])
    #expect(copy.root == root)
    #expect(tree.root != root)
  }

  private static func tree(_ count: UInt64) -> (tree: StateTree, key: (UInt64) -> StateKey) {
    let key = { (number: UInt64) in StateKey([9] + number.canonicalBytes()) }
    var tree = StateTree()
    tree.update(
      (0..<count).map {
        StateTree.Change(
          key: key($0).treeKey, value: Digest.sha256(($0 * 3).canonicalBytes()))
      })
    return (tree, key)
  }

  @Test(arguments: [1, 2, 3, 100])
  func proofsShowPresenceAndAbsence(_ count: UInt64) throws {
    let (tree, key) = Self.tree(count)
    for number in 0..<count + 40 {
      let proof = tree.proof(for: key(number).treeKey)
      let decoded = try StateProof(canonicalBytes: proof.canonicalBytes())
      let value = number < count ? (number * 3).canonicalBytes() : nil
      #expect(decoded.verify(root: tree.root, key: key(number), value: value))
      // The opposite, another value, another root.
      #expect(!proof.verify(root: tree.root, key: key(number), value: value == nil ? [1] : nil))
      #expect(!proof.verify(root: tree.root, key: key(number), value: [0]))
      #expect(!proof.verify(root: .zero, key: key(number), value: value))
    }
  }

  @Test func theEmptyTreesProofShowsOnlyAbsence() {
    let proof = StateTree().proof(for: StateKey([1]).treeKey)
    #expect(proof.verify(root: .zero, key: StateKey([1]), value: nil))
    #expect(!proof.verify(root: .zero, key: StateKey([1]), value: []))
    #expect(!proof.verify(root: Digest.sha256([]), key: StateKey([1]), value: nil))
  }

  @Test func everyTamperedBitOfAProofIsNoticed() throws {
    let (tree, key) = Self.tree(50)
    for number: UInt64 in [7, 60] {
      let value = number < 50 ? (number * 3).canonicalBytes() : nil
      let bytes = tree.proof(for: key(number).treeKey).canonicalBytes()
      for index in bytes.indices {
        var tampered = bytes
        tampered[index] ^= 1 << UInt8(index % 8)
        guard let proof = try? StateProof(canonicalBytes: tampered) else { continue }
        #expect(!proof.verify(root: tree.root, key: key(number), value: value))
      }
    }
  }

  @Test func aShortenedPathIsNoProofOfAbsence() {
    let (tree, key) = Self.tree(50)
    let proof = tree.proof(for: key(7).treeKey)
    let other = tree.proof(for: key(8).treeKey)
    // Key 7 is there; the leaf of key 8 with either path must not show that it is not.
    #expect(!other.verify(root: tree.root, key: key(7), value: nil))
    let mixed = StateProof(steps: proof.steps, leaf: other.leaf)
    #expect(!mixed.verify(root: tree.root, key: key(7), value: nil))
  }
}
