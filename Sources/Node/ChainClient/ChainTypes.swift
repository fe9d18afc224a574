import Ledger
import Primitives
import ServiceKit

/// Where a chain stands, as one of its nodes sees it.
package struct ChainStatus: Hashable, Sendable {
  /// The chain's identity: the hash of its genesis. Part of everything that is signed.
  package let chain: Digest
  /// The chain's name for people.
  package let name: String
  /// The last committed height; 0 before the first block.
  package let height: UInt64
  /// The last block's time, in milliseconds since 1970.
  package let timeMilliseconds: UInt64
  /// The last block's hash.
  package let blockHash: Digest
  /// The state root that the last block's header carries: that after the block before.
  package let appHash: Digest
  /// Whether the node is behind and catching up.
  package let isCatchingUp: Bool
}

/// A transaction that is durably in a block and did what it said.
package struct CommittedTransaction: Hashable, Sendable {
  /// SHA-256 of the block item's bytes: what CometBFT's RPC calls the transaction's hash.
  package let hash: Digest
  /// The block that holds it.
  package let height: UInt64
  /// Its place among the block's items, where the node said so.
  package let index: UInt32?
  /// What happened in it, in order.
  package let events: [ServiceEvent]
}

/// A block that was committed, and what happened in it.
package struct BlockNotice: Hashable, Sendable {
  /// The block's height.
  package let height: UInt64
  /// The block's time, in milliseconds since 1970.
  package let timeMilliseconds: UInt64
  /// What happened: the transactions' events in their order, then the block's own.
  package let events: [ServiceEvent]
  /// The results of the block's items in order; the first is the beacon's.
  package let results: [ItemResult]

  /// One item's result.
  package struct ItemResult: Hashable, Sendable {
    /// 0, or the stable number of the refusal.
    package let code: UInt32
    /// What was wrong, for people; empty when nothing was.
    package let detail: String
  }
}

/// One answer to a state query with the height that it is of.
package struct StateAnswer: Hashable, Sendable {
  /// The row's bytes, or nil when there is no such row.
  package let value: [UInt8]?
  /// The height whose state was read.
  package let height: UInt64
  /// The canonical bytes of a state proof, where one was asked for.
  package let proof: [UInt8]?
}
