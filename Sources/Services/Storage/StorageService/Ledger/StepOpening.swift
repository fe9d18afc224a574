import Cryptography
import Primitives
import ServiceKit

/// One step of a walk, opened: the leaf that was read, and the paths that bind it to what the
/// provider owes and to the transcript that it committed to.
package struct StepOpening: Hashable, Sendable, CanonicalCodable {
  /// The longest path; no tree of ours has 2^64 leaves.
  package static let pathLimit = 64

  /// Which step, 0 ..< T.
  package let step: UInt32
  /// The state before the step; for step 0 it is the walk's first state.
  package let stateBefore: Digest
  /// The state after the step.
  package let stateAfter: Digest
  /// Proves the two states at their places under the transcript's root.
  package let transcriptProof: [Digest]
  /// Whose leaf was read.
  package let bundle: BundleID
  package let slot: UInt8
  package let columnRoot: Digest
  /// Leaves of the column.
  package let columnLeafCount: UInt64
  /// The column in the frozen list.
  package let obligationPath: SumPath
  /// The shard within the column.
  package let shardRoot: Digest
  package let shardLeafCount: UInt64
  package let columnPath: SumPath
  /// The leaf within the shard.
  package let leafPath: [Digest]
  /// The leaf's bytes.
  package let leaf: [UInt8]

  package init(
    step: UInt32, stateBefore: Digest, stateAfter: Digest, transcriptProof: [Digest],
    bundle: BundleID, slot: UInt8, columnRoot: Digest, columnLeafCount: UInt64,
    obligationPath: SumPath, shardRoot: Digest, shardLeafCount: UInt64, columnPath: SumPath,
    leafPath: [Digest], leaf: [UInt8]
  ) {
    self.step = step
    self.stateBefore = stateBefore
    self.stateAfter = stateAfter
    self.transcriptProof = transcriptProof
    self.bundle = bundle
    self.slot = slot
    self.columnRoot = columnRoot
    self.columnLeafCount = columnLeafCount
    self.obligationPath = obligationPath
    self.shardRoot = shardRoot
    self.shardLeafCount = shardLeafCount
    self.columnPath = columnPath
    self.leafPath = leafPath
    self.leaf = leaf
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(step)
    encoder.encode(stateBefore)
    encoder.encode(stateAfter)
    encoder.encode(transcriptProof)
    encoder.encode(bundle)
    encoder.encode(slot)
    encoder.encode(columnRoot)
    encoder.encode(columnLeafCount)
    encoder.encode(obligationPath)
    encoder.encode(shardRoot)
    encoder.encode(shardLeafCount)
    encoder.encode(columnPath)
    encoder.encode(leafPath)
    encoder.encode(leaf)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    step = try decoder.decodeUInt32()
    stateBefore = try decoder.decode()
    stateAfter = try decoder.decode()
    transcriptProof = try decoder.decodeArray(limit: Self.pathLimit * 2)
    bundle = try decoder.decode()
    slot = try decoder.decodeUInt8()
    columnRoot = try decoder.decode()
    columnLeafCount = try decoder.decodeUInt64()
    obligationPath = try decoder.decode()
    shardRoot = try decoder.decode()
    shardLeafCount = try decoder.decodeUInt64()
    columnPath = try decoder.decode()
    leafPath = try decoder.decodeArray(limit: Self.pathLimit)
    leaf = try decoder.decodeBytes(limit: 65_536)
  }
}
