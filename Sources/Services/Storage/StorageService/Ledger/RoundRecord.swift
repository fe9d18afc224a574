import Cryptography
import Primitives
import ServiceKit

/// A proof round: where the challenges of one window stand.
///
/// A response window counts ledger time and heights, and only of blocks that followed each other:
/// a step of the clock at its cap means that the ledger stood still, and everybody gets the whole
/// window again.
package struct RoundRecord: Hashable, Sendable, CanonicalCodable {
  /// What the round waits for.
  package enum Phase: UInt8, Sendable {
    /// The next beacon, which seeds the walks.
    case seeding = 1
    /// Transcripts.
    case walking = 2
    /// The next beacon, which names the steps.
    case drawing = 3
    /// Openings.
    case opening = 4
    /// Nothing: every challenge has its verdict.
    case closed = 5
  }

  package let id: RoundID
  /// 1, or 2 for the retry of those who posted nothing.
  package var attempt: UInt8
  package var phase: Phase
  /// When and in which block the lists were frozen.
  package let frozenAt: LedgerTime
  package let frozenHeight: UInt64
  /// The beacon that seeds this attempt's walks; zero before.
  package var seed: Digest
  /// The beacon that names this attempt's steps; zero before.
  package var openingBeacon: Digest
  /// Milliseconds and blocks that count of the phase's response window so far.
  package var elapsedMilliseconds: UInt64
  package var elapsedHeights: UInt64
  /// The time of the block that was counted last.
  package var countedAt: LedgerTime
  /// How many challenges the round has.
  package let challenges: UInt32
  /// How many of them the phase still waits for.
  package var outstanding: UInt32
  /// Whether the opening's response window runs for the second and last time, for the same steps:
  /// who could choose again after a look at the steps would be caught half as often.
  package var isExtended: Bool
  /// How many passed and failed.
  package var passed: UInt32
  package var failed: UInt32

  package init(
    id: RoundID, frozenAt: LedgerTime, frozenHeight: UInt64, challenges: UInt32
  ) {
    self.id = id
    attempt = 1
    phase = .seeding
    self.frozenAt = frozenAt
    self.frozenHeight = frozenHeight
    seed = .zero
    openingBeacon = .zero
    elapsedMilliseconds = 0
    elapsedHeights = 0
    countedAt = frozenAt
    self.challenges = challenges
    outstanding = challenges
    isExtended = false
    passed = 0
    failed = 0
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(id)
    encoder.encode(attempt)
    encoder.encode(phase.rawValue)
    encoder.encode(frozenAt)
    encoder.encode(frozenHeight)
    encoder.encode(seed)
    encoder.encode(openingBeacon)
    encoder.encode(elapsedMilliseconds)
    encoder.encode(elapsedHeights)
    encoder.encode(countedAt)
    encoder.encode(challenges)
    encoder.encode(outstanding)
    encoder.encode(isExtended)
    encoder.encode(passed)
    encoder.encode(failed)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    id = try decoder.decode()
    attempt = try decoder.decodeUInt8()
    let byte = try decoder.decodeUInt8()
    guard let known = Phase(rawValue: byte) else {
      throw .unknownCase(type: "RoundRecord.Phase", byte: byte)
    }
    phase = known
    frozenAt = try decoder.decode()
    frozenHeight = try decoder.decodeUInt64()
    seed = try decoder.decode()
    openingBeacon = try decoder.decode()
    elapsedMilliseconds = try decoder.decodeUInt64()
    elapsedHeights = try decoder.decodeUInt64()
    countedAt = try decoder.decode()
    challenges = try decoder.decodeUInt32()
    outstanding = try decoder.decodeUInt32()
    isExtended = try decoder.decodeBool()
    passed = try decoder.decodeUInt32()
    failed = try decoder.decodeUInt32()
  }
}
