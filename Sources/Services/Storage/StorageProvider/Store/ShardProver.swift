import Cryptography
import Primitives
import StorageService

/// Paths and range proofs of a shard at some length, from its block hashes and as few bytes of the
/// file as possible: those of the blocks at the range's ends and of the last block.
struct ShardProver {
  private let file: any ShardFile
  private let leafBytes: UInt64
  private let length: UInt64
  private let blocks: ArraySlice<Digest>
  /// Leaf hashes of blocks that were read.
  private var read: [UInt64: [Digest]] = [:]
  /// Bytes of whole blocks that the caller has read, and where they begin.
  private var near: (start: UInt64, bytes: UnsafeRawBufferPointer)?

  private var leavesPerBlock: UInt64 { UInt64(ShardHashes.blockBytes) / leafBytes }
  /// Leaves of the shard at this length.
  var leafCount: UInt64 { (length + leafBytes - 1) / leafBytes }

  /// - Parameter tail: the hashes of the leaves behind the full blocks, if they are known.
  /// - Precondition: `blocks` has a hash for every full block below `length`, which is positive.
  init(file: any ShardFile, leafBytes: Int, length: UInt64, blocks: [Digest], tail: [Digest]?) {
    self.file = file
    self.leafBytes = UInt64(leafBytes)
    self.length = length
    self.blocks = blocks.prefix(Int(length / UInt64(ShardHashes.blockBytes)))
    if let tail, !tail.isEmpty { read[length / UInt64(ShardHashes.blockBytes)] = tail }
  }

  /// The nodes beside a range of leaves, left to right. Leaves beside the range are hashed from
  /// `bytes`, whole blocks that begin at `start` and are right, rather than read again.
  mutating func rangeProof(
    _ range: Range<UInt64>, near bytes: UnsafeRawBufferPointer, from start: UInt64
  ) throws -> [Digest] {
    near = (start, bytes)
    defer { near = nil }
    return try rangeProof(range)
  }

  /// The root at this length.
  mutating func root() throws -> Digest { try node(0, leafCount) }

  /// The nodes beside a range of leaves, left to right.
  mutating func rangeProof(_ range: Range<UInt64>) throws -> [Digest] {
    var proof: [Digest] = []
    try collect(range, 0, leafCount, &proof)
    return proof
  }

  /// The siblings from a leaf up to the root.
  mutating func path(to leaf: UInt64) throws -> [Digest] {
    var path: [Digest] = []
    var low: UInt64 = 0
    var high = leafCount
    while high - low > 1 {
      let split = low + Self.largestPowerOfTwo(below: high - low)
      if leaf < split {
        path.append(try node(split, high))
        high = split
      } else {
        path.append(try node(low, split))
        low = split
      }
    }
    return path.reversed()
  }

  /// The file ends before its shard does. Those bytes are gone, and no second try brings them back.
  private static func cutShort(by count: Int) -> StorageRefusal {
    StorageRefusal(.damaged, "a shard's file on this provider's disk lacks \(count) bytes")
  }

  /// A leaf's bytes and its path.
  mutating func leaf(_ leaf: UInt64) throws -> (bytes: [UInt8], path: [Digest]) {
    let start = leaf * leafBytes
    let count = Int(min(leafBytes, length - start))
    let bytes = try file.read(at: start, count: count)
    guard bytes.count == count else { throw Self.cutShort(by: count - bytes.count) }
    return (bytes, try path(to: leaf))
  }

  private mutating func collect(
    _ range: Range<UInt64>, _ low: UInt64, _ high: UInt64, _ proof: inout [Digest]
  ) throws {
    if high <= range.lowerBound || low >= range.upperBound {
      proof.append(try node(low, high))
    } else if low < range.lowerBound || high > range.upperBound {
      let split = low + Self.largestPowerOfTwo(below: high - low)
      try collect(range, low, split, &proof)
      try collect(range, split, high, &proof)
    }
  }

  /// The hash over leaves `low..<high`, a subtree of the shard's tree.
  private mutating func node(_ low: UInt64, _ high: UInt64) throws -> Digest {
    let block = low / leavesPerBlock
    if high - low == leavesPerBlock, block < blocks.count { return blocks[Int(block)] }
    if high - low <= leavesPerBlock {
      let first = Int(low - block * leavesPerBlock)
      if let hash = nearNode(low, high) { return hash }
      let leaves = try leaves(ofBlock: block)
      return MerkleTree.root(ofLeafHashes: Array(leaves[first..<first + Int(high - low)]))
    }
    let split = low + Self.largestPowerOfTwo(below: high - low)
    return MerkleTree.nodeHash(try node(low, split), try node(split, high))
  }

  /// The hash over leaves that lie in what the caller has read; only those leaves are hashed.
  private func nearNode(_ low: UInt64, _ high: UInt64) -> Digest? {
    guard let near, low * leafBytes >= near.start,
      high * leafBytes <= near.start + UInt64(near.bytes.count)
    else { return nil }
    let first = Int(low * leafBytes - near.start)
    let end = Int(high * leafBytes - near.start)
    return MerkleTree.root(
      ofLeafHashes: ShardHashes.leafHashes(
        of: UnsafeRawBufferPointer(rebasing: near.bytes[first..<end]), leafBytes: Int(leafBytes)))
  }

  private mutating func leaves(ofBlock block: UInt64) throws -> [Digest] {
    if let known = read[block] { return known }
    let start = block * UInt64(ShardHashes.blockBytes)
    let count = Int(min(UInt64(ShardHashes.blockBytes), length - start))
    let bytes = try file.read(at: start, count: count)
    guard bytes.count == count else { throw Self.cutShort(by: count - bytes.count) }
    let hashes = bytes.withUnsafeBytes {
      ShardHashes.leafHashes(of: $0, leafBytes: Int(leafBytes))
    }
    read[block] = hashes
    return hashes
  }

  /// The largest power of two below `count`, which is at least 2.
  private static func largestPowerOfTwo(below count: UInt64) -> UInt64 {
    1 << UInt64(63 - (count - 1).leadingZeroBitCount)
  }
}
