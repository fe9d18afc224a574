import Foundation

/// Random bytes from the system.
enum RandomBytes {
  /// `count` bytes that nobody can guess.
  static func make(count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }
}

/// The machine's clock, for times that clients see; never for the ledger's.
enum UnixTime {
  /// Milliseconds since 1970.
  static func milliseconds() -> UInt64 {
    UInt64(max(0, Date().timeIntervalSince1970 * 1000))
  }
}
