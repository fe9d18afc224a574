import Locks
import Primitives

/// What goes wrong in a ``FaultyLedgerStore``.
package enum StoreFault: Hashable, Sendable, CaseIterable {
  /// The write fails (a full disk, say): nothing is stored.
  case writeError
  /// The sync fails after the write: the block is stored, but nobody may rely on it.
  case syncError
  /// The process dies before the commit: nothing is stored.
  case crashBeforeCommit
  /// The process dies after the commit, before it could tell anyone.
  case crashAfterCommit
}

/// A store that fails on purpose at a chosen commit; from then on it answers nothing, as after a
/// crash. A test then goes on with ``inner``, as a restarted process would.
package final class FaultyLedgerStore: LedgerStoring {
  /// What survives.
  package let inner: any LedgerStoring
  private let state: Locked<State>

  private struct State {
    var faults: [UInt64: StoreFault]
    var hasFailed = false
  }

  /// A store that fails when the named heights are committed.
  package init(_ inner: any LedgerStoring, faults: [UInt64: StoreFault]) {
    self.inner = inner
    state = Locked(State(faults: faults))
  }

  /// Adds a fault for a later commit.
  package func plan(_ fault: StoreFault, at height: UInt64) {
    state.withLock { $0.faults[height] = fault }
  }

  package func commit(_ commit: BlockCommit) throws(LedgerStoreError) {
    try checkAlive()
    let fault = state.withLock { state in
      let fault = state.faults.removeValue(forKey: commit.meta.height)
      if fault != nil { state.hasFailed = true }
      return fault
    }
    switch fault {
    case nil: try inner.commit(commit)
    case .writeError: throw .writeFailed("no space left on device (injected)")
    case .crashBeforeCommit: throw .closed
    case .syncError:
      try inner.commit(commit)
      throw .writeFailed("fsync: input/output error (injected)")
    case .crashAfterCommit:
      try inner.commit(commit)
      throw .closed
    }
  }

  package func loadLatest() throws(LedgerStoreError) -> StoredLedger? {
    try checkAlive()
    return try inner.loadLatest()
  }

  package func block(at height: UInt64) throws(LedgerStoreError) -> StoredBlock? {
    try checkAlive()
    return try inner.block(at: height)
  }

  package func results(at height: UInt64) throws(LedgerStoreError) -> StoredResults? {
    try checkAlive()
    return try inner.results(at: height)
  }

  package func height(ofBlock hash: Digest) throws(LedgerStoreError) -> UInt64? {
    try checkAlive()
    return try inner.height(ofBlock: hash)
  }

  package func location(ofItem hash: Digest) throws(LedgerStoreError) -> ItemLocation? {
    try checkAlive()
    return try inner.location(ofItem: hash)
  }

  package func earliestHeight() throws(LedgerStoreError) -> UInt64? {
    try checkAlive()
    return try inner.earliestHeight()
  }

  package func close() { inner.close() }

  private func checkAlive() throws(LedgerStoreError) {
    if state.withLock({ $0.hasFailed }) { throw .closed }
  }
}
