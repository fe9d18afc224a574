import Primitives

/// Limits how much may flow in a window of epochs; what is above it waits or is refused.
///
/// The allowance is fixed when a window opens, rounded down, so that what flowed out does not
/// change it. Sources: Helium's treasury (20 % in 24 h) and its mint guard (5 × an epoch's mint).
package struct Breaker: Hashable, Sendable {
  package var windowEpochs: UInt64
  /// The allowance as a part of the base (a treasury, an epoch's mint), in parts of 1,000,000.
  package var perMillion: UInt64

  package init(windowEpochs: UInt64, perMillion: UInt64) {
    self.windowEpochs = windowEpochs
    self.perMillion = perMillion
  }

  /// What a breaker remembers.
  package struct Window: Hashable, Sendable {
    /// The epoch in which the window opened; nil before the first.
    package var opened: UInt64?
    package var allowance: Amount = .zero
    package var used: Amount = .zero

    package init() {}
  }

  /// What of `asked` may flow in `epoch`; it is then used up.
  /// - Throws: ``ArithmeticError``.
  package func pass(
    _ asked: Amount, base: Amount, epoch: UInt64, window: inout Window
  ) throws(ArithmeticError) -> Amount {
    let isOver = window.opened.map { epoch.subtractingSaturated($0) >= windowEpochs } ?? true
    if isOver {
      window.opened = epoch
      window.allowance = try base.perMillion(perMillion, rounding: .down)
      window.used = .zero
    }
    let passed = min(asked, window.allowance.subtractingSaturated(window.used))
    window.used = try window.used.adding(passed)
    return passed
  }
}
