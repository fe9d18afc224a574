import Primitives

/// A moment as CometBFT's headers and votes carry it.
package struct ConsensusTime: Hashable, Sendable, Comparable {
  /// Whole seconds since 1970; negative before.
  package let seconds: Int64
  /// Nanoseconds after that, 0 … 999,999,999.
  package let nanoseconds: Int32

  /// A moment; nil when the nanoseconds are not within a second.
  package init?(seconds: Int64, nanoseconds: Int32) {
    guard (0..<1_000_000_000).contains(nanoseconds) else { return nil }
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// The time that stands for none: 1 January of the year 1.
  package static let none = ConsensusTime(uncheckedSeconds: -62_135_596_800)

  private init(uncheckedSeconds: Int64) {
    seconds = uncheckedSeconds
    nanoseconds = 0
  }

  /// The moment so many seconds later; the latest there is when that does not fit.
  package func advanced(seconds more: Int64) -> ConsensusTime {
    let (sum, overflows) = seconds.addingReportingOverflow(more)
    return ConsensusTime(
      seconds: overflows ? .max : sum, nanoseconds: nanoseconds)
      ?? ConsensusTime(uncheckedSeconds: .max)
  }

  /// Milliseconds since 1970, what is beyond a millisecond cut off; 0 before.
  package var milliseconds: UInt64 {
    let whole = UInt64(max(seconds, 0)).multipliedReportingOverflow(by: 1000)
    if whole.overflow { return .max }
    if seconds < 0 { return 0 }
    return whole.partialValue.addingSaturated(UInt64(nanoseconds) / 1_000_000)
  }

  package static func < (a: ConsensusTime, b: ConsensusTime) -> Bool {
    (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
  }

  /// `google.protobuf.Timestamp`.
  var encoded: [UInt8] {
    ProtobufEncoder.message {
      $0.encode(seconds, field: 1)
      $0.encode(Int64(nanoseconds), field: 2)
    }
  }
}
