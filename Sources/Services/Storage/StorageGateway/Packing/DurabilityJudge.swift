/// Decides from who answers how far a segment was durable when its gateway was lost.
///
/// A stripe was acknowledged to a client only after all n providers had acknowledged it. So whoever
/// holds less of the segment than a stripe's end, and still holds something, shows that the stripe
/// was never acknowledged; whoever holds nothing may have lost its disk and shows nothing.
struct DurabilityJudge {
  enum Verdict: Hashable {
    /// At least k hold it.
    case durable
    /// A provider shows that it was acknowledged to nobody.
    case neverAcknowledged
    /// Fewer than k hold it, with all that may still answer.
    case lost
    /// Silent providers may hold what is missing; the reason says how many of what.
    case undecided(reason: String)
  }

  /// Bytes of the segment's shard that each provider holds that answers; 0 for none.
  let held: [UInt64]
  /// Providers that do not answer.
  let silent: Int
  /// k.
  let dataShards: Int

  /// Whether the segment was durable up to `end`, in bytes of a shard.
  func judge(end: UInt64) -> Verdict {
    let holders = held.count { $0 >= end }
    if holders >= dataShards { return .durable }
    if held.contains(where: { $0 > 0 && $0 < end }) { return .neverAcknowledged }
    guard silent > 0, holders + silent >= dataShards else {
      return holders > 0 || silent > 0 ? .lost : .neverAcknowledged
    }
    return .undecided(
      reason: "\(holders) of the \(dataShards) providers needed hold it, \(held.count - holders) "
        + "answer and hold nothing, and \(silent) do not answer; start those, or wait for them")
  }
}
