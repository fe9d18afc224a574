import Cryptography
import Primitives
import ServiceKit

/// A provider commits to its walk.
package struct PostTranscript: Hashable, Sendable, CanonicalCodable {
  package let round: RoundID
  package let attempt: UInt8
  /// ``PossessionWalk/transcriptRoot``.
  package let transcriptRoot: Digest
  package init(round: RoundID, attempt: UInt8, transcriptRoot: Digest) {
    self.round = round
    self.attempt = attempt
    self.transcriptRoot = transcriptRoot
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(round)
    encoder.encode(attempt)
    encoder.encode(transcriptRoot)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    round = try decoder.decode()
    attempt = try decoder.decodeUInt8()
    transcriptRoot = try decoder.decode()
  }
}

/// A provider opens the steps that the beacon named, in the order in which it named them.
package struct OpenSteps: Hashable, Sendable, CanonicalCodable {
  /// The most steps in one opening.
  package static let stepLimit = 64

  package let round: RoundID
  package let attempt: UInt8
  package let openings: [StepOpening]
  package init(round: RoundID, attempt: UInt8, openings: [StepOpening]) {
    self.round = round
    self.attempt = attempt
    self.openings = openings
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(round)
    encoder.encode(attempt)
    encoder.encode(openings)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    round = try decoder.decode()
    attempt = try decoder.decodeUInt8()
    openings = try decoder.decodeArray(limit: Self.stepLimit)
  }
}

/// A provider gives back a column that it can no longer read, in time.
package struct DeclareCorruption: Hashable, Sendable, CanonicalCodable {
  package let bundle: BundleID
  package let slot: UInt8
  package init(bundle: BundleID, slot: UInt8) {
    self.bundle = bundle
    self.slot = slot
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(bundle)
    encoder.encode(slot)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bundle = try decoder.decode()
    slot = try decoder.decodeUInt8()
  }
}

/// A replacement has rebuilt a column and takes it over.
package struct CompleteRepair: Hashable, Sendable, CanonicalCodable {
  package let bundle: BundleID
  package let slot: UInt8
  /// The slots that it read from, strictly ascending, at most k: each holder is paid for a column.
  package let helpers: [UInt8]
  /// Over ``SlotStatement`` with `stagedByteMilliseconds` 0 and the bundle's end.
  package let countersignature: Signature
  package init(bundle: BundleID, slot: UInt8, helpers: [UInt8], countersignature: Signature) {
    self.bundle = bundle
    self.slot = slot
    self.helpers = helpers
    self.countersignature = countersignature
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(bundle)
    encoder.encode(slot)
    encoder.encode(helpers)
    encoder.encode(countersignature)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bundle = try decoder.decode()
    slot = try decoder.decodeUInt8()
    helpers = try decoder.decodeBytes(limit: Int(CodeClass.totalShardLimit))
    countersignature = try decoder.decode()
  }
}

/// A replacement gives an assignment back: k good columns do not give the one that was committed,
/// but nobody has that column's leaves any more, so no accusation can show it.
package struct DeclineRepair: Hashable, Sendable, CanonicalCodable {
  package let bundle: BundleID
  package let slot: UInt8
  package init(bundle: BundleID, slot: UInt8) {
    self.bundle = bundle
    self.slot = slot
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(bundle)
    encoder.encode(slot)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bundle = try decoder.decode()
    slot = try decoder.decodeUInt8()
  }
}

/// A provider says whether it takes work, and how much of its disk is for the network.
package struct SetAvailability: Hashable, Sendable, CanonicalCodable {
  package let isAvailable: Bool
  /// Bytes that it can hold in all; the offer's capacity is a second limit.
  package let capacityBytes: UInt64
  package init(isAvailable: Bool, capacityBytes: UInt64) {
    self.isAvailable = isAvailable
    self.capacityBytes = capacityBytes
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(isAvailable)
    encoder.encode(capacityBytes)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    isAvailable = try decoder.decodeBool()
    capacityBytes = try decoder.decodeUInt64()
  }
}
