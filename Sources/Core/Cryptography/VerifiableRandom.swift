import CSodium
import Primitives

/// A key whose holder draws numbers that nobody can choose and everybody can check:
/// ECVRF-EDWARDS25519-SHA512-TAI of RFC 9381, over libsodium's group functions.
package struct VerifiableRandomKey: Sendable, CustomStringConvertible, CustomReflectable {
  /// The secret scalar x of RFC 8032, reduced modulo the group's order.
  private let scalar: [UInt8]
  /// The second half of SHA-512(seed), from which nonces follow.
  private let noncePrefix: [UInt8]
  /// The point Y = x·B.
  package let publicKey: Bytes32

  /// The key that belongs to a 32-byte secret seed; the public key is the same as Ed25519's.
  package init(seed: Bytes32) {
    let hashed = SHA512Hash.of(seed.bytes)
    var clamped = Array(hashed[..<32])
    clamped[0] &= 248
    clamped[31] = clamped[31] & 127 | 64
    scalar = EdwardsGroup.reduce(clamped)
    noncePrefix = Array(hashed[32...])
    publicKey = SigningKey(seed: seed).accountID.value
  }

  /// Draws the number that belongs to `alpha`, with its proof.
  package func prove(_ alpha: [UInt8]) -> VerifiableRandomProof {
    let y = publicKey.bytes
    let h = VerifiableRandom.encodeToCurve(salt: y, alpha: alpha)
    let k = EdwardsGroup.reduce(SHA512Hash.of(noncePrefix, h))
    guard let gamma = EdwardsGroup.multiply(h, by: scalar),
      let u = EdwardsGroup.multiplyBase(by: k),
      let v = EdwardsGroup.multiply(h, by: k)
    else { preconditionFailure("a hash was zero or not of prime order") }
    let c = VerifiableRandom.challenge(y, h, gamma, u, v)
    let s = EdwardsGroup.add(k, EdwardsGroup.multiplyScalars(VerifiableRandom.widen(c), scalar))
    guard let proof = VerifiableRandomProof(bytes: gamma + c + s) else {
      preconditionFailure("a proof has 80 bytes")
    }
    return proof
  }

  /// The public key only.
  package var description: String { "VerifiableRandomKey(\(publicKey.hex))" }
  /// Keeps the secret out of dumps.
  package var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}

/// The proof that a drawn number belongs to a public key and an input: gamma (32 bytes), the
/// challenge (16) and s (32).
package struct VerifiableRandomProof: Hashable, Sendable, CanonicalCodable {
  /// How long a proof is.
  package static let byteCount = 80

  /// The eighty bytes.
  package let bytes: [UInt8]

  /// Takes the bytes over, unverified; nil when there are not eighty.
  package init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// The 64 bytes drawn, or nil when the proof does not verify.
  ///
  /// Stricter than RFC 9381 in that the key and gamma must be of prime order, which honest ones
  /// are.
  package func output(publicKey: Bytes32, alpha: [UInt8]) -> [UInt8]? {
    let y = publicKey.bytes
    let gamma = Array(bytes[..<32])
    let c = Array(bytes[32..<48])
    let s = Array(bytes[48...])
    guard EdwardsGroup.isValidPoint(y), EdwardsGroup.isValidPoint(gamma),
      EdwardsGroup.isReduced(s)
    else { return nil }
    let h = VerifiableRandom.encodeToCurve(salt: y, alpha: alpha)
    let wideC = VerifiableRandom.widen(c)
    guard let sB = EdwardsGroup.multiplyBase(by: s),
      let cY = EdwardsGroup.multiply(y, by: wideC),
      let sH = EdwardsGroup.multiply(h, by: s),
      let cGamma = EdwardsGroup.multiply(gamma, by: wideC),
      let u = EdwardsGroup.subtract(sB, cY), let v = EdwardsGroup.subtract(sH, cGamma),
      VerifiableRandom.challenge(y, h, gamma, u, v) == c
    else { return nil }
    return VerifiableRandom.output(gamma: gamma)
  }

  package func encode(into encoder: inout CanonicalEncoder) { encoder.append(raw: bytes) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bytes = try decoder.decodeRaw(count: Self.byteCount)
  }
}

/// The functions of RFC 9381, section 5.4, for suite 3.
private enum VerifiableRandom {
  private static let suite: UInt8 = 3

  /// ECVRF_encode_to_curve_try_and_increment (5.4.1.1).
  static func encodeToCurve(salt: [UInt8], alpha: [UInt8]) -> [UInt8] {
    // Each try succeeds with probability 1/2: 256 failures do not happen.
    for counter in UInt8.min...UInt8.max {
      let hash = SHA512Hash.of([suite, 1], salt, alpha, [counter, 0])
      if let point = EdwardsGroup.clearCofactor(Array(hash[..<32])) { return point }
    }
    preconditionFailure("256 hashes in a row were no points")
  }

  /// ECVRF_challenge_generation (5.4.3).
  static func challenge(_ points: [UInt8]...) -> [UInt8] {
    var input: [UInt8] = [suite, 2]
    for point in points { input += point }
    return Array(SHA512Hash.of(input, [0])[..<16])
  }

  /// ECVRF_proof_to_hash (5.2).
  static func output(gamma: [UInt8]) -> [UInt8]? {
    guard let cleared = EdwardsGroup.clearCofactor(gamma) else { return nil }
    return SHA512Hash.of([suite, 3], cleared, [0])
  }

  /// A 16-byte challenge as a 32-byte scalar.
  static func widen(_ challenge: [UInt8]) -> [UInt8] {
    challenge + [UInt8](repeating: 0, count: 16)
  }
}
