import Primitives
import TestSupport
import Testing

@testable import Cryptography

@Suite struct ShardTreeTests {
  private static let data = (0..<2500).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 256) }

  private static func tree(_ bytes: some Sequence<UInt8>, leafBytes: Int) -> ShardTree {
    var tree = ShardTree(leafBytes: leafBytes)
    tree.append(Array(bytes))
    return tree
  }

  @Test func rootsAreFixed() throws {
    let golden = Golden("cryptography")
    try golden.check("merkle.shard-2500-by-256", Self.tree(Self.data, leafBytes: 256).root.hex)
    try golden.check("merkle.shard-2500-by-1024", Self.tree(Self.data, leafBytes: 1024).root.hex)
    try golden.check(
      "merkle.shard-2048-by-1024", Self.tree(Self.data.prefix(2048), leafBytes: 1024).root.hex)
  }

  @Test func anyWayOfCuttingGivesTheSameTree() throws {
    var random = SeededGenerator.fromEnvironment(default: 11)
    for leafBytes in [1, 7, 256, 1024, 4096] {
      for _ in 0..<20 {
        var tree = ShardTree(leafBytes: leafBytes)
        var handedOn: [Digest] = []
        var rest = Self.data[...]
        while !rest.isEmpty {
          let piece = Array(rest.prefix(Int.random(in: 0...1500, using: &random)))
          piece.withUnsafeBytes { tree.append($0) { handedOn.append($0) } }
          rest = rest.dropFirst(piece.count)
          // Resumes anywhere, in the middle of a leaf too.
          tree = try ShardTree(canonicalBytes: tree.canonicalBytes())
          let length = Self.data.count - rest.count
          #expect(tree.byteLength == UInt64(length))
          #expect(tree.leafCount == UInt64((length + leafBytes - 1) / leafBytes))
        }
        let whole = Self.tree(Self.data, leafBytes: leafBytes)
        #expect(tree == whole, "seed \(random.seed)")
        #expect(handedOn.count == Self.data.count / leafBytes)
        let partial = Self.data.count % leafBytes
        let last = partial == 0 ? [] : [MerkleTree.leafHash(Array(Self.data.suffix(partial)))]
        #expect(MerkleTree.root(ofLeafHashes: handedOn + last) == tree.root)
      }
    }
  }

  @Test func anEmptyShardHasTheEmptyRoot() {
    let tree = ShardTree(leafBytes: 1024)
    #expect(tree.root == MerkleTree.emptyRoot)
    #expect(tree.leafCount == 0 && tree.byteLength == 0)
  }

  @Test func encodingsThatLieAreRefused() {
    func decode(_ build: (inout CanonicalEncoder) -> Void) throws -> ShardTree {
      var encoder = CanonicalEncoder()
      build(&encoder)
      return try ShardTree(canonicalBytes: encoder.bytes)
    }
    #expect(throws: CodecError.self) {  // no leaf size
      try decode {
        $0.encode(UInt32(0))
        $0.encode(UInt64(0))
        $0.encode([UInt8]())
      }
    }
    #expect(throws: CodecError.self) {  // a short leaf that is full
      try decode {
        $0.encode(UInt32(2))
        $0.encode(UInt64(0))
        $0.encode([1, 2] as [UInt8])
      }
    }
    #expect(throws: CodecError.self) {  // a length that does not fit 64 bits
      try decode {
        $0.encode(UInt32(1024))
        $0.encode(UInt64(1) << 60)
        $0.encode(Digest.zero)
        $0.encode([UInt8]())
      }
    }
    #expect(throws: CodecError.self) {  // peaks that are missing
      try decode {
        $0.encode(UInt32(2))
        $0.encode(UInt64(3))
        $0.encode(Digest.zero)
      }
    }
  }
}
