import Cryptography
import Primitives
import ServiceKit

/// What a walk is demanded over: all that its first state and the named steps follow from.
package struct WalkChallenge: Hashable, Sendable {
  /// The rule that judges walks, as verdicts and payouts name it.
  package static let rule = "storage-possession/1"

  package let round: RoundID
  package let attempt: UInt8
  package let provider: ProviderID
  /// The beacon that seeds the walk.
  package let seed: Digest
  /// The root of the frozen list and its leaves in all.
  package let obligationRoot: Digest
  package let leafCount: UInt64
  /// T: how many leaves are read, each depending on the one before.
  package let steps: UInt32

  package init(
    round: RoundID, attempt: UInt8, provider: ProviderID, seed: Digest, obligationRoot: Digest,
    leafCount: UInt64, steps: UInt32
  ) {
    self.round = round
    self.attempt = attempt
    self.provider = provider
    self.seed = seed
    self.obligationRoot = obligationRoot
    self.leafCount = leafCount
    self.steps = steps
  }

  /// The challenge that the ledger's records describe, in the round's running attempt.
  package init(_ challenge: ChallengeRecord, round: RoundRecord, steps: UInt32) {
    self.init(
      round: round.id, attempt: round.attempt, provider: challenge.provider, seed: round.seed,
      obligationRoot: challenge.obligationRoot, leafCount: challenge.leafCount, steps: steps)
  }

  /// The challenge that a posted transcript answers, whatever its round has come to since.
  package init(posted challenge: ChallengeRecord, steps: UInt32) {
    self.init(
      round: challenge.round, attempt: challenge.attempt, provider: challenge.provider,
      seed: challenge.seed, obligationRoot: challenge.obligationRoot,
      leafCount: challenge.leafCount, steps: steps)
  }

  /// s[0]: nobody knows it before the beacon.
  package var firstState: Digest {
    var builder = DigestBuilder(domain: "storage-walk")
    builder.update(seed)
    builder.update(round.number)
    builder.update(attempt)
    builder.update(provider)
    builder.update(obligationRoot)
    builder.update(leafCount)
    return builder.finalize()
  }

  /// Which leaf of the list a step reads. - Precondition: the list is not empty.
  ///
  /// In odd steps the state says it, so the walk is a chain that cannot be read side by side. In
  /// even steps the first state and the step's number say it: who makes a state up, because it does
  /// not have the leaf, could else try made-up states until what follows lies on leaves that it
  /// kept (`docs/decisions/0005-walk-places.md`).
  ///
  /// - Parameters:
  ///   - step: 0 ..< T.
  ///   - first: ``firstState``, which the caller computes once.
  ///   - state: the state before the step.
  package func leafIndex(step: UInt32, first: Digest, state: Digest) -> UInt64 {
    if !step.isMultiple(of: 2) { return UInt64(state.leading128 % UInt128(leafCount)) }
    var builder = DigestBuilder(domain: "storage-place")
    builder.update(first)
    builder.update(step)
    return UInt64(builder.finalize().leading128 % UInt128(leafCount))
  }

  /// s[t + 1], from the walk's first state, the step's number, s[t] and the leaf's bytes.
  ///
  /// Every step binds the first state: otherwise a transcript of an old seed could be posted again,
  /// and only an opening of step 0 would show it.
  package static func nextState(
    first: Digest, step: UInt32, state: Digest, leaf: [UInt8]
  ) -> Digest {
    var builder = DigestBuilder(domain: "storage-step")
    builder.update(first)
    builder.update(step)
    builder.update(state)
    builder.update(leaf)
    return builder.finalize()
  }

  /// The steps that `beacon` names of a transcript: `count` different ones, in the order drawn.
  package func namedSteps(beacon: Digest, transcriptRoot: Digest, count: UInt32) -> [UInt32] {
    if count >= steps { return Array(0..<steps) }
    var stream = BeaconStream(beacon: beacon, purpose: purpose("open") + transcriptRoot.bytes)
    var named: [UInt32] = []
    while named.count < Int(count) {
      let step = UInt32(stream.next(below: UInt64(steps)))
      if !named.contains(step) { named.append(step) }
    }
    return named
  }

  /// Whether `beacon` picks this provider to open steps, where one in `oneIn` has to.
  package func mustOpen(beacon: Digest, oneIn: UInt64) -> Bool {
    if oneIn <= 1 { return true }
    var stream = BeaconStream(beacon: beacon, purpose: purpose("choice"))
    return stream.next(below: oneIn) == 0
  }

  private func purpose(_ name: String) -> [UInt8] {
    var encoder = CanonicalEncoder()
    encoder.encode(name)
    encoder.encode(round)
    encoder.encode(attempt)
    encoder.encode(provider)
    return encoder.bytes
  }
}
