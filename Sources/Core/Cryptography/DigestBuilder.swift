import Primitives

import struct Crypto.SHA256
import struct Crypto.SHA256Digest

/// Computes a SHA-256 digest over parts that are fed one after the other.
package struct DigestBuilder: Sendable {
  private var state = SHA256()

  /// Starts a plain SHA-256.
  package init() {}

  /// Starts a digest that means `domain`: the ASCII text `trellis/<domain>/1` and a zero byte go
  /// first, so that bytes hashed for one purpose never pass for another.
  package init(domain: String) {
    var prefix: [UInt8] = []
    prefix.reserveCapacity(domain.utf8.count + 11)
    prefix.append(contentsOf: "trellis/".utf8)
    prefix.append(contentsOf: domain.utf8)
    prefix.append(contentsOf: "/1\0".utf8)
    update(prefix)
  }

  /// Feeds bytes as they are, without a count.
  package mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { state.update(bufferPointer: $0) }
  }

  /// Feeds memory as it is, without copying it.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    state.update(bufferPointer: bytes)
  }

  /// Feeds thirty-two bytes.
  package mutating func update(_ value: Bytes32) {
    value.withUnsafeBytes { state.update(bufferPointer: $0) }
  }

  /// Feeds the thirty-two bytes of a digest, an account or the like.
  package mutating func update(_ value: some Bytes32Wrapper) { update(value.value) }

  /// Feeds an integer, big-endian, at its full width.
  package mutating func update(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.bigEndian) { state.update(bufferPointer: $0) }
  }

  /// The digest of everything fed so far; more can be fed afterwards.
  package func finalize() -> Digest { Digest(state.finalize()) }
}

extension Digest {
  /// Takes over what swift-crypto computed.
  init(_ digest: SHA256Digest) {
    self.init(digest.withUnsafeBytes { Bytes32(buffer: $0) })
  }

  /// SHA-256 of `bytes`.
  package static func sha256(_ bytes: [UInt8]) -> Digest {
    bytes.withUnsafeBytes { sha256($0) }
  }

  /// SHA-256 of memory.
  package static func sha256(_ bytes: UnsafeRawBufferPointer) -> Digest {
    var state = SHA256()
    state.update(bufferPointer: bytes)
    return Digest(state.finalize())
  }

  /// SHA-256 of `trellis/<domain>/1`, a zero byte and the parts, one after the other.
  ///
  /// The parts carry no counts: at most one of them may be of variable length.
  package static func sha256(domain: String, _ parts: [UInt8]...) -> Digest {
    var builder = DigestBuilder(domain: domain)
    for part in parts { builder.update(part) }
    return builder.finalize()
  }
}
