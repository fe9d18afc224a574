import Cryptography
import Ledger
import Primitives
import ServiceKit
import TestSupport
import Testing

/// Range proofs and the snapshots that are made of them.
@Suite struct SnapshotTests {
  private func leaves(_ count: Int, seed: UInt64) -> [StateProof.Leaf] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
      StateProof.Leaf(
        key: Digest.sha256(generator.bytes(8)).value, value: Digest.sha256(generator.bytes(9)))
    }.sorted { $0.key < $1.key }
  }

  private func tree(_ leaves: [StateProof.Leaf]) -> StateTree {
    var tree = StateTree()
    tree.update(leaves.map { StateTree.Change(key: $0.key, value: $0.value) })
    return tree
  }

  @Test func everyRangeIsProven() throws {
    for count in 1...12 {
      let all = leaves(count, seed: UInt64(count))
      let tree = tree(all)
      for from in 0..<count {
        for to in from..<count {
          let run = Array(all[from...to])
          let keys = (from > 0 ? [all[from - 1].key] : []) + run.map(\.key)
          let proof = try StateRangeProof(
            canonicalBytes: tree.rangeProof(keys: keys, hasPredecessor: from > 0)
              .canonicalBytes())
          let coverage = try #require(proof.verify(leaves: run, root: tree.root))
          #expect(coverage.beginsTree == (from == 0))
          #expect(coverage.endsTree == (to == count - 1))
        }
      }
    }
  }

  /// A row left out, added, changed or moved is seen, and so is every flipped bit of the proof.
  @Test func forgeriesAreSeen() throws {
    let all = leaves(40, seed: 9)
    let tree = tree(all)
    let run = Array(all[10...20])
    let proof = tree.rangeProof(keys: all[9...20].map(\.key), hasPredecessor: true)
    #expect(proof.verify(leaves: run, root: tree.root) != nil)
    for index in run.indices {
      var without = run
      without.remove(at: index)
      #expect(proof.verify(leaves: without, root: tree.root) == nil)
      var changed = run
      changed[index] = StateProof.Leaf(key: run[index].key, value: Digest.sha256([1]))
      #expect(proof.verify(leaves: changed, root: tree.root) == nil)
      var twice = run
      twice.insert(run[index], at: index)
      #expect(proof.verify(leaves: twice, root: tree.root) == nil)
    }
    #expect(proof.verify(leaves: run + [all[21]], root: tree.root) == nil)
    #expect(proof.verify(leaves: Array(all[11...21]), root: tree.root) == nil)
    #expect(proof.verify(leaves: run, root: Digest.sha256([2])) == nil)
    let bytes = proof.canonicalBytes()
    for bit in 0..<bytes.count * 8 {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      guard let other = try? StateRangeProof(canonicalBytes: flipped) else { continue }
      #expect(other.verify(leaves: run, root: tree.root) == nil, "bit \(bit)")
    }
    // A gap hidden as something outside of the run.
    let gap = StateRangeProof(predecessor: nil, nodes: proof.nodes)
    #expect(gap.verify(leaves: run, root: tree.root) == nil)
  }
}
