import Foundation
import Simulator
import Synchronization

/// Shows how far a simulation is, on standard error, and knows when it is to stop.
final class SimulationProgress: Sendable {
  private let done = Atomic<UInt64>(0)
  private let stopped = Atomic<Bool>(false)
  private let shown = Atomic<UInt64>(0)
  private let total: UInt64
  private let began = ContinuousClock.now
  private let isTerminal = isatty(STDERR_FILENO) == 1

  init(total: UInt64) { self.total = total }

  /// Whether the user asked for an end.
  var isStopped: Bool { stopped.load(ordering: .relaxed) }

  /// No further run is begun.
  func stop() { stopped.store(true, ordering: .relaxed) }

  /// Notes a finished run; writes a line now and then.
  func finished(_ count: UInt64) {
    done.store(count, ordering: .relaxed)
    let elapsed = ContinuousClock.now - began
    // Every fifth of a second on a terminal, every ten seconds in a log.
    let tick = UInt64(elapsed / .milliseconds(isTerminal ? 200 : 10_000))
    guard tick > shown.load(ordering: .relaxed) else { return }
    shown.store(tick, ordering: .relaxed)
    write(count, elapsed)
  }

  private func write(_ count: UInt64, _ elapsed: Duration) {
    let percent = count * 100 / max(total, 1)
    let left = Int(elapsed.components.seconds) * Int(total - min(count, total)) / max(Int(count), 1)
    let text = "\(count) of \(total) runs, \(percent) %, about \(left) s left"
    say(isTerminal ? "\r\u{1b}[2K\(text)" : text + "\n")
  }

  /// Wipes the line.
  func end() { if isTerminal { say("\r\u{1b}[2K") } }

  /// A line of its own, in place of the last.
  func note(_ text: String) { say(isTerminal ? "\r\u{1b}[2K\(text)" : text + "\n") }

  private func say(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }
}
