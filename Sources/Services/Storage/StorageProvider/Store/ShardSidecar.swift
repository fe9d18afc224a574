import Cryptography
import Primitives

/// What a shard's sidecar file holds: for each full block its hash (32 bytes) and its check
/// (4 bytes, big-endian). Only this machine reads it, and makes it anew when it is not right.
enum ShardSidecar {
  /// Bytes of one block's entry.
  static let entryBytes = 36

  /// The entries from block `first` on.
  static func encode(_ hashes: ShardHashes, from first: Int) -> [UInt8] {
    var encoder = CanonicalEncoder(reserving: (hashes.blocks.count - first) * entryBytes)
    for index in first..<hashes.blocks.count {
      encoder.encode(hashes.blocks[index])
      encoder.encode(hashes.checks[index])
    }
    return encoder.bytes
  }

  /// The entries of `count` blocks; nil when there are not as many.
  static func decode(_ bytes: [UInt8], count: Int) -> (blocks: [Digest], checks: [UInt32])? {
    guard bytes.count == count * entryBytes else { return nil }
    var decoder = CanonicalDecoder(bytes)
    var blocks: [Digest] = []
    var checks: [UInt32] = []
    for _ in 0..<count {
      guard let block = try? decoder.decode(Digest.self), let check = try? decoder.decodeUInt32()
      else { return nil }
      blocks.append(block)
      checks.append(check)
    }
    return (blocks, checks)
  }
}
