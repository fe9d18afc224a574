import Primitives

/// What must hold of the key's present object for a mutation to have an effect.
///
/// The index evaluates it when it applies the record, in the transaction that publishes the change,
/// so that of many concurrent writers exactly one sees its condition hold; and again, with the same
/// result, when the log is replayed.
package enum WritePrecondition: Hashable, Sendable, CanonicalCodable {
  /// Nothing.
  case none
  /// There is no object (`If-None-Match: *`).
  case ifAbsent
  /// There is one with this entity tag, without quotes (`If-Match`).
  case ifETag(String)
  /// There is one (`If-Match: *`).
  case ifPresent

  package func encode(into encoder: inout CanonicalEncoder) {
    switch self {
    case .none: encoder.encode(UInt8(0))
    case .ifAbsent: encoder.encode(UInt8(1))
    case .ifETag(let tag):
      encoder.encode(UInt8(2))
      encoder.encode(tag)
    case .ifPresent: encoder.encode(UInt8(3))
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    switch try decoder.decodeUInt8() {
    case 0: self = .none
    case 1: self = .ifAbsent
    case 2: self = .ifETag(try decoder.decodeString(limit: 128))
    case 3: self = .ifPresent
    case let byte: throw .unknownCase(type: "WritePrecondition", byte: byte)
    }
  }
}
