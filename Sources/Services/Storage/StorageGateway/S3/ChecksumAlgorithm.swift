import Crypto
import Foundation
import StorageService

/// A checksum that S3 clients may ask for.
enum ChecksumAlgorithm: String, CaseIterable, Sendable {
  case crc32, crc32c, crc64nvme, sha1, sha256

  /// Reads `CRC32`, `crc32c`, …; nil for anything else.
  init?(name: String) { self.init(rawValue: name.lowercased()) }

  /// The request's and the response's header.
  var header: String { "x-amz-checksum-\(rawValue)" }
  /// As in `x-amz-checksum-algorithm`.
  var apiName: String { rawValue.uppercased() }
  /// The element in documents.
  var element: String { "Checksum\(apiName)" }

  /// Bytes of a value.
  var byteCount: Int {
    switch self {
    case .crc32, .crc32c: 4
    case .crc64nvme: 8
    case .sha1: 20
    case .sha256: 32
    }
  }

  /// The cyclic redundancy check, when it is one.
  var redundancyCheck: CyclicRedundancyCheck.Kind? {
    switch self {
    case .crc32: .crc32
    case .crc32c: .crc32c
    case .crc64nvme: .crc64NVMe
    case .sha1, .sha256: nil
    }
  }

  /// Whether `text` is a value of it in base 64.
  func isValid(_ text: String) -> Bool { Data(base64Encoded: text)?.count == byteCount }

  /// The checksum of `bytes`.
  func hash(_ bytes: [UInt8]) -> [UInt8] {
    var hasher = ChecksumHasher(self)
    bytes.withUnsafeBytes { hasher.update($0) }
    return hasher.finalize()
  }
}

/// Computes one checksum over a stream.
struct ChecksumHasher {
  private enum State {
    case check(CyclicRedundancyCheck)
    case sha1(Insecure.SHA1)
    case sha256(SHA256)
  }

  let algorithm: ChecksumAlgorithm
  private var state: State

  init(_ algorithm: ChecksumAlgorithm) {
    self.algorithm = algorithm
    switch algorithm {
    case .crc32: state = .check(CyclicRedundancyCheck(.crc32))
    case .crc32c: state = .check(CyclicRedundancyCheck(.crc32c))
    case .crc64nvme: state = .check(CyclicRedundancyCheck(.crc64NVMe))
    case .sha1: state = .sha1(Insecure.SHA1())
    case .sha256: state = .sha256(SHA256())
    }
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    switch state {
    case .check(var check):
      check.update(bytes)
      state = .check(check)
    case .sha1(var hasher):
      hasher.update(bufferPointer: bytes)
      state = .sha1(hasher)
    case .sha256(var hasher):
      hasher.update(bufferPointer: bytes)
      state = .sha256(hasher)
    }
  }

  func finalize() -> [UInt8] {
    switch state {
    case .check(let check): check.bytes
    case .sha1(let hasher): Array(hasher.finalize())
    case .sha256(let hasher): Array(hasher.finalize())
    }
  }
}

extension [UInt8] {
  /// These bytes in base 64.
  var base64: String { Data(self).base64EncodedString() }
}

/// The checksum of an object that was uploaded in parts, from its parts' checksums.
enum MultipartChecksum {
  /// The checksum of the parts' checksums, with `-count` behind it.
  static func composite(
    _ algorithm: ChecksumAlgorithm, parts: [[UInt8]]
  ) -> ObjectChecksum {
    ObjectChecksum(
      algorithm: algorithm.rawValue,
      value: "\(algorithm.hash(parts.flatMap { $0 }).base64)-\(parts.count)", isComposite: true)
  }

  /// The checksum of the whole bytes; nil for a hash, which cannot be combined.
  static func fullObject(
    _ algorithm: ChecksumAlgorithm, parts: [(bytes: [UInt8], length: UInt64)]
  ) -> ObjectChecksum? {
    guard let kind = algorithm.redundancyCheck else { return nil }
    var whole: UInt64 = 0
    for part in parts {
      let value = part.bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      whole = CyclicRedundancyCheck.combine(kind, whole, value, rightLength: part.length)
    }
    let bytes = (0..<kind.byteCount).map {
      UInt8(truncatingIfNeeded: whole >> (8 * (kind.byteCount - 1 - $0)))
    }
    return ObjectChecksum(algorithm: algorithm.rawValue, value: bytes.base64, isComposite: false)
  }
}
