import Locks

/// A counting semaphore that serves in order of arrival, by any number of units at a time, and
/// whose waiters can be cancelled.
package final class FairSemaphore: Sendable {
  private struct Waiter {
    let id: UInt64
    let units: Int
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var available: Int
    var waiters: [Waiter] = []
    var nextID: UInt64 = 0
    var cancelled: Set<UInt64> = []
    var closedWith: (any Error)?
  }

  /// How many units there are in all.
  package let capacity: Int
  private let state: Locked<State>

  package init(capacity: Int) {
    self.capacity = capacity
    state = Locked(State(available: capacity))
  }

  /// Units that nobody holds.
  package var available: Int { state.withLock { $0.available } }
  /// How many callers wait.
  package var waiting: Int { state.withLock { $0.waiters.count } }

  /// Takes `units`, waiting behind everyone who came before.
  /// - Precondition: `units` is at most the capacity; more would wait for ever.
  /// - Throws: `CancellationError`, or what ``close(throwing:)`` was given; nothing is held then.
  package func acquire(_ units: Int = 1) async throws {
    precondition(units >= 0 && units <= capacity, "more units than there are")
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    // An id that was cancelled when it no longer waited would otherwise stay noted.
    defer { state.withLock { _ = $0.cancelled.remove(id) } }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        enqueue(Waiter(id: id, units: units, continuation: continuation))
      }
    } onCancel: {
      cancel(id)
    }
  }

  /// Takes `units` if nobody waits and there are enough now.
  package func tryAcquire(_ units: Int = 1) -> Bool {
    state.withLock { state in
      guard state.closedWith == nil, state.waiters.isEmpty, state.available >= units else {
        return false
      }
      state.available -= units
      return true
    }
  }

  private func enqueue(_ waiter: Waiter) {
    let outcome: Result<Void, any Error>? = state.withLock { state in
      if state.cancelled.remove(waiter.id) != nil { return .failure(CancellationError()) }
      if let error = state.closedWith { return .failure(error) }
      if state.waiters.isEmpty, state.available >= waiter.units {
        state.available -= waiter.units
        return .success(())
      }
      state.waiters.append(waiter)
      return nil
    }
    if let outcome { waiter.continuation.resume(with: outcome) }
  }

  private func cancel(_ id: UInt64) {
    let (cancelled, served): (Waiter?, [Waiter]) = state.withLock { state in
      guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
        // Not there yet, or served already; in the second case acquire clears the note.
        state.cancelled.insert(id)
        return (nil, [])
      }
      let waiter = state.waiters.remove(at: index)
      return (waiter, Self.serve(&state))
    }
    cancelled?.continuation.resume(throwing: CancellationError())
    for waiter in served { waiter.continuation.resume() }
  }

  /// Gives units back.
  package func release(_ units: Int = 1) {
    let served = state.withLock { state in
      state.available = min(capacity, state.available + units)
      return Self.serve(&state)
    }
    for waiter in served { waiter.continuation.resume() }
  }

  /// Makes all waiting and future ``acquire(_:)`` throw `error`.
  package func close(throwing error: any Error) {
    let waiters = state.withLock { state in
      state.closedWith = error
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.continuation.resume(throwing: error) }
  }

  /// Takes the waiters off the queue's head that can be served now.
  private static func serve(_ state: inout State) -> [Waiter] {
    var served = 0
    while served < state.waiters.count, state.waiters[served].units <= state.available {
      state.available -= state.waiters[served].units
      served += 1
    }
    defer { state.waiters.removeFirst(served) }
    return Array(state.waiters.prefix(served))
  }
}
