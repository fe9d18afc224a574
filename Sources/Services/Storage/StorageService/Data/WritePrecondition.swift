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
  /// There is none with this entity tag (`If-None-Match`).
  case unlessETag(String)
  /// There is one with all that is named (a deletion's `If-Match`, time and size).
  case ifExpected(Expected)

  /// What a present object is expected to be; nil stands for anything.
  package struct Expected: Hashable, Sendable, CanonicalCodable {
    package var etag: String?
    /// When it was written, in whole seconds since 1970.
    package var modifiedSeconds: UInt64?
    package var length: UInt64?

    package init(etag: String? = nil, modifiedSeconds: UInt64? = nil, length: UInt64? = nil) {
      self.etag = etag
      self.modifiedSeconds = modifiedSeconds
      self.length = length
    }

    package func encode(into encoder: inout CanonicalEncoder) {
      encoder.encode(etag != nil)
      if let etag { encoder.encode(etag) }
      encoder.encode(modifiedSeconds != nil)
      if let modifiedSeconds { encoder.encode(modifiedSeconds) }
      encoder.encode(length != nil)
      if let length { encoder.encode(length) }
    }

    package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
      etag = try decoder.decodeBool() ? try decoder.decodeString(limit: 128) : nil
      modifiedSeconds = try decoder.decodeBool() ? try decoder.decodeUInt64() : nil
      length = try decoder.decodeBool() ? try decoder.decodeUInt64() : nil
    }
  }

  /// What a condition says of the present object.
  package enum Outcome: Hashable, Sendable { case holds, failed, noSuchKey }

  /// Evaluates the condition; nil stands for no object.
  package func evaluate(
    _ current: (etag: String, modifiedMilliseconds: UInt64, length: UInt64)?
  ) -> Outcome {
    switch self {
    case .none: return .holds
    case .ifAbsent: return current == nil ? .holds : .failed
    case .ifPresent: return current == nil ? .noSuchKey : .holds
    case .ifETag(let expected):
      guard let current else { return .noSuchKey }
      return current.etag == expected ? .holds : .failed
    case .unlessETag(let other): return current?.etag == other ? .failed : .holds
    case .ifExpected(let expected):
      guard let current else { return .noSuchKey }
      let isAsExpected =
        expected.etag.map { $0 == current.etag } ?? true
        && expected.modifiedSeconds.map { $0 == current.modifiedMilliseconds / 1_000 } ?? true
        && expected.length.map { $0 == current.length } ?? true
      return isAsExpected ? .holds : .failed
    }
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    switch self {
    case .none: encoder.encode(UInt8(0))
    case .ifAbsent: encoder.encode(UInt8(1))
    case .ifETag(let tag):
      encoder.encode(UInt8(2))
      encoder.encode(tag)
    case .ifPresent: encoder.encode(UInt8(3))
    case .unlessETag(let tag):
      encoder.encode(UInt8(4))
      encoder.encode(tag)
    case .ifExpected(let expected):
      encoder.encode(UInt8(5))
      encoder.encode(expected)
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    switch try decoder.decodeUInt8() {
    case 0: self = .none
    case 1: self = .ifAbsent
    case 2: self = .ifETag(try decoder.decodeString(limit: 128))
    case 3: self = .ifPresent
    case 4: self = .unlessETag(try decoder.decodeString(limit: 128))
    case 5: self = .ifExpected(try decoder.decode())
    case let byte: throw .unknownCase(type: "WritePrecondition", byte: byte)
    }
  }
}
