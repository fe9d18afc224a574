import Cryptography
import Primitives
import ServiceKit

/// Judges opened steps: a pure function of the challenge, the transcript's root and the openings.
package struct OpeningVerifier: Sendable {
  /// What an opened step turned out to be.
  package enum Finding: Hashable, Sendable {
    /// The leaf is the one that the state names, and the next state follows from it.
    case proven
    /// The opening does not bind what it shows to the commitments: nothing is shown, for or
    /// against. It may be sent again.
    case unbound(String)
    /// The provider committed to a state that does not follow from the leaf that it owes: a lie.
    case wrong
  }

  /// What was demanded.
  package let challenge: WalkChallenge
  /// What the provider committed to.
  package let transcriptRoot: Digest
  private let firstState: Digest

  package init(challenge: WalkChallenge, transcriptRoot: Digest) {
    self.challenge = challenge
    self.transcriptRoot = transcriptRoot
    firstState = challenge.firstState
  }

  /// Judges the openings of the steps that were named, in that order: the first that is not proven
  /// decides, and nothing is shown when steps are missing.
  package func judge(_ openings: [StepOpening], named: [UInt32]) -> Finding {
    guard openings.count == named.count else {
      return .unbound("\(openings.count) steps opened, \(named.count) named")
    }
    for (opening, step) in zip(openings, named) {
      guard opening.step == step else {
        return .unbound("step \(opening.step) opened, \(step) named")
      }
      let finding = judge(opening)
      if finding != .proven { return finding }
    }
    return .proven
  }

  /// Judges one step.
  package func judge(_ opening: StepOpening) -> Finding {
    let step = opening.step
    guard isInTranscript(opening) else { return .unbound("step \(step): not in the transcript") }
    guard let rest = offsetInColumn(opening) else {
      return .unbound("step \(step): the column is not the one that the state names")
    }
    guard let leafIndex = offsetInShard(opening, rest) else {
      return .unbound("step \(step): the shard is not the one that the state names")
    }
    let root = MerkleTree.root(
      leafHash: MerkleTree.leafHash(opening.leaf), index: leafIndex,
      count: opening.shardLeafCount, path: opening.leafPath)
    guard root == opening.shardRoot else {
      return .unbound("step \(step): the leaf does not lead to the shard's root")
    }
    let next = WalkChallenge.nextState(
      first: firstState, step: step, state: opening.stateBefore, leaf: opening.leaf)
    return next == opening.stateAfter ? .proven : .wrong
  }

  private func isInTranscript(_ opening: StepOpening) -> Bool {
    guard opening.step < challenge.steps else { return false }
    let count = UInt64(challenge.steps)
    if opening.step == 0 {
      return opening.stateBefore == firstState
        && transcriptRoot
          == MerkleTree.root(
            rangeLeafHashes: [opening.stateAfter], start: 0, count: count,
            proof: opening.transcriptProof)
    }
    return transcriptRoot
      == MerkleTree.root(
        rangeLeafHashes: [opening.stateBefore, opening.stateAfter],
        start: UInt64(opening.step) - 1, count: count, proof: opening.transcriptProof)
  }

  /// How far into its column the leaf lies that the state names; nil when it is another column.
  private func offsetInColumn(_ opening: StepOpening) -> UInt64? {
    guard challenge.leafCount > 0 else { return nil }
    let index = challenge.leafIndex(
      step: opening.step, first: firstState, state: opening.stateBefore)
    let item = ObligationRecord.item(
      bundle: opening.bundle, slot: opening.slot, columnRoot: opening.columnRoot)
    guard
      let before = opening.obligationPath.verify(
        item: item, count: opening.columnLeafCount, root: challenge.obligationRoot,
        total: challenge.leafCount),
      before <= index, index - before < opening.columnLeafCount
    else { return nil }
    return index - before
  }

  private func offsetInShard(_ opening: StepOpening, _ index: UInt64) -> UInt64? {
    guard
      let before = opening.columnPath.verify(
        item: opening.shardRoot, count: opening.shardLeafCount, root: opening.columnRoot,
        total: opening.columnLeafCount),
      before <= index, index - before < opening.shardLeafCount
    else { return nil }
    return index - before
  }
}
