import ServiceKit

/// A half-open range of state keys, for range reads.
package struct KeyRange: Hashable, Sendable {
  /// The first key that is in the range.
  package let from: StateKey
  /// The first key that is not.
  package let to: StateKey

  package init(from: StateKey, to: StateKey) {
    self.from = from
    self.to = to
  }

  /// All keys that begin with `prefix`. The prefix must not be all 255 (no table is).
  package init(prefix: [UInt8]) {
    var end = prefix
    while end.last == 255 { end.removeLast() }
    if let last = end.indices.last { end[last] += 1 }
    from = StateKey(prefix)
    to = StateKey(end)
  }
}
