import LedgerStore
import Locks

/// A block that is durable, with what it did.
package struct CommittedBlock: Sendable {
  package let block: StoredBlock
  package let results: StoredResults
}

/// Tells subscribers of committed blocks. A subscriber that does not keep up is dropped: its stream
/// ends.
package final class ChainEvents: Sendable {
  /// How many blocks wait for a subscriber at most.
  package static let queueLimit = 256

  private struct State {
    var next = 0
    var subscribers: [Int: AsyncStream<CommittedBlock>.Continuation] = [:]
  }

  private let state = Locked(State())

  package init() {}

  /// Blocks from now on.
  package func subscribe() -> AsyncStream<CommittedBlock> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: CommittedBlock.self, bufferingPolicy: .bufferingOldest(Self.queueLimit))
    let id = state.withLock { state in
      state.next += 1
      state.subscribers[state.next] = continuation
      return state.next
    }
    continuation.onTermination = { [weak self] _ in
      _ = self?.state.withLock { $0.subscribers.removeValue(forKey: id) }
    }
    return stream
  }

  /// How many subscribers there are.
  package var subscriberCount: Int { state.withLock { $0.subscribers.count } }

  /// Hands a block to every subscriber.
  package func publish(_ block: CommittedBlock) {
    let subscribers = state.withLock { Array($0.subscribers.values) }
    for subscriber in subscribers {
      if case .dropped = subscriber.yield(block) { subscriber.finish() }
    }
  }
}
