import Cryptography
import Primitives

/// What one opened step of a possession proof takes to check, for leaf sizes: the leaf in its shard's
/// tree, the shard in its column, the bundle among the provider's obligations.
enum OpeningBenchmarks {
  static func run() throws {
    let segments = try MerkleSumTree(entries: entries(16_384))
    let bundles = try MerkleSumTree(entries: entries(256))
    let column = segments.path(to: 9_999)
    let obligation = bundles.path(to: 99)
    let sums = column.canonicalBytes().count + obligation.canonicalBytes().count
    let sumTime = Measurement {
      keep(column.verify(item: .zero, count: 7, root: segments.root, total: segments.total))
      keep(obligation.verify(item: .zero, count: 7, root: bundles.root, total: bundles.total))
    }
    sumTime.report("sum paths of 14 and 8 levels")
    for leafBytes in [256, 1024, 4096] {
      let count = (8 << 20) / leafBytes
      let leaf = [UInt8](repeating: 7, count: leafBytes)
      let hash = MerkleTree.leafHash(leaf)
      let path = MerkleTree.path(to: 77, in: [Digest](repeating: hash, count: count))
      let step = Measurement {
        let hash = MerkleTree.leafHash(leaf)
        keep(MerkleTree.root(leafHash: hash, index: 77, count: UInt64(count), path: path))
        keep(column.verify(item: .zero, count: 7, root: segments.root, total: segments.total))
        keep(obligation.verify(item: .zero, count: 7, root: bundles.root, total: bundles.total))
        keep(Digest.sha256(domain: "walk", leaf))
      }
      let bytes = leafBytes + 32 * path.count + sums
      step.report("step, leaf of \(leafBytes) B of an 8 MiB shard: \(bytes) B")
    }
  }

  private static func entries(_ count: Int) -> [(item: Digest, count: UInt64)] {
    [(item: Digest, count: UInt64)](repeating: (.zero, 7), count: count)
  }
}
