import Primitives

/// A sender's lane: the ledger executes each lane's transactions one after the other.
struct LaneKey: Hashable, Sendable {
  let sender: AccountID
  let lane: UInt8
}

/// Which sequence comes next in each lane that this process submits to, and who may submit now.
///
/// One transaction a lane is under way at a time: the next one's sequence is known only when the
/// last one's fate is. Who wants more at once uses more lanes.
actor LaneSequences {
  private var next: [LaneKey: UInt64] = [:]
  private var waiting: [LaneKey: [CheckedContinuation<Void, Never>]] = [:]

  /// Waits for the lane, first come, first served.
  func acquire(_ lane: LaneKey) async {
    if waiting[lane] == nil {
      waiting[lane] = []
      return
    }
    await withCheckedContinuation { waiting[lane]?.append($0) }
  }

  /// Gives the lane to who waited longest.
  func release(_ lane: LaneKey) {
    guard var queue = waiting[lane] else { return }
    if queue.isEmpty {
      waiting[lane] = nil
    } else {
      let first = queue.removeFirst()
      waiting[lane] = queue
      first.resume()
    }
  }

  /// The sequence that comes next, where it is known.
  func known(_ lane: LaneKey) -> UInt64? { next[lane] }

  /// Notes the sequence that comes next; nil when it must be read from the ledger again.
  func note(_ sequence: UInt64?, for lane: LaneKey) { next[lane] = sequence }
}
