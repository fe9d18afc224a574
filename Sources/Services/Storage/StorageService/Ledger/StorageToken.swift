import Primitives
import ServiceKit

/// What a deadline or a draw of the storage service is for.
enum StorageToken: Hashable, Sendable {
  /// Draw: a placement group.
  case group(PlacementGroupID)
  /// Draw: the seed of a round's attempt.
  case seed(RoundID, attempt: UInt8)
  /// Draw: the steps to open.
  case open(RoundID, attempt: UInt8)
  /// Draw: replacements for what is queued.
  case repairs
  /// Deadline: the next proof window.
  case window
  /// Deadline: one more block of a response window.
  case tick(RoundID, attempt: UInt8, phase: RoundRecord.Phase)
  /// Deadline: take the next columns from a provider that is losing them.
  case vacate(ProviderID)
  /// Deadline: a replacement's time is over.
  case repairDue(BundleID, slot: UInt8, attempt: UInt32)
  /// Deadline: the statements of a bundle that is gone have ended.
  case forgetKey(Digest)
  /// Deadline: a forced retrieval's answer is due.
  case retrievalDue(RetrievalID, extended: Bool)
  /// Deadline: the opening of demanded steps is due.
  case demandDue(ProviderID, number: UInt64, extended: Bool)
}

extension StorageToken: CanonicalCodable {
  func encode(into encoder: inout CanonicalEncoder) {
    switch self {
    case .group(let id):
      encoder.encode(UInt8(1))
      encoder.encode(id)
    case .seed(let id, let attempt):
      encoder.encode(UInt8(2))
      encoder.encode(id)
      encoder.encode(attempt)
    case .open(let id, let attempt):
      encoder.encode(UInt8(3))
      encoder.encode(id)
      encoder.encode(attempt)
    case .repairs: encoder.encode(UInt8(4))
    case .window: encoder.encode(UInt8(5))
    case .tick(let id, let attempt, let phase):
      encoder.encode(UInt8(6))
      encoder.encode(id)
      encoder.encode(attempt)
      encoder.encode(phase.rawValue)
    case .vacate(let provider):
      encoder.encode(UInt8(7))
      encoder.encode(provider)
    case .repairDue(let bundle, let slot, let attempt):
      encoder.encode(UInt8(8))
      encoder.encode(bundle)
      encoder.encode(slot)
      encoder.encode(attempt)
    case .forgetKey(let key):
      encoder.encode(UInt8(9))
      encoder.encode(key)
    case .retrievalDue(let id, let extended):
      encoder.encode(UInt8(10))
      encoder.encode(id)
      encoder.encode(extended)
    case .demandDue(let provider, let number, let extended):
      encoder.encode(UInt8(11))
      encoder.encode(provider)
      encoder.encode(number)
      encoder.encode(extended)
    }
  }

  init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let byte = try decoder.decodeUInt8()
    switch byte {
    case 1: self = .group(try decoder.decode())
    case 2: self = .seed(try decoder.decode(), attempt: try decoder.decodeUInt8())
    case 3: self = .open(try decoder.decode(), attempt: try decoder.decodeUInt8())
    case 4: self = .repairs
    case 5: self = .window
    case 6:
      let id: RoundID = try decoder.decode()
      let attempt = try decoder.decodeUInt8()
      let phase = try decoder.decodeUInt8()
      guard let known = RoundRecord.Phase(rawValue: phase) else {
        throw .unknownCase(type: "RoundRecord.Phase", byte: phase)
      }
      self = .tick(id, attempt: attempt, phase: known)
    case 7: self = .vacate(try decoder.decode())
    case 8:
      self = .repairDue(
        try decoder.decode(), slot: try decoder.decodeUInt8(),
        attempt: try decoder.decodeUInt32())
    case 9: self = .forgetKey(try decoder.decode())
    case 10: self = .retrievalDue(try decoder.decode(), extended: try decoder.decodeBool())
    case 11:
      self = .demandDue(
        try decoder.decode(), number: try decoder.decodeUInt64(),
        extended: try decoder.decodeBool())
    default: throw .unknownCase(type: "StorageToken", byte: byte)
    }
  }
}

extension ServiceContext {
  /// Asks for a draw.
  mutating func draw(_ token: StorageToken) { requestDraw(token: token.canonicalBytes()) }

  /// Sets a deadline.
  mutating func wake(_ token: StorageToken, at time: LedgerTime, notBefore height: UInt64 = 0) {
    scheduleWake(at: time, notBefore: height, token: token.canonicalBytes())
  }
}
