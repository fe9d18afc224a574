import Primitives
import ServiceKit

/// A transaction that waits for a block.
struct WaitingTransaction: Sendable {
  /// SHA-256 of its bytes.
  let hash: Digest
  let bytes: [UInt8]
  let place: LanePlace
}

/// Why a transaction may not wait.
enum MempoolRefusal: Error, Hashable, Sendable {
  /// So many transactions, or bytes of them, wait already.
  case full(count: Int, bytes: Int)
  /// Another transaction of the same lane and sequence waits.
  case placeTaken(by: Digest)
  /// The lane has too many waiting.
  case laneFull(limit: Int)
}

/// The transactions that wait, in the order in which they came, each lane in that of its sequences.
///
/// A value without I/O: the driver's actor owns it.
struct Mempool: Sendable {
  /// The most that wait.
  struct Limits: Sendable {
    var count = 50_000
    var bytes = 128 << 20
    /// In one lane; fairness between lanes is the selection's part.
    var perLane = 20_000
  }

  /// A lane's waiting transactions, ascending by sequence, and when the lane came.
  private struct Lane {
    var arrival: UInt64
    var waiting: [WaitingTransaction]
  }

  let limits: Limits
  private var lanes: [LaneAddress: Lane] = [:]
  private var known: [Digest: LanePlace] = [:]
  private var arrivals: UInt64 = 0
  private(set) var byteCount = 0

  init(limits: Limits = Limits()) { self.limits = limits }

  /// How many transactions wait.
  var count: Int { known.count }

  /// Whether these very bytes wait.
  func contains(_ hash: Digest) -> Bool { known[hash] != nil }

  /// Takes a transaction in; one that waits already is taken as done.
  mutating func insert(_ transaction: WaitingTransaction) throws(MempoolRefusal) {
    if contains(transaction.hash) { return }
    guard count < limits.count, byteCount + transaction.bytes.count <= limits.bytes else {
      throw .full(count: count, bytes: byteCount)
    }
    let address = transaction.place.lane
    var lane = lanes[address] ?? newLane()
    guard lane.waiting.count < limits.perLane else { throw .laneFull(limit: limits.perLane) }
    let index = Self.place(of: transaction.place.sequence, in: lane.waiting)
    if index < lane.waiting.count,
      lane.waiting[index].place.sequence == transaction.place.sequence
    {
      throw .placeTaken(by: lane.waiting[index].hash)
    }
    lane.waiting.insert(transaction, at: index)
    lanes[address] = lane
    known[transaction.hash] = transaction.place
    byteCount += transaction.bytes.count
  }

  private mutating func newLane() -> Lane {
    arrivals += 1
    return Lane(arrival: arrivals, waiting: [])
  }

  /// The first index whose sequence is not below.
  private static func place(of sequence: UInt64, in waiting: [WaitingTransaction]) -> Int {
    var low = 0
    var high = waiting.count
    while low < high {
      let middle = (low + high) / 2
      if waiting[middle].place.sequence < sequence { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Transactions for a block: lanes take turns in the order in which they came, each giving its
  /// next sequence, so that a busy sender cannot push the others out. Nothing is removed.
  func selection(
    countLimit: Int, byteLimit: Int, next: (LaneAddress) -> UInt64
  ) -> [WaitingTransaction] {
    var turns = readyLanes(next)
    var chosen: [WaitingTransaction] = []
    var room = byteLimit
    while !turns.isEmpty {
      var following: [(waiting: [WaitingTransaction], index: Int)] = []
      for turn in turns {
        guard chosen.count < countLimit else { return chosen }
        let transaction = turn.waiting[turn.index]
        // A lane that does not fit ends here: what follows in it needs this one first.
        guard transaction.bytes.count <= room else { continue }
        room -= transaction.bytes.count
        chosen.append(transaction)
        let after = turn.index + 1
        if after < turn.waiting.count,
          turn.waiting[after].place.sequence == transaction.place.sequence + 1
        {
          following.append((turn.waiting, after))
        }
      }
      turns = following
    }
    return chosen
  }

  /// The lanes whose next sequence waits, in the order in which they came.
  private func readyLanes(
    _ next: (LaneAddress) -> UInt64
  ) -> [(waiting: [WaitingTransaction], index: Int)] {
    let ordered = lanes.sorted { $0.value.arrival < $1.value.arrival }
    return ordered.compactMap { address, lane in
      let wanted = next(address)
      let index = Self.place(of: wanted, in: lane.waiting)
      guard index < lane.waiting.count, lane.waiting[index].place.sequence == wanted else {
        return nil
      }
      return (lane.waiting, index)
    }
  }

  /// Whether some lane's next sequence waits.
  func hasReady(_ next: (LaneAddress) -> UInt64) -> Bool {
    lanes.contains { address, lane in
      let wanted = next(address)
      let index = Self.place(of: wanted, in: lane.waiting)
      return index < lane.waiting.count && lane.waiting[index].place.sequence == wanted
    }
  }

  /// Removes what a block at `height` has used up or outlived, and returns it.
  mutating func removeStale(
    height: UInt64, next: (LaneAddress) -> UInt64
  ) -> [WaitingTransaction] {
    var removed: [WaitingTransaction] = []
    for (address, lane) in lanes {
      let wanted = next(address)
      let isStale = { (waiting: WaitingTransaction) in
        waiting.place.sequence < wanted || waiting.place.expiryHeight <= height
      }
      guard lane.waiting.contains(where: isStale) else { continue }
      removed += lane.waiting.filter(isStale)
      let kept = lane.waiting.filter { !isStale($0) }
      lanes[address] = kept.isEmpty ? nil : Lane(arrival: lane.arrival, waiting: kept)
    }
    for transaction in removed {
      known[transaction.hash] = nil
      byteCount -= transaction.bytes.count
    }
    return removed
  }

  /// The transactions that wait, in no block's order; at most `limit`.
  func listing(limit: Int) -> [WaitingTransaction] {
    Array(
      lanes.values.sorted { $0.arrival < $1.arrival }.flatMap(\.waiting).prefix(max(0, limit)))
  }
}
