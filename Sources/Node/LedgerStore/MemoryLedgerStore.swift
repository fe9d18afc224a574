import Cryptography
import Ledger
import Locks
import Primitives
import ServiceKit

/// A store that forgets everything when the process ends: for tests and the simulator.
package final class MemoryLedgerStore: LedgerStoring {
  private struct State {
    var meta: StoreMeta?
    var rows: [StateKey: [UInt8]] = [:]
    var blocks: [UInt64: StoredBlock] = [:]
    var results: [UInt64: StoredResults] = [:]
    var heights: [Digest: UInt64] = [:]
    var locations: [Digest: ItemLocation] = [:]
    var isClosed = false
  }

  private let state = Locked(State())

  package init() {}

  package func loadLatest() throws(LedgerStoreError) -> StoredLedger? {
    try read { state in
      guard let meta = state.meta else { return nil }
      let rows = state.rows.map { (key: $0.key, value: $0.value) }.sorted { $0.key < $1.key }
      return StoredLedger(meta: meta, rows: StateRows(rows))
    }
  }

  package func commit(_ commit: BlockCommit) throws(LedgerStoreError) {
    let failure: LedgerStoreError? = state.withLock { state in
      if state.isClosed { return .closed }
      if let failure = commit.orderFailure(after: state.meta) { return failure }
      Self.apply(commit, to: &state)
      return nil
    }
    if let failure { throw failure }
  }

  private static func apply(_ commit: BlockCommit, to state: inout State) {
    for change in commit.changes { state.rows[change.key] = change.value }
    let height = commit.meta.height
    if let block = commit.block {
      state.blocks[height] = block
      state.heights[block.header.hash] = height
      for (index, item) in block.items.enumerated() {
        let hash = Digest.sha256(item)
        if state.locations[hash] == nil {
          state.locations[hash] = ItemLocation(height: height, index: index)
        }
      }
    }
    if let results = commit.results { state.results[height] = results }
    state.meta = commit.meta
  }

  package func block(at height: UInt64) throws(LedgerStoreError) -> StoredBlock? {
    try read { $0.blocks[height] }
  }

  package func results(at height: UInt64) throws(LedgerStoreError) -> StoredResults? {
    try read { $0.results[height] }
  }

  package func height(ofBlock hash: Digest) throws(LedgerStoreError) -> UInt64? {
    try read { $0.heights[hash] }
  }

  package func location(ofItem hash: Digest) throws(LedgerStoreError) -> ItemLocation? {
    try read { $0.locations[hash] }
  }

  package func earliestHeight() throws(LedgerStoreError) -> UInt64? {
    try read { $0.blocks.keys.min() }
  }

  package func close() { state.withLock { $0.isClosed = true } }

  /// Takes the store into use again with what it holds, as after a restart.
  package func reopen() { state.withLock { $0.isClosed = false } }

  private func read<T: Sendable>(_ body: (State) -> T) throws(LedgerStoreError) -> T {
    let value: T? = state.withLock { $0.isClosed ? nil : .some(body($0)) }
    guard let value else { throw .closed }
    return value
  }
}

extension BlockCommit {
  /// Why this commit does not follow on what is stored, or nil when it does.
  func orderFailure(after stored: StoreMeta?) -> LedgerStoreError? {
    guard let stored else {
      return block == nil ? nil : .outOfOrder(stored: 0, given: meta.height)
    }
    return meta.height == stored.height + 1
      ? nil : .outOfOrder(stored: stored.height, given: meta.height)
  }
}
