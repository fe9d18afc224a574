import NIOCore

/// When a client may try to connect again, as a value.
struct LinkBackoff {
  private let firstSeconds: Double
  private let longestSeconds: Double
  private var failures = 0
  private var notBefore: NIODeadline?
  private var lastReason = ""

  init(firstSeconds: Double, longestSeconds: Double) {
    self.firstSeconds = firstSeconds
    self.longestSeconds = longestSeconds
  }

  /// Why no attempt is made now, or nil when one may be made.
  func refusal(now: NIODeadline) -> String? {
    guard let notBefore, now < notBefore else { return nil }
    let milliseconds = (notBefore - now).nanoseconds / 1_000_000
    return "\(lastReason) (next attempt in \(milliseconds) ms)"
  }

  mutating func succeeded() {
    failures = 0
    notBefore = nil
  }

  mutating func failed(
    reason: String, now: NIODeadline, using generator: inout some RandomNumberGenerator
  ) {
    failures += 1
    lastReason = reason
    let doublings = Double(min(failures - 1, 30))
    var full = firstSeconds
    for _ in 0..<Int(doublings) where full < longestSeconds { full *= 2 }
    full = min(full, longestSeconds)
    let pause = full * Double.random(in: 0.5...1, using: &generator)
    notBefore = now + LinkTimers.amount(pause)
  }
}
