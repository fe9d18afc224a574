import LedgerStore
import Primitives
import ServiceKit

/// An item of a durable block.
package struct CommittedItem: Sendable {
  package let block: CommittedBlock
  /// Its index among the block's items.
  package let index: Int

  /// Its bytes.
  package var bytes: [UInt8] { block.block.items[index] }
  /// What became of it.
  package var result: StoredItemResult { block.results.results[index] }
  /// What happened in it, in order.
  package var events: [StoredEvent] {
    block.results.events.filter { $0.itemIndex == UInt32(clamping: index) }
  }
  /// The block's height.
  package var height: UInt64 { block.block.header.height }
}

/// What came of handing in a transaction.
package enum Submission: Sendable {
  /// It waits for a block.
  case waiting(Digest)
  /// It is durably in a block: its first and only result.
  case committed(CommittedItem)
  /// It may not wait.
  case rejected(Digest, Rejection)
  /// The node takes nothing at the moment, for the reason given.
  case unavailable(String)
}

/// What a waiter hears.
enum ItemFate: Sendable {
  case committed(CommittedItem)
  /// Removed without having been in a block.
  case dropped
  /// The waiter's time is over.
  case late
  case halted
}
