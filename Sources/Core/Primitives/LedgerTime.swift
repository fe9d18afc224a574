/// A point on the ledger's own clock, in milliseconds since genesis.
///
/// The clock is state: each block adds min(block time − previous block time, 5 s). A halted
/// ledger, a sleeping laptop or a clock jump therefore moves no deadline and drains no escrow.
@usableFromInline
package struct LedgerTime: Hashable, Comparable, Sendable, CanonicalCodable,
  CustomStringConvertible
{
  /// Milliseconds since genesis.
  @usableFromInline package let milliseconds: UInt64

  @inlinable package init(milliseconds: UInt64) { self.milliseconds = milliseconds }

  /// The genesis.
  @inlinable package static var genesis: LedgerTime { LedgerTime(milliseconds: 0) }

  @inlinable package static func < (left: LedgerTime, right: LedgerTime) -> Bool {
    left.milliseconds < right.milliseconds
  }

  /// That many milliseconds later, at most the end of time.
  @inlinable package func advanced(milliseconds delta: UInt64) -> LedgerTime {
    LedgerTime(milliseconds: milliseconds.addingSaturated(delta))
  }

  /// Milliseconds from `earlier` to this; zero when `earlier` is later.
  @inlinable package func milliseconds(since earlier: LedgerTime) -> UInt64 {
    milliseconds.subtractingSaturated(earlier.milliseconds)
  }

  @inlinable package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(milliseconds)
  }

  @inlinable package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    milliseconds = try decoder.decodeUInt64()
  }

  @usableFromInline package var description: String { "\(milliseconds) ms" }
}
