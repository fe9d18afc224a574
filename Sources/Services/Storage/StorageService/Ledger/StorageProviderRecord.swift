import Primitives
import ServiceKit

/// What the storage service knows of a provider.
package struct StorageProviderRecord: Hashable, Sendable, CanonicalCodable {
  package let id: ProviderID
  /// Whether it says that it takes work.
  package var isAvailable: Bool
  /// Whether it was missed: in a proof window or a repair. A passed proof or its own word clears
  /// it.
  package var isAbsent: Bool
  /// Bytes that it says it can hold.
  package var capacityBytes: UInt64
  /// Bytes of its columns, those being rebuilt for it included.
  package var committedBytes: UInt64
  /// Columns that it is obliged to keep.
  package var obligations: UInt64
  /// Windows failed in a row.
  package var consecutiveMisses: UInt8
  /// Demands for steps that it did not answer, since it opened steps last.
  package var demandsMissed: UInt8
  /// Forced retrievals that it did not answer, since it answered one last.
  package var retrievalsMissed: UInt8
  /// Slots that it left and that nobody has rebuilt yet: its bond stays for them.
  package var repairsOwed: UInt64
  /// Columns that it is rebuilding.
  package var repairsAssigned: UInt64
  /// The round in which its challenge runs, or 0.
  package var openRound: UInt64
  /// Up to when its time was judged: the freeze of its last finished challenge.
  package var judgedUntil: LedgerTime
  /// Whether its columns are being taken from it, some in each block.
  package var isBeingVacated: Bool
  /// The settlement epoch of its last verdict, plus one; 0 before the first.
  package var judgedInEpoch: UInt64
  /// Windows passed and failed, for people.
  package var windowsPassed: UInt64
  package var windowsFailed: UInt64

  package init(id: ProviderID) {
    self.id = id
    isAvailable = false
    isAbsent = false
    capacityBytes = 0
    committedBytes = 0
    obligations = 0
    consecutiveMisses = 0
    demandsMissed = 0
    retrievalsMissed = 0
    repairsOwed = 0
    repairsAssigned = 0
    openRound = 0
    judgedUntil = .genesis
    isBeingVacated = false
    judgedInEpoch = 0
    windowsPassed = 0
    windowsFailed = 0
  }

  /// Whether it may be given new work, as far as this service knows.
  package var takesWork: Bool { isAvailable && !isAbsent && !isBeingVacated }

  /// Whether its bond must stay.
  package var isObliged: Bool {
    obligations > 0 || repairsOwed > 0 || repairsAssigned > 0 || openRound > 0
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(id)
    encoder.encode(isAvailable)
    encoder.encode(isAbsent)
    encoder.encode(capacityBytes)
    encoder.encode(committedBytes)
    encoder.encode(obligations)
    encoder.encode(consecutiveMisses)
    encoder.encode(demandsMissed)
    encoder.encode(retrievalsMissed)
    encoder.encode(repairsOwed)
    encoder.encode(repairsAssigned)
    encoder.encode(openRound)
    encoder.encode(judgedUntil)
    encoder.encode(isBeingVacated)
    encoder.encode(judgedInEpoch)
    encoder.encode(windowsPassed)
    encoder.encode(windowsFailed)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    id = try decoder.decode()
    isAvailable = try decoder.decodeBool()
    isAbsent = try decoder.decodeBool()
    capacityBytes = try decoder.decodeUInt64()
    committedBytes = try decoder.decodeUInt64()
    obligations = try decoder.decodeUInt64()
    consecutiveMisses = try decoder.decodeUInt8()
    demandsMissed = try decoder.decodeUInt8()
    retrievalsMissed = try decoder.decodeUInt8()
    repairsOwed = try decoder.decodeUInt64()
    repairsAssigned = try decoder.decodeUInt64()
    openRound = try decoder.decodeUInt64()
    judgedUntil = try decoder.decode()
    isBeingVacated = try decoder.decodeBool()
    judgedInEpoch = try decoder.decodeUInt64()
    windowsPassed = try decoder.decodeUInt64()
    windowsFailed = try decoder.decodeUInt64()
  }
}
