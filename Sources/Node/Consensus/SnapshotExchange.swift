import Cryptography
import Primitives

/// A snapshot of the state as nodes advertise it to each other.
package struct SnapshotDescription: Hashable, Sendable {
  /// The height after whose block it was taken.
  package let height: UInt64
  /// The version of the stream's format.
  package let format: UInt32
  /// How many chunks it has.
  package let chunkCount: UInt32
  /// SHA-256 over the chunks' hashes: equal snapshots have equal hashes on every node.
  package let hash: [UInt8]
  /// What else the format needs to know.
  package let metadata: [UInt8]

  package init(
    height: UInt64, format: UInt32, chunkCount: UInt32, hash: [UInt8], metadata: [UInt8]
  ) {
    self.height = height
    self.format = format
    self.chunkCount = chunkCount
    self.hash = hash
    self.metadata = metadata
  }
}

/// What a node that restores thinks of a snapshot on offer. Numbers are ABCI's.
package enum SnapshotOfferVerdict: Int, Hashable, Sendable {
  /// Fetch its chunks.
  case accept = 1
  /// Restore nothing at all.
  case abort = 2
  /// Not this one.
  case reject = 3
  /// None of this format.
  case rejectFormat = 4
  /// None of those who offer this one.
  case rejectSender = 5
}

/// What came of applying a chunk.
package enum ChunkVerdict: Hashable, Sendable {
  /// It is proven and kept.
  case accept
  /// Restore nothing at all.
  case abort
  /// It proves nothing: fetch it again, and never from this sender.
  case refetch(chunk: UInt32, rejectSender: String)
  /// The snapshot as a whole is not what it claims to be.
  case rejectSnapshot
}
