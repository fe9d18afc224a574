/// A rate limit: tokens fill up with time to a limit, work takes them out. A value; the time is an
/// argument.
package struct TokenBucket: Sendable, Hashable {
  /// Tokens that come in a second.
  package let perSecond: UInt64
  /// The most that gather.
  package let capacity: UInt64
  private var tokens: Double
  private var updatedAt: UInt64

  /// A full bucket.
  /// - Parameter now: nanoseconds of a clock that never goes back.
  package init(perSecond: UInt64, capacity: UInt64, nowNanoseconds now: UInt64) {
    self.perSecond = perSecond
    self.capacity = capacity
    tokens = Double(capacity)
    updatedAt = now
  }

  /// Takes `count` tokens if they are there. Otherwise takes nothing and returns after how many
  /// nanoseconds they will be; `UInt64.max` when they never will.
  package mutating func take(_ count: UInt64, nowNanoseconds now: UInt64) -> UInt64? {
    if now > updatedAt {
      let gained = Double(now - updatedAt) * Double(perSecond) / 1e9
      tokens = min(Double(capacity), tokens + gained)
      updatedAt = now
    }
    if Double(count) <= tokens {
      tokens -= Double(count)
      return nil
    }
    guard count <= capacity, perSecond > 0 else { return .max }
    return UInt64((Double(count) - tokens) / Double(perSecond) * 1e9) + 1
  }
}
