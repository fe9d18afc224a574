/// When a group commit closes: at once for who comes alone, and after a few milliseconds when
/// others are likely to join, so that many small writes share what each group costs: a signature,
/// an append and a sync at every provider.
struct GroupGathering {
  /// The longest that a write waits for others: 5 ms.
  static let longest = Duration.milliseconds(5)
  /// Who was answered so long ago is not expected back: 50 ms.
  static let memory = Duration.milliseconds(50)
  /// A group with so many bytes is worth its costs: 256 KiB.
  static let enoughBytes = 256 << 10

  /// Writes in the last group.
  private var lastCount = 0
  /// Whether the last group was large.
  private var lastWasLarge = false
  private var lastEnded: ContinuousClock.Instant?
  /// Until when the present group gathers.
  private var deadline: ContinuousClock.Instant?

  /// What to do with the writes that wait.
  enum Decision: Hashable {
    case close
    /// Something else will ask again: the group under way when it ends.
    case wait
    /// Ask again at that time.
    case waitUntil(ContinuousClock.Instant)
  }

  /// - Parameters:
  ///   - count: writes that wait; at least one.
  ///   - bytes: their bytes.
  ///   - groupsUnderWay: groups that were closed and are not durable yet.
  mutating func decide(
    count: Int, bytes: Int, groupsUnderWay: Int, now: ContinuousClock.Instant
  ) -> Decision {
    if bytes >= Self.enoughBytes { return .close }
    // Groups become durable in order: a small one gains nothing by starting behind another.
    if groupsUnderWay > 0 { return lastWasLarge ? .close : .wait }
    guard count < lastCount, let lastEnded, now - lastEnded < Self.memory else { return .close }
    if let deadline { return now < deadline ? .wait : .close }
    let end = now + Self.longest
    deadline = end
    return .waitUntil(end)
  }

  /// A group was closed.
  mutating func closed(count: Int, bytes: Int) {
    lastCount = count
    lastWasLarge = bytes >= Self.enoughBytes
    deadline = nil
  }

  /// A group has become durable, or was lost.
  mutating func ended(now: ContinuousClock.Instant) { lastEnded = now }
}
