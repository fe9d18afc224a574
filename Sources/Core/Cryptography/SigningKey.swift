import CSodium
import Primitives

/// An Ed25519 key pair. Never printed.
package struct SigningKey: Sendable, CustomStringConvertible, CustomReflectable {
  private let seed: Bytes32
  /// The public key, which is the account.
  package let accountID: AccountID

  /// The key pair that belongs to a 32-byte secret seed (RFC 8032).
  package init(seed: Bytes32) {
    Sodium.prepare()
    var publicKey = [UInt8](repeating: 0, count: 32)
    var secretKey = [UInt8](repeating: 0, count: 64)
    let failed = crypto_sign_seed_keypair(&publicKey, &secretKey, seed.bytes)
    sodium_memzero(&secretKey, secretKey.count)
    precondition(failed == 0, "crypto_sign_seed_keypair cannot fail")
    self.seed = seed
    accountID = AccountID(publicKey.withUnsafeBytes { Bytes32(buffer: $0) })
  }

  /// Signs the bytes as they are.
  package func sign(_ message: [UInt8]) -> Signature {
    message.withUnsafeBytes { sign($0) }
  }

  /// Signs SHA-256(`trellis/<domain>/1` ‖ 0 ‖ message).
  package func sign(domain: String, _ message: [UInt8]) -> Signature {
    Digest.sha256(domain: domain, message).value.withUnsafeBytes { sign($0) }
  }

  private func sign(_ message: UnsafeRawBufferPointer) -> Signature {
    var secretKey = seed.bytes + accountID.bytes
    defer { sodium_memzero(&secretKey, secretKey.count) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let failed = crypto_sign_detached(
      &bytes, nil, message.bindMemory(to: UInt8.self).baseAddress, UInt64(message.count), secretKey)
    guard failed == 0, let signature = Signature(bytes: bytes) else {
      preconditionFailure("crypto_sign_detached cannot fail")
    }
    return signature
  }

  /// The account only.
  package var description: String { "SigningKey(\(accountID))" }
  /// Keeps the seed out of dumps.
  package var customMirror: Mirror { Mirror(self, children: ["accountID": accountID]) }
}

extension AccountID {
  /// Whether `signature` is this account's over `message`.
  ///
  /// libsodium's verdict and no other library's: it refuses small-order and non-canonical points
  /// and non-canonical scalars, and two libraries that differ on one signature split a ledger.
  package func verifies(_ signature: Signature, of message: [UInt8]) -> Bool {
    message.withUnsafeBytes { verifies(signature, of: $0) }
  }

  /// Whether `signature` is this account's over SHA-256(`trellis/<domain>/1` ‖ 0 ‖ message).
  package func verifies(_ signature: Signature, domain: String, of message: [UInt8]) -> Bool {
    Digest.sha256(domain: domain, message).value.withUnsafeBytes { verifies(signature, of: $0) }
  }

  /// Whether `signature` is this account's over the memory.
  package func verifies(_ signature: Signature, of message: UnsafeRawBufferPointer) -> Bool {
    Sodium.prepare()
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 96) { bytes in
      let raw = UnsafeMutableRawBufferPointer(bytes)
      signature.r.withUnsafeBytes { raw.copyMemory(from: $0) }
      signature.s.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(rebasing: raw[32...]).copyMemory(from: $0)
      }
      value.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(rebasing: raw[64...]).copyMemory(from: $0)
      }
      guard let start = bytes.baseAddress else { return false }
      return crypto_sign_verify_detached(
        start, message.bindMemory(to: UInt8.self).baseAddress, UInt64(message.count), start + 64)
        == 0
    }
  }
}
