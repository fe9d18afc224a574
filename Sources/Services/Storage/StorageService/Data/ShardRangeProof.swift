import Cryptography
import Primitives

/// Shows that bytes are a range of a shard with a known root.
///
/// The bytes begin and end at leaf boundaries (the shard's end counts as one), so the reader hashes
/// every leaf that it was sent.
package struct ShardRangeProof: Hashable, Sendable, CanonicalCodable {
  /// The most hashes in a proof: two a level.
  package static let pathLimit = 128

  /// The shard's length, in bytes, whose root this leads to.
  package let shardBytes: UInt64
  /// Where the tail begins in the shard, a multiple of the leaf size.
  package let start: UInt64
  /// The hashes beside the range.
  package let path: [Digest]

  package init(shardBytes: UInt64, start: UInt64, path: [Digest]) {
    self.shardBytes = shardBytes
    self.start = start
    self.path = path
  }

  /// A range widened to whole leaves, but never beyond the shard's end.
  package static func leafAligned(
    _ range: Range<UInt64>, leafBytes: UInt64, shardBytes: UInt64
  ) -> Range<UInt64>? {
    guard leafBytes > 0, !range.isEmpty, range.upperBound <= shardBytes else { return nil }
    let start = range.lowerBound / leafBytes * leafBytes
    let whole = ((range.upperBound - 1) / leafBytes + 1).multipliedReportingOverflow(by: leafBytes)
    return start..<(whole.overflow ? shardBytes : min(whole.partialValue, shardBytes))
  }

  /// The bytes `range` of the shard, taken out of `tail`; nil when the proof does not lead to
  /// `root`.
  package func open(
    _ tail: UnsafeRawBufferPointer, range: Range<UInt64>, root: Digest, shardBytes: UInt64,
    leafBytes: Int
  ) -> Range<Int>? {
    guard leafBytes > 0, shardBytes == self.shardBytes,
      let aligned = Self.leafAligned(range, leafBytes: UInt64(leafBytes), shardBytes: shardBytes),
      aligned.lowerBound == start, UInt64(tail.count) == aligned.upperBound - start
    else { return nil }
    var hashes: [Digest] = []
    hashes.reserveCapacity(tail.count / leafBytes + 1)
    for offset in stride(from: 0, to: tail.count, by: leafBytes) {
      let end = min(offset + leafBytes, tail.count)
      hashes.append(MerkleTree.leafHash(UnsafeRawBufferPointer(rebasing: tail[offset..<end])))
    }
    let count = (shardBytes - 1) / UInt64(leafBytes) + 1
    let found = MerkleTree.root(
      rangeLeafHashes: hashes, start: start / UInt64(leafBytes), count: count, proof: path)
    guard found == root else { return nil }
    let first = Int(range.lowerBound - start)
    return first..<first + Int(range.upperBound - range.lowerBound)
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(shardBytes)
    encoder.encode(start)
    encoder.encode(path)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    shardBytes = try decoder.decodeUInt64()
    start = try decoder.decodeUInt64()
    path = try decoder.decodeArray(of: Digest.self, limit: Self.pathLimit)
  }
}
