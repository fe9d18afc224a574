import Primitives
import ServiceKit

extension LedgerState {
  /// How many deadlines, and how many draws, one block runs at most; the rest wait for the next.
  static let workPerBlockLimit = 4096

  /// Runs a service's code with its own keys and leases.
  mutating func asService(
    _ id: ServiceID, _ body: (inout LedgerState) throws(Rejection) -> Void
  ) throws(Rejection) {
    let outer = activeService
    activeService = id
    defer { activeService = outer }
    try body(&self)
  }

  /// Runs a service's code that no transaction asked for: a throw undoes it and becomes an event.
  mutating func runService(
    _ module: any ServiceModule, _ occasion: String,
    _ body: (inout LedgerState) throws(Rejection) -> Void
  ) {
    let start = savepoint()
    do throws(Rejection) {
      try asService(module.id, body)
    } catch {
      revert(to: start)
      note(
        "service.failed",
        [("service", module.name), ("occasion", occasion), ("detail", error.description)])
    }
    tellProviderChanges()
  }

  /// Tells every service of every provider whose standing or bond changed.
  mutating func tellProviderChanges() {
    // A service may slash while it is told, which adds to the list; a bond that is used up ends it.
    while !changedProviders.isEmpty {
      let provider = changedProviders.removeFirst()
      for service in services {
        let start = savepoint()
        do throws(Rejection) {
          try asService(service.id) { (state) throws(Rejection) in
            try service.providerChanged(provider, in: &state)
          }
        } catch {
          revert(to: start)
          note(
            "service.failed",
            [
              ("service", service.name), ("occasion", "provider-changed"),
              ("detail", error.description),
            ])
        }
      }
    }
  }

  // MARK: Deadlines

  /// Sets a deadline.
  mutating func setDeadline(_ deadline: DeadlineRecord, at time: LedgerTime) {
    write(deadline, at: StateKeys.deadline(time, serial: next(.deadline)))
  }

  private var dueDeadlines: KeyRange {
    KeyRange(
      from: StateKeys.all(.deadline).from,
      to: StateKeys.deadline(clock.time.advanced(milliseconds: 1), serial: 0))
  }

  /// Runs what is due, by time and then by order of setting. What is set meanwhile waits for the
  /// next block, so that a block ends.
  mutating func runDeadlines() {
    let due: [(key: StateKey, record: DeadlineRecord)] = records(
      in: dueDeadlines, limit: Self.workPerBlockLimit)
    for (key, deadline) in due where deadline.notBefore <= clock.height {
      write(nil, at: key)
      switch deadline {
      case .wake(let service, _, let token): wake(service, token)
      case .finishLease(let lease): finish(lease)
      case .finishUnbonding(let id): finishUnbonding(id)
      case .finishRedelegation(let id): finishRedelegation(id)
      }
      keep()
    }
  }

  private mutating func wake(_ id: ServiceID, _ token: [UInt8]) {
    guard let service = services.first(where: { $0.id == id }) else { return }
    runService(service, "wake") { (state) throws(Rejection) in
      try service.wake(token, in: &state)
    }
  }

  private mutating func finish(_ lease: LeaseID) {
    do throws(Rejection) {
      try atomically { (state) throws(Rejection) in try state.finishLease(lease) }
    } catch {
      note("lease.refund-failed", [("lease", lease.description), ("detail", error.description)])
    }
  }

  // MARK: Draws

  /// Whether a draw waits for a beacon.
  var hasPendingDraws: Bool {
    let range = StateKeys.all(.draw)
    return rows.first(from: range.from, to: range.to) != nil
  }

  /// Runs the draws that were asked for in earlier blocks, if this block has a beacon.
  mutating func runDraws() {
    guard clock.beaconHeight == clock.height else { return }
    let range = KeyRange(
      from: StateKeys.all(.draw).from, to: StateKeys.draw(askedAt: clock.height, serial: 0))
    for (key, draw) in records(DrawRecord.self, in: range, limit: Self.workPerBlockLimit) {
      write(nil, at: key)
      if let service = services.first(where: { $0.id == draw.service }) {
        runService(service, "draw") { (state) throws(Rejection) in
          try service.drawn(draw.token, in: &state)
        }
      }
      keep()
    }
  }

  // MARK: What is next

  /// When a block is wanted although nobody sends anything.
  var nextWork: NextWork {
    if hasPendingDraws { return .now }
    var next = clock.epochEndsAt
    let range = StateKeys.all(.deadline)
    if let row = rows.first(from: range.from, to: range.to),
      let time = StateKeys.deadlineTime(of: row.key)
    {
      next = min(next, time)
    }
    return next <= clock.time ? .now : .at(next)
  }
}

extension StateKeys {
  /// The time of a deadline's key.
  static func deadlineTime(of key: StateKey) -> LedgerTime? {
    let bytes = key.bytes
    guard bytes.count == 17 else { return nil }
    return LedgerTime(milliseconds: bytes[1..<9].reduce(0) { $0 << 8 | UInt64($1) })
  }
}
