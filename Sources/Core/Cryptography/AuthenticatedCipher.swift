import Primitives

import enum Crypto.AES
import struct Crypto.SymmetricKey

/// Why sealed bytes were not opened.
package enum CipherError: Error, Hashable, Sendable {
  /// The tag does not fit: another key, nonce or context, or changed bytes.
  case notAuthentic
  /// Fewer bytes than a tag has, or buffers whose lengths do not go together.
  case wrongLength(count: Int)
}

/// AES-256-GCM: 12-byte nonces that never repeat under a key, 16-byte tags behind the cipher text.
package enum AuthenticatedCipher {
  /// How many bytes sealing adds.
  package static let tagByteCount = 16
  /// How long a nonce is.
  package static let nonceByteCount = 12

  /// Seals `plain`: cipher text and tag.
  /// - Precondition: the nonce has 12 bytes and is not used again under the key.
  package static func seal(
    _ plain: [UInt8], key: SymmetricKeyBytes, nonce: [UInt8], authenticating context: [UInt8]
  ) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: plain.count + tagByteCount) { buffer, count in
      plain.withUnsafeBytes {
        seal(
          $0, key: key, nonce: nonce, authenticating: context,
          into: UnsafeMutableRawBufferPointer(
            start: buffer.baseAddress, count: plain.count + tagByteCount))
      }
      count = plain.count + tagByteCount
    }
  }

  /// Opens what ``seal(_:key:nonce:authenticating:)`` made.
  /// - Throws: ``CipherError``.
  package static func open(
    _ sealed: [UInt8], key: SymmetricKeyBytes, nonce: [UInt8], authenticating context: [UInt8]
  ) throws(CipherError) -> [UInt8] {
    guard sealed.count >= tagByteCount else { throw .wrongLength(count: sealed.count) }
    var plain = [UInt8](repeating: 0, count: sealed.count - tagByteCount)
    var failure: CipherError?
    plain.withUnsafeMutableBytes { target in
      sealed.withUnsafeBytes { source in
        do throws(CipherError) {
          try open(source, key: key, nonce: nonce, authenticating: context, into: target)
        } catch { failure = error }
      }
    }
    if let failure { throw failure }
    return plain
  }

  /// Seals memory into memory.
  /// - Precondition: `target` has 16 bytes more than `plain`, the nonce 12 bytes.
  package static func seal(
    _ plain: UnsafeRawBufferPointer, key: SymmetricKeyBytes, nonce: [UInt8],
    authenticating context: [UInt8], into target: UnsafeMutableRawBufferPointer
  ) {
    precondition(nonce.count == nonceByteCount && target.count == plain.count + tagByteCount)
    do {
      let box = try AES.GCM.seal(
        plain, using: symmetric(key), nonce: AES.GCM.Nonce(data: nonce), authenticating: context)
      box.ciphertext.withUnsafeBytes { target.copyMemory(from: $0) }
      box.tag.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(rebasing: target[plain.count...]).copyMemory(from: $0)
      }
    } catch {
      preconditionFailure("AES-GCM cannot refuse a 32-byte key and a 12-byte nonce: \(error)")
    }
  }

  /// Opens memory into memory; writes nothing when it is not authentic.
  /// - Throws: ``CipherError``.
  package static func open(
    _ sealed: UnsafeRawBufferPointer, key: SymmetricKeyBytes, nonce: [UInt8],
    authenticating context: [UInt8], into target: UnsafeMutableRawBufferPointer
  ) throws(CipherError) {
    guard nonce.count == nonceByteCount, sealed.count == target.count + tagByteCount else {
      throw .wrongLength(count: sealed.count)
    }
    do {
      let box = try AES.GCM.SealedBox(
        nonce: AES.GCM.Nonce(data: nonce),
        ciphertext: UnsafeRawBufferPointer(rebasing: sealed[..<target.count]),
        tag: UnsafeRawBufferPointer(rebasing: sealed[target.count...]))
      let plain = try AES.GCM.open(box, using: symmetric(key), authenticating: context)
      plain.withUnsafeBytes { target.copyMemory(from: $0) }
    } catch {
      throw .notAuthentic
    }
  }

  private static func symmetric(_ key: SymmetricKeyBytes) -> SymmetricKey {
    key.value.withUnsafeBytes { SymmetricKey(data: $0) }
  }
}
