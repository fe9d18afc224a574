import Locks
import Metrics
import Primitives

/// Keeps a provider within its operator's limits: asked before work is taken.
///
/// It limits what customers ask for. A provider's proofs go to the ledger and are never held back:
/// an operator's quiet hours must not look like lost data.
package final class LimitGuard: Sendable {
  /// The smallest burst that a rate limit lets pass at once: two frames of the link.
  package static let smallestBurstBytes: UInt64 = 4 << 20

  package let limits: ProviderLimits
  private let meter: TransferMeter
  private let unixMilliseconds: @Sendable () -> UInt64
  private let nanoseconds: @Sendable () -> UInt64
  private let bucket: Locked<TokenBucket?>

  /// - Parameters:
  ///   - unixMilliseconds: the wall clock, for months and hours.
  ///   - nanoseconds: a clock that never goes back, for the rate.
  package init(
    limits: ProviderLimits, meter: TransferMeter,
    unixMilliseconds: @escaping @Sendable () -> UInt64,
    nanoseconds: @escaping @Sendable () -> UInt64
  ) {
    self.limits = limits
    self.meter = meter
    self.unixMilliseconds = unixMilliseconds
    self.nanoseconds = nanoseconds
    bucket = Locked(
      limits.bytesPerSecond.map { rate in
        TokenBucket(
          perSecond: rate, capacity: max(rate, Self.smallestBurstBytes),
          nowNanoseconds: nanoseconds())
      })
  }

  /// Asks to receive and keep `bytes`, with `stored` on the disk already. Counts them when it may.
  /// - Throws: ``LimitRefusal``, or ``AtomicFile/Failure`` when the count cannot be kept.
  package func admitStore(bytes: UInt64, stored: UInt64) throws {
    try refusing {
      try limits.checkDisk(adding: bytes, to: stored)
      try admit(sent: 0, received: bytes)
    }
  }

  /// Asks to send `bytes` to a customer. Counts them when it may.
  /// - Throws: ``LimitRefusal``, or ``AtomicFile/Failure`` when the count cannot be kept.
  package func admitSend(bytes: UInt64) throws {
    try refusing { try admit(sent: bytes, received: 0) }
  }

  /// Counts bytes that had to flow whatever the limits say, such as a repair that the ledger named.
  /// - Throws: ``AtomicFile/Failure`` when the count cannot be kept.
  package func countRegardless(sent: UInt64 = 0, received: UInt64 = 0) throws {
    try meter.count(sent: sent, received: received, unixMilliseconds: unixMilliseconds())
  }

  /// What was transferred in the running month.
  package var totals: TransferTotals { meter.totals(unixMilliseconds: unixMilliseconds()) }

  private func admit(sent: UInt64, received: UInt64) throws {
    let now = unixMilliseconds()
    let bytes = sent.addingSaturated(received)
    try limits.checkHours(unixMilliseconds: now)
    try meter.count(sent: sent, received: received, unixMilliseconds: now) { totals in
      try limits.checkMonth(adding: bytes, to: totals.bytes, month: totals.month)
      // Last, so that a refusal by another limit takes no tokens.
      try takeTokens(bytes, now: now)
    }
  }

  private func takeTokens(_ bytes: UInt64, now: UInt64) throws(LimitRefusal) {
    guard let rate = limits.bytesPerSecond else { return }
    let wait = bucket.withLock { $0?.take(bytes, nowNanoseconds: nanoseconds()) }
    guard let wait else { return }
    if wait == .max {
      throw LimitRefusal(
        .rate, "\(bytes) bytes at once are more than \(rate) bytes a second allow.")
    }
    let milliseconds = wait / 1_000_000 + 1
    throw LimitRefusal(
      .rate, "The rate of \(rate) bytes a second is used up; it lifts in \(milliseconds) ms.",
      liftsAtUnixMilliseconds: now.addingSaturated(milliseconds))
  }

  private func refusing(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let refusal as LimitRefusal {
      Counter(label: "provider_limit_refusals", dimensions: [("limit", refusal.limit.rawValue)])
        .increment()
      throw refusal
    }
  }
}
