import Locks

/// Whether the owner wants no new work: looked up with each block, and known in between.
final class PauseSwitch: Sendable {
  private let ask: @Sendable () -> Bool
  private let last = Locked(false)

  init(_ ask: @escaping @Sendable () -> Bool) { self.ask = ask }

  /// What was seen last.
  var isPaused: Bool { last.withLock { $0 } }

  /// Looks again.
  func look() -> Bool {
    let now = ask()
    last.withLock { $0 = now }
    return now
  }
}
