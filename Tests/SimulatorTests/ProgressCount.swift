import Synchronization

/// The last number of runs that a runner told.
final class ProgressCount: Sendable {
  private let count = Atomic<UInt64>(0)
  var value: UInt64 { count.load(ordering: .relaxed) }
  func set(_ value: UInt64) { count.store(value, ordering: .relaxed) }
}
