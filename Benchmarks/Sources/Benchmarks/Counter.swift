import Synchronization

/// Hands out portions of a range to whoever is free.
final class Counter: Sendable {
  private let next = Atomic<Int>(0)

  /// The next `count` indices below `end`; nil when none are left.
  func take(_ count: Int, below end: Int) -> Range<Int>? {
    let start = next.add(count, ordering: .relaxed).oldValue
    return start < end ? start..<min(start + count, end) : nil
  }
}
