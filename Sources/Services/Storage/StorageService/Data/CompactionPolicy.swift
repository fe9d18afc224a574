/// What a bundle holds and what of it is still wanted, as the gateway that fills it knows it.
package struct BundleUse: Hashable, Sendable {
  package let bundle: BundleID
  /// Payload bytes of its segments: what is paid for, before coding.
  package let payloadBytes: UInt64
  /// Bytes that objects and parts still use.
  package let liveBytes: UInt64
  /// How many blobs those bytes belong to: each costs a log record when it moves.
  package let liveBlobs: UInt64
  /// Whether it is paid for whatever happens to it: its lock-up is not over.
  package let isLocked: Bool
  /// Whether something under way may still need bytes of it that the index does not know of, or its
  /// log records are nowhere else.
  package let isHeld: Bool

  package init(
    bundle: BundleID, payloadBytes: UInt64, liveBytes: UInt64, liveBlobs: UInt64 = 0,
    isLocked: Bool = false, isHeld: Bool = false
  ) {
    self.bundle = bundle
    self.payloadBytes = payloadBytes
    self.liveBytes = liveBytes
    self.liveBlobs = liveBlobs
    self.isLocked = isLocked
    self.isHeld = isHeld
  }

  /// Bytes that are paid for and that nobody wants.
  package var garbageBytes: UInt64 { payloadBytes.subtractingSaturated(liveBytes) }
}

/// When deleted bytes are worth moving those that live beside them.
///
/// A bundle is released whole. One without live bytes is released at once; one with few has its
/// survivors moved to a new bundle first. What moves is paid for twice while both bundles are
/// obliged, so survivors move only when the old bundle's lock-up is over: then the two overlap from
/// the new one's commitment to the old one's release, a block or two.
package struct CompactionPolicy: Hashable, Sendable {
  /// Whether anything is moved or released at all.
  package var isEnabled = true
  /// Survivors move when they, and the records that say so, would take less than this part of the
  /// bundle, in thousandths. Every bundle that stays is then at most 1000/750 = 1.34 times what
  /// lives in it.
  package var moveBelowPerMille: UInt64 = 750
  /// What a moved blob's log record costs, in bytes: the record, its share of a stripe's header.
  package var recordBytes: UInt64 = 320
  /// What moving must gain in all before anything is moved, in payload bytes.
  package var smallestGainBytes: UInt64 = 64 << 10
  /// The most live bytes that one pass moves.
  package var liveBytesPerPass: UInt64 = 256 << 20

  package init() {}

  /// Nothing is ever moved or released: what deletes without compaction cost.
  package static var off: CompactionPolicy {
    var policy = CompactionPolicy()
    policy.isEnabled = false
    return policy
  }

  /// What to do with some bundles.
  package struct Plan: Hashable, Sendable {
    /// Nothing of them is wanted.
    package var release: [BundleID] = []
    /// Their survivors move; the emptiest first.
    package var move: [BundleID] = []
  }

  /// What a bundle's survivors would take elsewhere, in bytes.
  package func movedBytes(of use: BundleUse) -> UInt64 {
    let (records, overflow) = use.liveBlobs.multipliedReportingOverflow(by: recordBytes)
    return overflow ? .max : use.liveBytes.addingSaturated(records)
  }

  /// Whether a bundle's survivors are worth moving.
  package func isWorthMoving(_ use: BundleUse) -> Bool {
    let (moved, overflow) = movedBytes(of: use).multipliedReportingOverflow(by: 1_000)
    let (allowed, saturates) = use.payloadBytes.multipliedReportingOverflow(by: moveBelowPerMille)
    return !overflow && (saturates || moved < allowed)
  }

  /// Decides about bundles. The same bundles give the same plan, in whatever order they come.
  package func plan(_ uses: [BundleUse]) -> Plan {
    guard isEnabled else { return Plan() }
    var plan = Plan()
    let free = uses.filter { !$0.isHeld }
    plan.release = free.filter { $0.liveBytes == 0 }.map(\.bundle)
      .sorted { $0.number < $1.number }
    let movable = free.filter { $0.liveBytes > 0 && !$0.isLocked && isWorthMoving($0) }
    let gain = movable.reduce(UInt64(0)) {
      $0.addingSaturated($1.payloadBytes.subtractingSaturated(movedBytes(of: $1)))
    }
    guard gain >= smallestGainBytes else { return plan }
    var moved: UInt64 = 0
    for use in movable.sorted(by: isEmptier) {
      // The first moves however large it is: bundles have a bound of their own.
      guard moved == 0 || moved.addingSaturated(use.liveBytes) <= liveBytesPerPass else { continue }
      moved = moved.addingSaturated(use.liveBytes)
      plan.move.append(use.bundle)
    }
    return plan
  }

  /// Whether less of `left` lives than of `right`; equal ones in the order of their numbers.
  private func isEmptier(_ left: BundleUse, _ right: BundleUse) -> Bool {
    let a = left.liveBytes.multipliedFullWidth(by: right.payloadBytes)
    let b = right.liveBytes.multipliedFullWidth(by: left.payloadBytes)
    if a.high != b.high { return a.high < b.high }
    if a.low != b.low { return a.low < b.low }
    return left.bundle.number < right.bundle.number
  }
}
