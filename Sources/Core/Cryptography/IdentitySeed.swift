import Primitives

/// The one secret of an identity, from which all its keys follow (docs/formats.md, "Keys").
package struct IdentitySeed: Sendable, CustomStringConvertible, CustomReflectable {
  /// The secret itself: for the file that keeps it, never for logs.
  package let value: Bytes32

  package init(_ value: Bytes32) { self.value = value }

  /// Signs ledger transactions; its public key is the account.
  package var ledgerKey: SigningKey { SigningKey(seed: derive("trellis/ledger/1")) }

  /// Seals log records.
  package var indexKey: SymmetricKeyBytes { SymmetricKeyBytes(derive("trellis/index/1")) }

  /// Wraps the data keys of a bucket's objects.
  package func bucketKey(_ name: String) -> SymmetricKeyBytes {
    SymmetricKeyBytes(derive("trellis/bucket/1/" + name))
  }

  /// The S3 access key id: `TRLS` and sixteen base-32 characters.
  package var s3AccessKeyID: String {
    let bytes = KeyDerivation.derive(value, label: "trellis/s3/access/1", byteCount: 10)
    return "TRLS" + BitText.base32.encode(bytes)
  }

  /// The S3 secret access key: forty base-64url characters.
  package var s3SecretKey: String {
    let bytes = KeyDerivation.derive(value, label: "trellis/s3/secret/1", byteCount: 30)
    return BitText.base64URL.encode(bytes)
  }

  /// The secret of an access key that the identity's owner made for somebody else: forty base-64url
  /// characters that follow from the key's id.
  package func s3SecretKey(grantedTo accessKeyID: String) -> String {
    let bytes = KeyDerivation.derive(
      value, label: "trellis/s3/grant/1/" + accessKeyID, byteCount: 30)
    return BitText.base64URL.encode(bytes)
  }

  /// Where recovery looks on the ledger.
  package var recoveryLocator: Digest { Digest(derive("trellis/recovery/1")) }

  /// A node's identity on the node link.
  package var linkKey: SigningKey { SigningKey(seed: derive("trellis/link/1")) }

  /// A validator's key for the beacon.
  package var verifiableRandomKey: VerifiableRandomKey {
    VerifiableRandomKey(seed: derive("trellis/vrf/1"))
  }

  /// The seed of ``consensusKey``: for the file in which a consensus engine keeps it.
  package var consensusKeySeed: Bytes32 { derive("trellis/consensus/1") }

  /// Signs a validator's votes; it moves no money.
  package var consensusKey: SigningKey { SigningKey(seed: consensusKeySeed) }

  private func derive(_ label: String) -> Bytes32 { KeyDerivation.derive(value, label: label) }

  /// Says what it is, not its value.
  package var description: String { "IdentitySeed(secret)" }
  /// Keeps the value out of dumps.
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Text in which each character stands for a fixed number of bits, without padding (RFC 4648).
struct BitText {
  static let base32 = BitText("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", bitsPerCharacter: 5)
  static let base64URL = BitText(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", bitsPerCharacter: 6)

  private let alphabet: [UInt8]
  private let bitsPerCharacter: Int

  private init(_ alphabet: String, bitsPerCharacter: Int) {
    self.alphabet = Array(alphabet.utf8)
    self.bitsPerCharacter = bitsPerCharacter
  }

  func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    var pending = 0
    var pendingBits = 0
    for byte in bytes {
      pending = (pending << 8 | Int(byte)) & 0xFFFF
      pendingBits += 8
      while pendingBits >= bitsPerCharacter {
        pendingBits -= bitsPerCharacter
        text.append(alphabet[pending >> pendingBits & (alphabet.count - 1)])
      }
    }
    if pendingBits > 0 {
      let index = pending << (bitsPerCharacter - pendingBits) & (alphabet.count - 1)
      text.append(alphabet[index])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
