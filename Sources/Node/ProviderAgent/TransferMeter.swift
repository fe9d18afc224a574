import Locks
import NodeLink
import Primitives

/// Bytes transferred in one month of the UTC calendar.
package struct TransferTotals: Hashable, Sendable, CanonicalCodable {
  /// See ``CivilTime/month(unixMilliseconds:)``.
  package var month: UInt32
  package var sentBytes: UInt64
  package var receivedBytes: UInt64

  package init(month: UInt32, sentBytes: UInt64 = 0, receivedBytes: UInt64 = 0) {
    self.month = month
    self.sentBytes = sentBytes
    self.receivedBytes = receivedBytes
  }

  /// Both directions together.
  package var bytes: UInt64 { sentBytes.addingSaturated(receivedBytes) }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(month)
    encoder.encode(sentBytes)
    encoder.encode(receivedBytes)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    month = try decoder.decodeUInt32()
    sentBytes = try decoder.decodeUInt64()
    receivedBytes = try decoder.decodeUInt64()
  }
}

/// Counts transferred bytes in a small file that survives a crash.
///
/// The file always holds at least what was counted: it is written ahead in steps, so that there is
/// one sync for each step and not for each request. After a crash the count may therefore be too
/// high by a step in each direction, never too low: a cap is never exceeded.
package final class TransferMeter: Sendable {
  /// How far the file runs ahead, in bytes, by default.
  package static let standardStepBytes: UInt64 = 64 << 20

  private struct State {
    var counted: TransferTotals
    var written: TransferTotals
  }

  private let path: String
  private let stepBytes: UInt64
  private let state: Locked<State>

  /// Reads the file, or begins at nothing when there is none.
  /// - Throws: ``AtomicFile/Failure``, or ``CodecError`` for a file of something else.
  package init(
    path: String, stepBytes: UInt64 = TransferMeter.standardStepBytes, unixMilliseconds now: UInt64
  ) throws {
    self.path = path
    self.stepBytes = max(1, stepBytes)
    var found = TransferTotals(month: CivilTime.month(unixMilliseconds: now))
    if let bytes = try AtomicFile.read(path) { found = try TransferTotals(canonicalBytes: bytes) }
    state = Locked(State(counted: found, written: found))
  }

  /// The running month's totals.
  package func totals(unixMilliseconds now: UInt64) -> TransferTotals {
    state.withLock { state in
      Self.roll(&state, now: now)
      return state.counted
    }
  }

  /// Counts bytes if `check` allows it, given the totals before.
  /// - Throws: what `check` throws, or ``AtomicFile/Failure`` when the count cannot be kept; then
  ///   nothing is counted.
  package func count(
    sent: UInt64 = 0, received: UInt64 = 0, unixMilliseconds now: UInt64,
    check: (TransferTotals) throws -> Void = { _ in }
  ) throws {
    try state.withLock { state in
      Self.roll(&state, now: now)
      try check(state.counted)
      var next = state.counted
      next.sentBytes = next.sentBytes.addingSaturated(sent)
      next.receivedBytes = next.receivedBytes.addingSaturated(received)
      try writeAhead(&state, to: next)
      state.counted = next
    }
  }

  /// Writes the exact count, for a clean end.
  /// - Throws: ``AtomicFile/Failure``.
  package func flush() throws {
    try state.withLock { state in
      try AtomicFile.write(state.counted.canonicalBytes(), to: path)
      state.written = state.counted
    }
  }

  /// A month that has ended counts no more. A clock that goes back does not bring it again.
  private static func roll(_ state: inout State, now: UInt64) {
    let month = CivilTime.month(unixMilliseconds: now)
    if month > state.counted.month {
      state.counted = TransferTotals(month: month)
    }
  }

  private func writeAhead(_ state: inout State, to next: TransferTotals) throws {
    if state.written.month == next.month, next.sentBytes <= state.written.sentBytes,
      next.receivedBytes <= state.written.receivedBytes
    {
      return
    }
    var ahead = next
    if next.sentBytes > 0 { ahead.sentBytes = next.sentBytes.addingSaturated(stepBytes) }
    if next.receivedBytes > 0 {
      ahead.receivedBytes = next.receivedBytes.addingSaturated(stepBytes)
    }
    try AtomicFile.write(ahead.canonicalBytes(), to: path)
    state.written = ahead
  }
}
