import Ledger
import Primitives
import ServiceKit

/// The newest thing that a store knows: what a node compares with what it computed.
package struct StoreMeta: Hashable, Sendable, CanonicalCodable {
  /// The chain's identity.
  package let chain: Digest
  /// The last committed height; 0 after genesis.
  package let height: UInt64
  /// The state root after that block.
  package let stateRoot: Digest
  /// That block's hash; zero after genesis.
  package let blockHash: Digest
  /// That block's time, in milliseconds since 1970; the genesis time at height 0.
  package let timeMilliseconds: UInt64

  package init(
    chain: Digest, height: UInt64, stateRoot: Digest, blockHash: Digest, timeMilliseconds: UInt64
  ) {
    self.chain = chain
    self.height = height
    self.stateRoot = stateRoot
    self.blockHash = blockHash
    self.timeMilliseconds = timeMilliseconds
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(chain)
    encoder.encode(height)
    encoder.encode(stateRoot)
    encoder.encode(blockHash)
    encoder.encode(timeMilliseconds)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    chain = try decoder.decode()
    height = try decoder.decodeUInt64()
    stateRoot = try decoder.decode()
    blockHash = try decoder.decode()
    timeMilliseconds = try decoder.decodeUInt64()
  }
}

/// Everything that a node needs to go on.
package struct StoredLedger: Sendable {
  package let meta: StoreMeta
  /// All rows of the state.
  package let rows: StateRows

  package init(meta: StoreMeta, rows: StateRows) {
    self.meta = meta
    self.rows = rows
  }
}

/// What one block changes in the store: all of it or nothing.
package struct BlockCommit: Sendable {
  package let meta: StoreMeta
  /// The block; nil where the consensus engine keeps blocks itself.
  package let block: StoredBlock?
  package let results: StoredResults?
  /// Rows written and, with a nil value, deleted.
  package let changes: [(key: StateKey, value: [UInt8]?)]

  package init(
    meta: StoreMeta, block: StoredBlock?, results: StoredResults?,
    changes: [(key: StateKey, value: [UInt8]?)]
  ) {
    self.meta = meta
    self.block = block
    self.results = results
    self.changes = changes
  }
}

/// Where an item is.
package struct ItemLocation: Hashable, Sendable {
  package let height: UInt64
  /// Its index among the block's items.
  package let index: Int

  package init(height: UInt64, index: Int) {
    self.height = height
    self.index = index
  }
}

/// Why a store did not do what it was asked.
package enum LedgerStoreError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Something stored is not what was written. The node must not run on it.
  case corrupt(what: String)
  /// A write or its sync failed; what the store holds is what it held before, or (after a sync
  /// error) possibly the new block too. The store must be opened again.
  case writeFailed(String)
  /// A read failed.
  case readFailed(String)
  /// The store cannot be opened.
  case cannotOpen(path: String, reason: String)
  /// The commit does not follow on what is stored.
  case outOfOrder(stored: UInt64, given: UInt64)
  /// The store was closed, or failed before.
  case closed

  package var description: String {
    switch self {
    case .corrupt(let what):
      "the ledger's store is corrupt: \(what); restore its directory from a copy, or remove it to "
        + "begin anew"
    case .writeFailed(let reason): "the ledger's store cannot be written: \(reason)"
    case .readFailed(let reason): "the ledger's store cannot be read: \(reason)"
    case .cannotOpen(let path, let reason): "cannot open the ledger's store \(path): \(reason)"
    case .outOfOrder(let stored, let given):
      "the ledger's store is at height \(stored) and cannot take height \(given)"
    case .closed: "the ledger's store is closed"
    }
  }
}

/// Where a node keeps its ledger: rows, blocks, results, and the index of transactions.
///
/// Every implementation passes `Tests/ConsensusTests/LedgerStoreConformance`.
package protocol LedgerStoring: Sendable {
  /// What is stored, or nil when nothing is.
  /// - Throws: ``LedgerStoreError``, with ``LedgerStoreError/corrupt(what:)`` naming what is.
  func loadLatest() throws(LedgerStoreError) -> StoredLedger?

  /// Stores a block's effects durably in one transaction: when it returns, they survive a power
  /// cut; when it throws, a later ``loadLatest()`` finds either all or nothing of them. The first
  /// commit has no block: it is genesis, at height 0, or a restored snapshot with all its rows at
  /// its height. Each further one is one higher.
  /// - Throws: ``LedgerStoreError``.
  func commit(_ commit: BlockCommit) throws(LedgerStoreError)

  /// The block at a height, its hashes checked.
  /// - Throws: ``LedgerStoreError``.
  func block(at height: UInt64) throws(LedgerStoreError) -> StoredBlock?

  /// The results of the block at a height.
  /// - Throws: ``LedgerStoreError``.
  func results(at height: UInt64) throws(LedgerStoreError) -> StoredResults?

  /// The height of the block with a hash.
  /// - Throws: ``LedgerStoreError``.
  func height(ofBlock hash: Digest) throws(LedgerStoreError) -> UInt64?

  /// Where the item is whose bytes have this SHA-256. The first of equals.
  /// - Throws: ``LedgerStoreError``.
  func location(ofItem hash: Digest) throws(LedgerStoreError) -> ItemLocation?

  /// The lowest height whose block is kept; nil when none is.
  /// - Throws: ``LedgerStoreError``.
  func earliestHeight() throws(LedgerStoreError) -> UInt64?

  /// Ends all use of the store.
  func close()
}
