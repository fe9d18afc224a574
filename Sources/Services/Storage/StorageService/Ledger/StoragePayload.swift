import Cryptography
import Primitives
import ServiceKit

/// What a storage transaction says.
package enum StoragePayload: Hashable, Sendable {
  case openGroup(OpenGroup)
  case commitBundle(CommitBundle)
  case releaseBundle(ReleaseBundle)
  case renewBundle(RenewBundle)
  case postTranscript(PostTranscript)
  case openSteps(OpenSteps)
  case declareCorruption(DeclareCorruption)
  case completeRepair(CompleteRepair)
  case setAvailability(SetAvailability)
  case forceRetrieval(ForceRetrieval)
  case answerRetrieval(AnswerRetrieval)
  case accuseCodeword(AccuseCodeword)
  case declineRepair(DeclineRepair)
  case demandSteps(DemandSteps)
  case claimWriter(ClaimWriter)
  case nameCheckpoint(NameCheckpoint)
  case underEpoch(UnderEpoch)
  case claimStaging(ClaimStaging)
  case showPresence(ShowPresence)
  /// The sender's provider gives all its columns back and takes no new ones; it stays a provider.
  case drain
}

extension StoragePayload: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    switch self {
    case .openGroup(let payload):
      encoder.encode(UInt8(1))
      encoder.encode(payload)
    case .commitBundle(let payload):
      encoder.encode(UInt8(2))
      encoder.encode(payload)
    case .releaseBundle(let payload):
      encoder.encode(UInt8(3))
      encoder.encode(payload)
    case .renewBundle(let payload):
      encoder.encode(UInt8(4))
      encoder.encode(payload)
    case .postTranscript(let payload):
      encoder.encode(UInt8(5))
      encoder.encode(payload)
    case .openSteps(let payload):
      encoder.encode(UInt8(6))
      encoder.encode(payload)
    case .declareCorruption(let payload):
      encoder.encode(UInt8(7))
      encoder.encode(payload)
    case .completeRepair(let payload):
      encoder.encode(UInt8(8))
      encoder.encode(payload)
    case .setAvailability(let payload):
      encoder.encode(UInt8(9))
      encoder.encode(payload)
    case .forceRetrieval(let payload):
      encoder.encode(UInt8(10))
      encoder.encode(payload)
    case .answerRetrieval(let payload):
      encoder.encode(UInt8(11))
      encoder.encode(payload)
    case .accuseCodeword(let payload):
      encoder.encode(UInt8(12))
      encoder.encode(payload)
    case .declineRepair(let payload):
      encoder.encode(UInt8(13))
      encoder.encode(payload)
    case .demandSteps(let payload):
      encoder.encode(UInt8(14))
      encoder.encode(payload)
    case .claimWriter(let payload):
      encoder.encode(UInt8(25))
      encoder.encode(payload)
    case .nameCheckpoint(let payload):
      encoder.encode(UInt8(26))
      encoder.encode(payload)
    case .underEpoch(let payload):
      encoder.encode(UInt8(27))
      encoder.encode(payload)
    case .claimStaging(let payload):
      encoder.encode(UInt8(28))
      encoder.encode(payload)
    case .showPresence(let payload):
      encoder.encode(UInt8(29))
      encoder.encode(payload)
    case .drain: encoder.encode(UInt8(30))
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let byte = try decoder.decodeUInt8()
    switch byte {
    case 1: self = .openGroup(try decoder.decode())
    case 2: self = .commitBundle(try decoder.decode())
    case 3: self = .releaseBundle(try decoder.decode())
    case 4: self = .renewBundle(try decoder.decode())
    case 5: self = .postTranscript(try decoder.decode())
    case 6: self = .openSteps(try decoder.decode())
    case 7: self = .declareCorruption(try decoder.decode())
    case 8: self = .completeRepair(try decoder.decode())
    case 9: self = .setAvailability(try decoder.decode())
    case 10: self = .forceRetrieval(try decoder.decode())
    case 11: self = .answerRetrieval(try decoder.decode())
    case 12: self = .accuseCodeword(try decoder.decode())
    case 13: self = .declineRepair(try decoder.decode())
    case 14: self = .demandSteps(try decoder.decode())
    case 25: self = .claimWriter(try decoder.decode())
    case 26: self = .nameCheckpoint(try decoder.decode())
    case 27: self = .underEpoch(try decoder.decode())
    case 28: self = .claimStaging(try decoder.decode())
    case 29: self = .showPresence(try decoder.decode())
    case 30: self = .drain
    default: throw .unknownCase(type: "StoragePayload", byte: byte)
    }
  }
}
