/// What of the log must stay in its stripes.
///
/// A released bundle takes the log records of its stripes with it. Whoever rebuilds the index from
/// the network needs each record, or a checkpoint that holds what the record did.
package protocol LogRetention: Sendable {
  /// Records up to this sequence number are not needed in their stripes any more.
  func expendableSequence() async throws -> UInt64
  /// Segments that stay whatever the index says of them, such as a checkpoint's own.
  func keptSegments() async throws -> Set<UInt64>
}

/// Without checkpoints the index on disk is the only memory there is: what it has applied is not
/// needed again.
package struct IndexedLogRetention: LogRetention {
  private let index: any MutationIndex

  package init(index: any MutationIndex) { self.index = index }

  package func expendableSequence() async throws -> UInt64 { try await index.appliedSequence() }
  package func keptSegments() async throws -> Set<UInt64> { [] }
}
