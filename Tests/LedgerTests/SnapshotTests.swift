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

  /// A state in chunks of a few rows each.
  private func chunks() throws -> (chain: TestChain, chunks: [[UInt8]]) {
    var chain = try TestChain()
    for height in 0..<3 {
      try chain.run([
        BlockItem.signed(
          chain.signed(
            .transfer(to: TestChain.key(1).accountID, amount: .whole(UInt128(height) + 1)),
            by: TestChain.key(0))
        ).canonicalBytes()
      ])
    }
    var chunks: [[UInt8]] = []
    chain.machine.forEachSnapshotChunk(rowByteLimit: 400) { chunks.append($0) }
    return (chain, chunks)
  }

  @Test func theFormatIsWhatItWas() throws {
    let (_, chunks) = try chunks()
    #expect(chunks.count > 5)
    try Golden("ledger").check(
      "snapshot/chunks", "\(chunks.count) \(Digest.sha256(chunks.flatMap(\.self)).hex)")
  }

  /// All chunks in order, and only those, make the state; each flipped bit of one is seen.
  @Test func chunksMakeTheState() throws {
    let (chain, chunks) = try chunks()
    var reader = SnapshotReader(
      root: chain.machine.stateRoot, chunkCount: UInt32(chunks.count))
    for (index, chunk) in chunks.enumerated() {
      #expect(!reader.isComplete && reader.takeRows().count == 0)
      for place in [0, chunk.count / 2, chunk.count - 1] {
        var bad = chunk
        bad[place] ^= 0x10
        let fault = #expect(throws: SnapshotFault.self) {
          try reader.take(bad, index: UInt32(index))
        }
        #expect(fault != .wrongCount(index: UInt32(index), count: UInt32(chunks.count)))
      }
      try reader.take(chunk, index: UInt32(index))
    }
    #expect(reader.isComplete)
    let rows = reader.takeRows()
    let restored = try LedgerMachine(
      genesis: chain.genesis, services: [FakeService()], rows: rows,
      expectedRoot: chain.machine.stateRoot)
    #expect(restored.height == 3)
  }

  /// A count that is not the state's is no reason to take less or to wait for more.
  @Test func theCountIsNobodysWord() throws {
    let (chain, chunks) = try chunks()
    let count = UInt32(chunks.count)
    for lie in [1, count - 1, count + 1, .max] {
      var reader = SnapshotReader(root: chain.machine.stateRoot, chunkCount: lie)
      let last = min(lie, count) - 1
      for index in 0..<last { try reader.take(chunks[Int(index)], index: index) }
      #expect(throws: SnapshotFault.wrongCount(index: last, count: lie)) {
        try reader.take(chunks[Int(last)], index: last)
      }
      #expect(!reader.isComplete && reader.takeRows().count == 0)
    }
  }
}
