import Primitives

import struct Crypto.HKDF
import struct Crypto.SHA256
import struct Crypto.SymmetricKey

/// HKDF-SHA256 (RFC 5869) with fixed labels.
package enum KeyDerivation {
  /// `byteCount` bytes out of a secret, for the purpose that `label` names; salt `trellis`.
  /// - Precondition: at most 8,160 bytes.
  package static func derive(_ secret: Bytes32, label: String, byteCount: Int) -> [UInt8] {
    derive(
      secret.bytes, salt: Array("trellis".utf8), info: Array(label.utf8), byteCount: byteCount)
  }

  /// Thirty-two bytes out of a secret, for the purpose that `label` names; salt `trellis`.
  package static func derive(_ secret: Bytes32, label: String) -> Bytes32 {
    derive(secret, label: label, byteCount: 32).withUnsafeBytes { Bytes32(buffer: $0) }
  }

  /// RFC 5869 as it stands.
  static func derive(
    _ secret: [UInt8], salt: [UInt8], info: [UInt8], byteCount: Int
  ) -> [UInt8] {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: secret), salt: salt, info: info,
      outputByteCount: byteCount
    ).withUnsafeBytes { Array($0) }
  }
}
