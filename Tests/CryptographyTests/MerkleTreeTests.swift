import Primitives
import TestSupport
import Testing

@testable import Cryptography

@Suite struct MerkleTreeTests {
  private let golden = Golden("cryptography")

  private static func leaves(_ count: Int) -> [Digest] {
    (0..<count).map { MerkleTree.leafHash([UInt8(truncatingIfNeeded: $0)]) }
  }

  @Test(arguments: [0, 1, 2, 3, 5, 7, 8, 100]) func rootsAreFixed(count: Int) throws {
    let leaves = Self.leaves(count)
    try golden.check("merkle.root-\(count)", MerkleTree.root(ofLeafHashes: leaves).hex)
    #expect(MerkleLevels(leafHashes: leaves).root == MerkleTree.root(ofLeafHashes: leaves))
  }

  @Test func everyPathLeadsToTheRoot() {
    for count in 1...40 {
      let leaves = Self.leaves(count)
      let levels = MerkleLevels(leafHashes: leaves)
      for index in 0..<count {
        let path = levels.path(to: index)
        #expect(path == MerkleTree.path(to: index, in: leaves))
        func root(_ leaf: Digest, _ index: Int, _ count: Int, _ path: [Digest]) -> Digest? {
          MerkleTree.root(
            leafHash: leaf, index: UInt64(index), count: UInt64(count), path: path)
        }
        #expect(root(leaves[index], index, count, path) == levels.root)
        #expect(root(levels.root, index, count, path) != levels.root || count == 1)
        #expect(root(leaves[index], index, count, path + [.zero]) == nil)
        if !path.isEmpty {
          #expect(root(leaves[index], index, count, path.dropLast()) == nil)
          #expect(root(leaves[index], index ^ 1, count, path) != levels.root)
        }
        #expect(root(leaves[index], count, count, path) == nil)
      }
    }
  }

  @Test func aPathForAHugeCountEnds() {
    let path = [Digest](repeating: .zero, count: 64)
    #expect(
      MerkleTree.root(leafHash: .zero, index: 0, count: .max, path: path) != nil)
    #expect(MerkleTree.root(leafHash: .zero, index: 0, count: 0, path: []) == nil)
  }

  @Test func everyRangeLeadsToTheRoot() {
    for count in 1...20 {
      let leaves = Self.leaves(count)
      let root = MerkleTree.root(ofLeafHashes: leaves)
      for start in 0..<count {
        for end in start + 1...count {
          let proof = MerkleTree.rangeProof(UInt64(start)..<UInt64(end), leafHashes: leaves)
          func rebuilt(_ part: [Digest], _ start: Int, _ proof: [Digest]) -> Digest? {
            MerkleTree.root(
              rangeLeafHashes: part, start: UInt64(start), count: UInt64(count), proof: proof)
          }
          let part = Array(leaves[start..<end])
          #expect(rebuilt(part, start, proof) == root)
          #expect(rebuilt(part, start, proof + [.zero]) == nil)
          #expect(rebuilt(part.map { _ in .zero }, start, proof) != root)
          #expect(rebuilt(part, start + 1, proof) != root)
          if !proof.isEmpty { #expect(rebuilt(part, start, proof.dropLast()) != root) }
        }
      }
    }
  }

  @Test func rangesThatLieAreRefused() {
    func root(_ start: UInt64, _ count: UInt64) -> Digest? {
      MerkleTree.root(rangeLeafHashes: [.zero, .zero], start: start, count: count, proof: [])
    }
    #expect(root(.max, .max) == nil)
    #expect(root(0, 1) == nil)
    #expect(root(0, 0) == nil)
    #expect(root(0, .max) == nil)
    #expect(MerkleTree.root(rangeLeafHashes: [], start: 0, count: 0, proof: []) == nil)
    #expect(MerkleTree.root(rangeLeafHashes: [], start: 1, count: 2, proof: [.zero]) == nil)
  }

  @Test func aFrontierHasTheTreesRootAndResumes() throws {
    var frontier = MerkleFrontier()
    for count in 0...130 {
      #expect(frontier.root == MerkleTree.root(ofLeafHashes: Self.leaves(count)))
      #expect(frontier.count == UInt64(count))
      let bytes = frontier.canonicalBytes()
      #expect(bytes.count == 8 + 32 * count.nonzeroBitCount)
      frontier = try MerkleFrontier(canonicalBytes: bytes)
      frontier.append(leafHash: MerkleTree.leafHash([UInt8(count)]))
    }
  }
}
