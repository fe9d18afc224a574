/// Waits until `condition` holds, asking every 20 ms, at most `seconds`.
///
/// For what another process or task brings about: the wait ends as soon as it is so, and a failure
/// says what was waited for.
/// - Throws: ``NeverHappened``, or what `condition` throws.
package func eventually(
  _ what: String, within seconds: Double = 60,
  _ condition: () async throws -> Bool
) async throws {
  let clock = ContinuousClock()
  let deadline = clock.now.advanced(by: .milliseconds(Int(seconds * 1000)))
  while true {
    if try await condition() { return }
    if clock.now >= deadline { throw NeverHappened(what: what, seconds: seconds) }
    try await Task.sleep(for: .milliseconds(20))
  }
}

/// A condition that did not come true in time.
package struct NeverHappened: Error, CustomStringConvertible {
  let what: String
  let seconds: Double
  package var description: String { "still not so after \(seconds) s: \(what)" }
}
