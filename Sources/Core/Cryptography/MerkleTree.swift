import Primitives

import struct Crypto.SHA256

/// Merkle trees in the shape of RFC 6962: a tree of n > 1 leaves splits at the largest power of two
/// below n. Leaf = SHA-256(0x00 ‖ bytes), node = SHA-256(0x01 ‖ left ‖ right).
package enum MerkleTree {
  /// The root of a tree without leaves: SHA-256 of nothing.
  package static let emptyRoot = Digest.sha256([])

  /// The hash of a leaf's bytes.
  package static func leafHash(_ leaf: UnsafeRawBufferPointer) -> Digest {
    var state = SHA256()
    withUnsafeBytes(of: UInt8(0)) { state.update(bufferPointer: $0) }
    state.update(bufferPointer: leaf)
    return Digest(state.finalize())
  }

  /// The hash of a leaf's bytes.
  package static func leafHash(_ leaf: [UInt8]) -> Digest {
    leaf.withUnsafeBytes { leafHash($0) }
  }

  /// The hash over two subtrees.
  package static func nodeHash(_ left: Digest, _ right: Digest) -> Digest {
    // One update of 65 bytes costs less than three.
    withUnsafeTemporaryAllocation(byteCount: 65, alignment: 8) { bytes in
      bytes[0] = 1
      left.value.store(into: bytes, at: 1)
      right.value.store(into: bytes, at: 33)
      return Digest.sha256(UnsafeRawBufferPointer(bytes))
    }
  }

  /// The root over leaf hashes in order.
  package static func root(ofLeafHashes leafHashes: [Digest]) -> Digest {
    var frontier = MerkleFrontier()
    for hash in leafHashes { frontier.append(leafHash: hash) }
    return frontier.root
  }

  /// The siblings from leaf `index` up to the root.
  /// - Precondition: `index` is one of the leaves.
  package static func path(to index: Int, in leafHashes: [Digest]) -> [Digest] {
    MerkleLevels(leafHashes: leafHashes).path(to: index)
  }

  /// The root that a leaf and its path lead to; nil when the path's length does not fit.
  package static func root(
    leafHash: Digest, index: UInt64, count: UInt64, path: [Digest]
  ) -> Digest? {
    guard index < count else { return nil }
    var hash = leafHash
    var position = index
    var last = count - 1
    var used = 0
    while last > 0 {
      if position & 1 == 1 || position < last {
        guard used < path.count else { return nil }
        hash =
          position & 1 == 1 ? nodeHash(path[used], hash) : nodeHash(hash, path[used])
        used += 1
      }
      position >>= 1
      last >>= 1
    }
    return used == path.count ? hash : nil
  }
}

extension Bytes32 {
  /// Writes the bytes into a hash's input.
  func store(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
    bytes.storeBytes(of: words.0.bigEndian, toByteOffset: offset, as: UInt64.self)
    bytes.storeBytes(of: words.1.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
    bytes.storeBytes(of: words.2.bigEndian, toByteOffset: offset + 16, as: UInt64.self)
    bytes.storeBytes(of: words.3.bigEndian, toByteOffset: offset + 24, as: UInt64.self)
  }
}
