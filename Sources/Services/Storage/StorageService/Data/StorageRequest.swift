import Primitives
import ServiceKit

/// What is asked of a storage provider over the node link. Large bytes are not part of it: they
/// follow as the message's raw tail (see ``LinkMessage``).
package enum StorageRequest: Hashable, Sendable, CanonicalCodable {
  /// Append the tail to a shard.
  case append(Signed<AppendOrder>)
  /// Read a range of a shard, with its proof.
  case read(Signed<ReadOrder>)
  /// The tail is a part of a bundle's manifest.
  case putManifest(ManifestPart)
  /// Send a part of a bundle's manifest.
  case getManifest(key: Digest, offset: UInt32)
  /// Do something with staged data, or countersign.
  case control(Signed<ControlOrder>)
  /// Canonical bytes of a signed voucher.
  case voucher([UInt8])
  /// How are you?
  case status

  package func encode(into encoder: inout CanonicalEncoder) {
    switch self {
    case .append(let order):
      encoder.encode(UInt8(1))
      encoder.encode(order)
    case .read(let order):
      encoder.encode(UInt8(2))
      encoder.encode(order)
    case .putManifest(let part):
      encoder.encode(UInt8(3))
      encoder.encode(part)
    case .getManifest(let key, let offset):
      encoder.encode(UInt8(4))
      encoder.encode(key)
      encoder.encode(offset)
    case .control(let order):
      encoder.encode(UInt8(5))
      encoder.encode(order)
    case .voucher(let bytes):
      encoder.encode(UInt8(6))
      encoder.encode(bytes)
    case .status: encoder.encode(UInt8(7))
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    switch try decoder.decodeUInt8() {
    case 1: self = .append(try decoder.decode())
    case 2: self = .read(try decoder.decode())
    case 3: self = .putManifest(try decoder.decode())
    case 4: self = .getManifest(key: try decoder.decode(), offset: try decoder.decodeUInt32())
    case 5: self = .control(try decoder.decode())
    case 6: self = .voucher(try decoder.decodeBytes(limit: 4_096))
    case 7: self = .status
    case let byte: throw .unknownCase(type: "StorageRequest", byte: byte)
    }
  }
}

/// A part of a manifest; its bytes are the message's tail.
package struct ManifestPart: Hashable, Sendable, CanonicalCodable {
  /// The largest manifest: 16,384 segments with twelve roots each fit.
  package static let manifestByteLimit: UInt32 = 16 << 20
  /// The most bytes of one part.
  package static let partByteLimit = 1 << 20

  /// The hash of the whole manifest.
  package let key: Digest
  /// Bytes of the whole manifest.
  package let totalBytes: UInt32
  /// Where this part begins.
  package let offset: UInt32

  package init(key: Digest, totalBytes: UInt32, offset: UInt32) {
    self.key = key
    self.totalBytes = totalBytes
    self.offset = offset
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(key)
    encoder.encode(totalBytes)
    encoder.encode(offset)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    key = try decoder.decode()
    totalBytes = try decoder.decodeUInt32()
    offset = try decoder.decodeUInt32()
    guard totalBytes <= Self.manifestByteLimit, offset <= totalBytes else {
      throw .invalid("a manifest part at \(offset) of \(totalBytes) bytes")
    }
  }
}
