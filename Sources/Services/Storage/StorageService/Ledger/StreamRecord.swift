import Primitives
import ServiceKit

/// Bytes kept over time, added up exactly: bytes × milliseconds not yet proven.
///
/// One for each pair of lease and provider, so that paying a provider costs O(its leases) and not
/// O(its bundles); and one for each lease, which says what the escrow must still cover.
package struct StreamRecord: Hashable, Sendable, CanonicalCodable {
  /// Bytes that count now.
  package private(set) var bytes: UInt64 = 0
  /// Bytes × milliseconds up to ``updatedAt`` that no proof has shown yet.
  package private(set) var unproven: UInt128 = 0
  /// Up to when ``unproven`` counts.
  package private(set) var updatedAt: LedgerTime
  /// What a running challenge decides about: ``unproven`` at its freeze.
  package private(set) var frozen: UInt128 = 0
  /// Columns that count or wait for their last proof.
  package private(set) var columns: UInt64 = 0

  package init(at time: LedgerTime) { updatedAt = time }

  /// Whether nothing is left to count.
  package var isEmpty: Bool { bytes == 0 && unproven == 0 && columns == 0 }

  /// Counts up to `time`.
  /// - Throws: ``ArithmeticError/overflow``.
  package mutating func advance(to time: LedgerTime) throws(ArithmeticError) {
    let elapsed = UInt128(time.milliseconds(since: updatedAt))
    unproven = try unproven.adding(elapsed * UInt128(bytes))
    if time > updatedAt { updatedAt = time }
  }

  /// Counts a new column from `time` on.
  /// - Throws: ``ArithmeticError``.
  package mutating func add(bytes added: UInt64, at time: LedgerTime) throws(ArithmeticError) {
    try advance(to: time)
    bytes = try bytes.adding(added)
    columns = try columns.adding(1)
  }

  /// Stops counting a column at `end`, which is not after `time`.
  /// - Throws: ``ArithmeticError``.
  package mutating func stop(
    bytes removed: UInt64, end: LedgerTime, at time: LedgerTime
  ) throws(ArithmeticError) {
    try advance(to: time)
    bytes = try bytes.subtracting(removed)
    let beyond = UInt128(time.milliseconds(since: end)) * UInt128(removed)
    unproven = try unproven.subtracting(beyond)
  }

  /// Forgets a column that is stopped already.
  /// - Throws: ``ArithmeticError/underflow``.
  package mutating func dropColumn() throws(ArithmeticError) {
    columns = try columns.subtracting(1)
  }

  /// Takes unproven time away for good.
  /// - Throws: ``ArithmeticError/underflow``.
  package mutating func forfeit(_ quantity: UInt128) throws(ArithmeticError) {
    unproven = try unproven.subtracting(quantity)
  }

  /// Fixes what a challenge decides about.
  package mutating func freeze() { frozen = unproven }

  /// The challenge was withdrawn: its time waits for the next one.
  package mutating func thaw() { frozen = 0 }

  /// The challenge has its verdict: takes what was frozen out, and returns it.
  /// - Throws: ``ArithmeticError/underflow``.
  package mutating func settle() throws(ArithmeticError) -> UInt128 {
    let quantity = frozen
    unproven = try unproven.subtracting(quantity)
    frozen = 0
    return quantity
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(bytes)
    encoder.encode(unproven)
    encoder.encode(updatedAt)
    encoder.encode(frozen)
    encoder.encode(columns)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bytes = try decoder.decodeUInt64()
    unproven = try decoder.decodeUInt128()
    updatedAt = try decoder.decode()
    frozen = try decoder.decodeUInt128()
    columns = try decoder.decodeUInt64()
  }
}
