import Cryptography
import Primitives
import ServiceKit

/// One provider's challenge in a round.
package struct ChallengeRecord: Hashable, Sendable, CanonicalCodable {
  /// Where the challenge stands.
  package enum State: UInt8, Sendable {
    /// The provider owes a transcript in the round's attempt.
    case walking = 1
    /// It posted; the beacon may name steps.
    case posted = 2
    /// It owes the steps that the beacon named.
    case opening = 3
    /// It posted nothing in the first attempt; the second follows.
    case retrying = 4
    /// It showed possession and was paid up to the freeze.
    case passed = 5
    /// It showed nothing; the window is not paid.
    case failed = 6
    /// It opened a wrong step.
    case lied = 7
    /// Its list changed under it (it gave a column back, or left): nothing follows, and what is
    /// unproven stays so until a later window.
    case withdrawn = 8

    /// Whether nothing follows any more.
    package var isOver: Bool { rawValue >= State.passed.rawValue }
  }

  package let round: RoundID
  package let provider: ProviderID
  package var state: State
  /// The root of the frozen list, and its leaves in all: N.
  package let obligationRoot: Digest
  package let leafCount: UInt64
  /// Bytes of the frozen list.
  package let byteCount: UInt64
  package let frozenAt: LedgerTime
  /// The list has the obligations of blocks below this.
  package let frozenHeight: UInt64
  /// The attempt of the transcript below, 0 for none.
  package var attempt: UInt8
  package var transcriptRoot: Digest
  /// The seed of that transcript's walk, zero for none.
  package var seed: Digest
  /// What was made of it, once it is over.
  package var verdict: Verdict?

  package init(
    round: RoundID, provider: ProviderID, obligationRoot: Digest, leafCount: UInt64,
    byteCount: UInt64, frozenAt: LedgerTime, frozenHeight: UInt64
  ) {
    self.round = round
    self.provider = provider
    state = .walking
    self.obligationRoot = obligationRoot
    self.leafCount = leafCount
    self.byteCount = byteCount
    self.frozenAt = frozenAt
    self.frozenHeight = frozenHeight
    attempt = 0
    transcriptRoot = .zero
    seed = .zero
    verdict = nil
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(round)
    encoder.encode(provider)
    encoder.encode(state.rawValue)
    encoder.encode(obligationRoot)
    encoder.encode(leafCount)
    encoder.encode(byteCount)
    encoder.encode(frozenAt)
    encoder.encode(frozenHeight)
    encoder.encode(attempt)
    encoder.encode(transcriptRoot)
    encoder.encode(seed)
    encoder.encode(verdict)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    round = try decoder.decode()
    provider = try decoder.decode()
    let byte = try decoder.decodeUInt8()
    guard let known = State(rawValue: byte) else {
      throw .unknownCase(type: "ChallengeRecord.State", byte: byte)
    }
    state = known
    obligationRoot = try decoder.decode()
    leafCount = try decoder.decodeUInt64()
    byteCount = try decoder.decodeUInt64()
    frozenAt = try decoder.decode()
    frozenHeight = try decoder.decodeUInt64()
    attempt = try decoder.decodeUInt8()
    transcriptRoot = try decoder.decode()
    seed = try decoder.decode()
    verdict = try decoder.decodeOptional()
  }
}
