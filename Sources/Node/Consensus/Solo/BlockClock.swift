import Foundation

/// The two clocks that a driver needs, and how it waits: injected, so that tests decide the time.
package protocol BlockClock: Sendable {
  /// Wall-clock time in milliseconds since 1970. May jump either way.
  func wallMilliseconds() -> UInt64
  /// Milliseconds that never jump and never fall, from any starting point.
  func steadyMilliseconds() -> UInt64
  /// Waits until the steady clock shows at least `steady`.
  /// - Throws: `CancellationError`.
  func sleep(untilSteady steady: UInt64) async throws
}

/// The machine's clocks.
package struct SystemBlockClock: BlockClock {
  private let origin = ContinuousClock.now

  package init() {}

  package func wallMilliseconds() -> UInt64 {
    UInt64(max(0, Date().timeIntervalSince1970 * 1000))
  }

  package func steadyMilliseconds() -> UInt64 {
    let elapsed = origin.duration(to: .now).components
    // Not from 0, so that there is room before it for a block made before the process began.
    return 3_600_000 + UInt64(max(0, elapsed.seconds)) * 1000
      + UInt64(max(0, elapsed.attoseconds / 1_000_000_000_000_000))
  }

  package func sleep(untilSteady steady: UInt64) async throws {
    let now = steadyMilliseconds()
    if steady > now { try await Task.sleep(for: .milliseconds(Int64(clamping: steady - now))) }
  }
}
