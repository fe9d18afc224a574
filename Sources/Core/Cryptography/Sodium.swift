import CSodium

/// libsodium, ready for use from any thread.
enum Sodium {
  /// Picks the implementations for this processor, once. libsodium's functions also work before
  /// that, but only slowly and without a promise for threads.
  private static let initialized: Bool = sodium_init() >= 0

  /// To be called before the first use of libsodium in every entry point.
  static func prepare() {
    precondition(initialized, "libsodium could not be initialised")
  }
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  guard left.count == right.count else { return false }
  return sodium_memcmp(left, right, left.count) == 0
}
