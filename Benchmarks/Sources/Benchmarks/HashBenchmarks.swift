import Cryptography
import Primitives

/// SHA-256 of leaves and nodes, and trees over a shard of 64 MiB.
enum HashBenchmarks {
  static func run() {
    for size in [64, 256, 1024, 65_536] {
      let bytes = [UInt8](repeating: 7, count: size)
      let hash = Measurement { keep(Digest.sha256(bytes)) }
      hash.report("sha-256, \(size) B", bytes: size)
      let leaf = Measurement { keep(MerkleTree.leafHash(bytes)) }
      leaf.report("leaf hash, \(size) B", bytes: size, floor: ("sha-256", hash))
    }
    let node = Measurement { keep(MerkleTree.nodeHash(.zero, .zero)) }
    node.report("node hash")
    let domain = Measurement { keep(Digest.sha256(domain: "example", [1, 2, 3])) }
    domain.report("domain hash of 3 B")
    trees()
  }

  private static func trees() {
    let shard = [UInt8](repeating: 7, count: 64 << 20)
    let whole = Measurement(batches: 3) { keep(Digest.sha256(shard)) }
    whole.report("sha-256 of 64 MiB", bytes: shard.count)
    for leafBytes in [256, 512, 1024, 2048, 4096] {
      let tree = Measurement(batches: 3) {
        var tree = ShardTree(leafBytes: leafBytes)
        tree.append(shard)
        keep(tree.root)
      }
      tree.report(
        "tree of 64 MiB, leaves of \(leafBytes) B", bytes: shard.count, floor: ("sha-256", whole))
    }
  }
}
