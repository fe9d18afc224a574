import Cryptography
import Primitives

/// The Merkle hashes of a growing shard, kept so that neither an append nor a proof hashes the
/// whole shard again: one hash for every full block of 64 KiB, and the leaves of the block that is
/// not full yet.
///
/// A block is a power of two of leaves, so its hash is a node of the shard's tree at every length,
/// and the tree over the blocks (the last one perhaps partial) has the same root as the tree over
/// the leaves. Each block has a ``BlockCheck`` beside its hash, for what only this machine reads.
package struct ShardHashes: Sendable {
  /// Bytes of a block.
  package static let blockBytes = 65_536

  /// Bytes of a leaf: a power of two, at most ``blockBytes``.
  package let leafBytes: Int
  /// Hashes of the full blocks.
  package private(set) var blocks: [Digest]
  /// A CRC-32C of each full block.
  package private(set) var checks: [UInt32]
  /// The check of the block that is not full.
  private var check = BlockCheck()
  /// Hashes of the full leaves of the block that is not full.
  private var leaves: [Digest] = []
  /// The bytes of the leaf that is not full.
  private var partial: [UInt8] = []

  /// - Precondition: a leaf size as the code class allows it.
  /// - Parameter checks: one for each of `blocks`.
  package init(leafBytes: Int, blocks: [Digest] = [], checks: [UInt32] = []) {
    precondition(leafBytes > 0 && Self.blockBytes.isMultiple(of: leafBytes))
    precondition(blocks.count == checks.count)
    self.leafBytes = leafBytes
    self.blocks = blocks
    self.checks = checks
  }

  /// Bytes hashed so far.
  package var byteLength: UInt64 {
    UInt64(blocks.count) * UInt64(Self.blockBytes) + UInt64(leaves.count * leafBytes)
      + UInt64(partial.count)
  }

  /// Hashes more bytes.
  package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    var position = 0
    while position < bytes.count {
      // Block by block, so that the check reads what the hashes have just brought near.
      let room = Self.blockBytes - leaves.count * leafBytes - partial.count
      let end = min(position + room, bytes.count)
      let piece = UnsafeRawBufferPointer(rebasing: bytes[position..<end])
      check.update(piece)
      appendWithinBlock(piece)
      position = end
    }
  }

  private mutating func appendWithinBlock(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes[...]
    if !partial.isEmpty {
      let taken = min(leafBytes - partial.count, rest.count)
      partial.append(contentsOf: rest.prefix(taken))
      rest = rest.dropFirst(taken)
      if partial.count == leafBytes {
        add(partial.withUnsafeBytes { MerkleTree.leafHash($0) })
        partial.removeAll(keepingCapacity: true)
      }
    }
    while rest.count >= leafBytes {
      add(MerkleTree.leafHash(UnsafeRawBufferPointer(rebasing: rest.prefix(leafBytes))))
      rest = rest.dropFirst(leafBytes)
    }
    partial.append(contentsOf: rest)
  }

  private mutating func add(_ leaf: Digest) {
    leaves.append(leaf)
    if leaves.count * leafBytes == Self.blockBytes {
      blocks.append(MerkleTree.root(ofLeafHashes: leaves))
      leaves.removeAll(keepingCapacity: true)
      checks.append(check.value)
      check = BlockCheck()
    }
  }

  /// The shard's root at its present length.
  package var root: Digest {
    let last = tailLeaves
    if last.isEmpty { return MerkleTree.root(ofLeafHashes: blocks) }
    return MerkleTree.root(ofLeafHashes: blocks + [MerkleTree.root(ofLeafHashes: last)])
  }

  /// The leaves of the last block, if it is not full, the partial leaf included.
  package var tailLeaves: [Digest] {
    partial.isEmpty ? leaves : leaves + [partial.withUnsafeBytes { MerkleTree.leafHash($0) }]
  }

  /// The hash of every leaf of a piece of a shard that begins at a leaf boundary.
  package static func leafHashes(of bytes: UnsafeRawBufferPointer, leafBytes: Int) -> [Digest] {
    var hashes: [Digest] = []
    hashes.reserveCapacity(bytes.count / leafBytes + 1)
    for start in stride(from: 0, to: bytes.count, by: leafBytes) {
      let end = min(start + leafBytes, bytes.count)
      hashes.append(MerkleTree.leafHash(UnsafeRawBufferPointer(rebasing: bytes[start..<end])))
    }
    return hashes
  }
}
