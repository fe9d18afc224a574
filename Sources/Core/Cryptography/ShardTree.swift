import Primitives

/// The Merkle tree over a shard's bytes as they arrive, in leaves of a fixed size of which the last
/// may be short. Resumes from its encoding, so an appender never reads back what it wrote.
package struct ShardTree: Hashable, Sendable, CanonicalCodable {
  /// The longest leaf that a class may have: 1 MiB.
  package static let leafByteLimit = 1 << 20

  /// How many bytes a full leaf has.
  package let leafBytes: Int
  private var frontier = MerkleFrontier()
  /// The bytes of the last leaf while it is short.
  private var pending: [UInt8] = []

  /// An empty shard.
  /// - Precondition: `leafBytes` is from 1 to ``leafByteLimit``.
  package init(leafBytes: Int) {
    precondition((1...Self.leafByteLimit).contains(leafBytes))
    self.leafBytes = leafBytes
  }

  /// How many bytes were appended.
  package var byteLength: UInt64 { frontier.count * UInt64(leafBytes) + UInt64(pending.count) }

  /// How many leaves there are, a short last one included.
  package var leafCount: UInt64 { frontier.count + (pending.isEmpty ? 0 : 1) }

  /// The root over all bytes appended so far: the running root.
  package var root: Digest {
    if pending.isEmpty { return frontier.root }
    var complete = frontier
    complete.append(leafHash: MerkleTree.leafHash(pending))
    return complete.root
  }

  /// Appends bytes; full leaves are hashed where they lie.
  package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    append(bytes) { _ in }
  }

  /// Appends bytes.
  package mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

  /// Appends bytes and hands on the hash of each leaf that became full, in order, for those who
  /// keep the leaf hashes.
  package mutating func append(_ bytes: UnsafeRawBufferPointer, onLeaf: (Digest) -> Void) {
    var rest = bytes[...]
    if !pending.isEmpty {
      let taken = rest.prefix(leafBytes - pending.count)
      pending.append(contentsOf: taken)
      rest = rest.dropFirst(taken.count)
      if pending.count == leafBytes {
        appendLeaf(MerkleTree.leafHash(pending), onLeaf)
        pending.removeAll(keepingCapacity: true)
      }
    }
    while rest.count >= leafBytes {
      let leaf = UnsafeRawBufferPointer(rebasing: rest.prefix(leafBytes))
      appendLeaf(MerkleTree.leafHash(leaf), onLeaf)
      rest = rest.dropFirst(leafBytes)
    }
    pending.append(contentsOf: rest)
  }

  private mutating func appendLeaf(_ hash: Digest, _ onLeaf: (Digest) -> Void) {
    frontier.append(leafHash: hash)
    onLeaf(hash)
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(UInt32(leafBytes))
    encoder.encode(frontier)
    encoder.encode(pending)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let size = Int(try decoder.decodeUInt32())
    guard (1...Self.leafByteLimit).contains(size) else {
      throw .invalid("leaves of \(size) bytes; from 1 to \(Self.leafByteLimit) are allowed")
    }
    leafBytes = size
    frontier = try decoder.decode()
    guard !frontier.count.multipliedReportingOverflow(by: UInt64(size + 1)).overflow else {
      throw .invalid("\(frontier.count) leaves of \(size) bytes are too many")
    }
    pending = try decoder.decodeBytes(limit: size - 1)
  }
}
