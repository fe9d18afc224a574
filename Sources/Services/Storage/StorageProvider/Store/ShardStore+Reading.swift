import Cryptography
import Foundation
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// Reading shards, with proofs, and listing them.
extension ShardStore {
  /// A range of a shard as it was at `shardBytes`, widened to whole leaves, and its proof. What is
  /// read is checked before it leaves, whole blocks by their CRC and others by their hashes: a
  /// damaged shard says so instead of sending wrong bytes.
  /// - Throws: ``StorageRefusal``.
  package func read(
    _ key: ShardKey, range: Range<UInt64>, shardBytes: UInt64
  ) throws(StorageRefusal) -> (proof: ShardRangeProof, bytes: ByteBuffer) {
    try withEntry(key) { [files] entry in
      guard shardBytes > 0, shardBytes <= entry.row.length else {
        throw StorageRefusal(
          .unknownShard, "shard \(key) has \(entry.row.length) bytes, not \(shardBytes)",
          number: entry.row.length)
      }
      let leafBytes = entry.row.leafBytes
      guard
        let aligned = ShardRangeProof.leafAligned(
          range, leafBytes: UInt64(leafBytes), shardBytes: shardBytes)
      else { throw StorageRefusal(.malformed, "no range \(range) in \(shardBytes) bytes") }
      let blockBytes = UInt64(ShardHashes.blockBytes)
      let blocks = aligned.lowerBound / blockBytes..<(aligned.upperBound - 1) / blockBytes + 1
      if blocks.upperBound * blockBytes <= shardBytes {
        return try Self.readBlocks(blocks, aligned, of: &entry, shardBytes: shardBytes, files)
      }
      var prover = try entry.prover(at: shardBytes, files)
      let leaves = Self.leaves(of: aligned, leafBytes: leafBytes)
      let proof = ShardRangeProof(
        shardBytes: shardBytes, start: aligned.lowerBound, path: try prover.rangeProof(leaves))
      let bytes = try Self.bytes(aligned, of: &entry, files)
      let root = shardBytes == entry.row.length ? entry.row.root : try prover.root()
      let opened = bytes.withUnsafeReadableBytes {
        proof.open($0, range: range, root: root, shardBytes: shardBytes, leafBytes: leafBytes)
      }
      guard opened != nil else { throw StorageRefusal(.damaged, "shard \(key) is damaged here") }
      return (proof, bytes)
    }
  }

  /// A range within full blocks: the blocks are read once, checked, and what is beside the range is
  /// hashed from them for the proof.
  private static func readBlocks(
    _ blocks: Range<UInt64>, _ range: Range<UInt64>, of entry: inout ShardEntry,
    shardBytes: UInt64, _ files: any ShardFileSystem
  ) throws -> (proof: ShardRangeProof, bytes: ByteBuffer) {
    let size = UInt64(ShardHashes.blockBytes)
    let start = blocks.lowerBound * size
    let whole = try bytes(start..<blocks.upperBound * size, of: &entry, files)
    var prover = try entry.prover(at: shardBytes, files)
    let leaves = leaves(of: range, leafBytes: entry.row.leafBytes)
    let path = try whole.withUnsafeReadableBytes { raw in
      guard try entry.areWhole(raw, firstBlock: Int(blocks.lowerBound), files) else {
        throw StorageRefusal(.damaged, "shard \(entry.row.key) is damaged here")
      }
      return try prover.rangeProof(leaves, near: raw, from: start)
    }
    guard
      let bytes = whole.getSlice(
        at: whole.readerIndex + Int(range.lowerBound - start),
        length: Int(range.upperBound - range.lowerBound))
    else { throw StorageRefusal(.damaged, "shard \(entry.row.key) is cut short here") }
    return (
      ShardRangeProof(shardBytes: shardBytes, start: range.lowerBound, path: path), bytes
    )
  }

  /// Bytes of a shard in a buffer of their own. - Throws: `damaged` when the file is short.
  private static func bytes(
    _ range: Range<UInt64>, of entry: inout ShardEntry, _ files: any ShardFileSystem
  ) throws -> ByteBuffer {
    let count = Int(range.upperBound - range.lowerBound)
    var buffer = ByteBuffer()
    let done = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
      try entry.read(
        at: range.lowerBound, into: UnsafeMutableRawBufferPointer(rebasing: target[..<count]),
        files)
    }
    guard done == count else {
      throw StorageRefusal(
        .damaged,
        "shard \(entry.row.key)'s file on this provider's disk lacks \(count - done) bytes")
    }
    return buffer
  }

  private static func leaves(of range: Range<UInt64>, leafBytes: Int) -> Range<UInt64> {
    let size = UInt64(leafBytes)
    return range.lowerBound / size..<(range.upperBound - 1) / size + 1
  }

  /// A leaf's bytes, checked as a read is: by its block's CRC where the block is full.
  /// - Throws: ``StorageRefusal``, `damaged` when the bytes are not those that were acknowledged.
  package func leafBytes(_ key: ShardKey, _ leaf: UInt64) throws(StorageRefusal) -> [UInt8] {
    let near: [UInt8]? = try withEntry(key) { [files] entry in
      let size = UInt64(ShardHashes.blockBytes)
      let start = try leaf.multiplied(by: UInt64(entry.row.leafBytes))
      let block = start / size
      guard (block + 1) * size <= entry.row.length else { return nil }
      let bytes = try entry.read(block * size..<(block + 1) * size, files)
      let isWhole = try bytes.withUnsafeBytes {
        try $0.count == Int(size) && entry.areWhole($0, firstBlock: Int(block), files)
      }
      guard isWhole else {
        throw StorageRefusal(.damaged, "shard \(key) is damaged at leaf \(leaf)")
      }
      return Array(bytes[Int(start - block * size)...].prefix(entry.row.leafBytes))
    }
    if let near { return near }
    return try self.leaf(key, leaf).bytes
  }

  /// A leaf's bytes and the siblings from it up to the shard's root, checked against that root: a
  /// walk over a bad read would commit to a state that the right leaf disproves.
  /// - Throws: ``StorageRefusal``, `damaged` when the bytes are not those that were acknowledged.
  package func leaf(
    _ key: ShardKey, _ leaf: UInt64
  ) throws(StorageRefusal) -> (bytes: [UInt8], path: [Digest]) {
    try withEntry(key) { [files] entry in
      guard entry.row.length > 0 else {
        throw StorageRefusal(.unknownShard, "shard \(key) is empty")
      }
      var prover = try entry.prover(at: entry.row.length, files)
      guard leaf < prover.leafCount else {
        throw StorageRefusal(.unknownShard, "shard \(key) has no leaf \(leaf)")
      }
      let found = try prover.leaf(leaf)
      let root = MerkleTree.root(
        leafHash: MerkleTree.leafHash(found.bytes), index: leaf, count: prover.leafCount,
        path: found.path)
      guard root == entry.row.root else {
        throw StorageRefusal(.damaged, "shard \(key) is damaged at leaf \(leaf)")
      }
      return found
    }
  }

  /// What a staged list says of each shard that no bundle holds yet.
  /// - Throws: ``StorageRefusal``.
  package func staged(
    of lease: LeaseID, after segment: UInt64
  ) throws(StorageRefusal) -> [StagedShard] {
    try held(of: lease, after: segment, withBundled: false)
  }

  /// What a list says of each shard of a lease; of those that a bundle holds only `withBundled`.
  /// - Throws: ``StorageRefusal``.
  package func held(
    of lease: LeaseID, after segment: UInt64, withBundled: Bool
  ) throws(StorageRefusal) -> [StagedShard] {
    do {
      let rows = try index.heldShards(of: lease, after: segment, withBundled: withBundled)
      return try rows.map { row in
        StagedShard(
          group: row.group, segment: row.key.segment.number, slot: row.key.slot,
          fencingEpoch: row.fencingEpoch, length: row.length, runningRoot: row.root,
          chunkEnds: try index.chunkEnds(of: row.key))
      }
    } catch { throw Self.refusal(error) }
  }
}
