import Foundation

/// The machine's clocks, as the parts that are handed a clock take them.
enum SystemTime {
  private static let origin = ContinuousClock.now

  /// The wall clock, in milliseconds since 1970.
  static let unixMilliseconds: @Sendable () -> UInt64 = {
    UInt64(max(0, Date().timeIntervalSince1970 * 1000))
  }

  /// A clock that never goes back, in nanoseconds from any start.
  static let steadyNanoseconds: @Sendable () -> UInt64 = {
    let elapsed = origin.duration(to: .now).components
    return UInt64(max(0, elapsed.seconds)) * 1_000_000_000
      + UInt64(max(0, elapsed.attoseconds / 1_000_000_000))
  }
}
