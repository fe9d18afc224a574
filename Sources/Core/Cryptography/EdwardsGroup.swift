import CSodium

import struct Crypto.SHA512

/// SHA-512 over parts.
enum SHA512Hash {
  /// The 64 bytes of SHA-512 of the parts, one after the other.
  static func of(_ parts: [UInt8]...) -> [UInt8] {
    var state = SHA512()
    for part in parts { part.withUnsafeBytes { state.update(bufferPointer: $0) } }
    return state.finalize().withUnsafeBytes { Array($0) }
  }
}

/// The group of Ed25519 as libsodium has it. Points and scalars are 32 bytes each; nil stands for
/// what libsodium refuses.
enum EdwardsGroup {
  /// Whether a point is canonical, on the curve and of prime order.
  static func isValidPoint(_ point: [UInt8]) -> Bool {
    Sodium.prepare()
    return crypto_core_ed25519_is_valid_point(point) == 1
  }

  /// Eight times a point of any order; nil when it is not on the curve or is of small order.
  static func clearCofactor(_ point: [UInt8]) -> [UInt8]? {
    Sodium.prepare()
    var result = point
    for _ in 0..<3 {
      var doubled = [UInt8](repeating: 0, count: 32)
      guard crypto_core_ed25519_add(&doubled, result, result) == 0 else { return nil }
      result = doubled
    }
    let identity: [UInt8] = [1] + [UInt8](repeating: 0, count: 31)
    return result == identity ? nil : result
  }

  /// scalar · point; nil for a zero scalar or a point that is not of prime order.
  static func multiply(_ point: [UInt8], by scalar: [UInt8]) -> [UInt8]? {
    var result = [UInt8](repeating: 0, count: 32)
    return crypto_scalarmult_ed25519_noclamp(&result, scalar, point) == 0 ? result : nil
  }

  /// scalar · B; nil for a zero scalar.
  static func multiplyBase(by scalar: [UInt8]) -> [UInt8]? {
    var result = [UInt8](repeating: 0, count: 32)
    return crypto_scalarmult_ed25519_base_noclamp(&result, scalar) == 0 ? result : nil
  }

  /// left − right.
  static func subtract(_ left: [UInt8], _ right: [UInt8]) -> [UInt8]? {
    var result = [UInt8](repeating: 0, count: 32)
    return crypto_core_ed25519_sub(&result, left, right) == 0 ? result : nil
  }

  /// A little-endian number of at most 64 bytes, modulo the group's order.
  static func reduce(_ number: [UInt8]) -> [UInt8] {
    let padded = number + [UInt8](repeating: 0, count: 64 - number.count)
    var result = [UInt8](repeating: 0, count: 32)
    crypto_core_ed25519_scalar_reduce(&result, padded)
    return result
  }

  /// Whether a scalar is smaller than the group's order.
  static func isReduced(_ scalar: [UInt8]) -> Bool { reduce(scalar) == scalar }

  /// left + right, modulo the group's order.
  static func add(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: 32)
    crypto_core_ed25519_scalar_add(&result, left, right)
    return result
  }

  /// left × right, modulo the group's order.
  static func multiplyScalars(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: 32)
    crypto_core_ed25519_scalar_mul(&result, left, right)
    return result
  }
}
