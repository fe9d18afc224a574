import Ledger
import Primitives

/// When the next block is made and which time it bears: pure, so that every case is a table's line.
struct BlockSchedule: Sendable {
  /// The most that one block adds to the ledger's clock, in milliseconds: a rule of the ledger.
  static let stepMilliseconds: UInt64 = 5000

  /// The least time between two blocks, in milliseconds.
  let intervalMilliseconds: UInt64
  /// The last block's time in milliseconds since 1970.
  private(set) var lastTime: UInt64
  /// What the steady clock showed when the last block was made.
  private(set) var lastSteady: UInt64

  /// A schedule after a start: how long the process was down is known only from the wall clock, so
  /// that decides how much of the interval has passed already.
  init(intervalMilliseconds: UInt64, lastTime: UInt64, wall: UInt64, steady: UInt64) {
    self.intervalMilliseconds = intervalMilliseconds
    self.lastTime = lastTime
    let down = min(wall.subtractingSaturated(lastTime), Self.stepMilliseconds)
    lastSteady = steady.subtractingSaturated(down)
  }

  /// Notes a block.
  mutating func made(time: UInt64, steady: UInt64) {
    lastTime = time
    lastSteady = steady
  }

  /// The time that a block made now bears: the wall clock's, unless that was set back; then the
  /// last block's plus what the steady clock says has passed, so that the ledger's clock goes on.
  func blockTime(wall: UInt64, steady: UInt64) -> UInt64 {
    let elapsed = max(1, steady.subtractingSaturated(lastSteady))
    return max(wall, lastTime.addingSaturated(elapsed))
  }

  /// When the next block is due on the steady clock; nil when only a transaction brings one.
  func due(hasTransactions: Bool, work: NextWork, ledgerTime: LedgerTime) -> UInt64? {
    let interval = lastSteady.addingSaturated(intervalMilliseconds)
    if hasTransactions || work == .now { return interval }
    guard case .at(let time) = work else { return nil }
    let step = min(time.milliseconds(since: ledgerTime), Self.stepMilliseconds)
    return max(interval, lastSteady.addingSaturated(step))
  }
}
