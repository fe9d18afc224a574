/// A total that does not agree with what it totals: a mistake in the rules, never a peer's doing.
package struct InvariantViolation: Error, Hashable, Sendable, CustomStringConvertible {
  /// Which invariant, with both values.
  package let description: String
  init(_ description: String) { self.description = description }
}
