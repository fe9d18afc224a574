import Cryptography
import Dispatch
import Foundation
import GRDB
import Locks
import Primitives
import ServiceKit

extension SQLiteLedgerStore {
  /// How far the journal has grown, and the queue on which it is brought into the rows.
  final class Settling: Sendable {
    struct State {
      var blocks = 0
      var bytes = 0
      var isRunning = false
      var isStopped = false
    }

    let limits: SettlingLimits
    let queue = DispatchQueue(label: "trellis.ledger.settling", qos: .utility)
    let state = Locked(State())

    init(limits: SettlingLimits) { self.limits = limits }

    /// Notes a block; returns whether the journal is to be settled now.
    func isDue(moreBytes bytes: Int) -> Bool {
      state.withLock { state in
        state.blocks += 1
        state.bytes += bytes
        guard !state.isRunning, !state.isStopped,
          state.blocks > limits.blocks || state.bytes > limits.bytes
        else { return false }
        state.isRunning = true
        state.blocks = 0
        state.bytes = 0
        return true
      }
    }

    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Begins nothing more and waits for what runs: at most one portion.
    func stop() {
      state.withLock { $0.isStopped = true }
      queue.sync {}
    }
  }

  /// How many rows or items are written in one transaction: a commit that comes meanwhile waits for
  /// no more than that.
  private static let portion = 4_096

  /// Starts to bring the journal into the rows if it has grown enough.
  func settleIfDue(height: UInt64, moreBytes bytes: Int) {
    guard settling.isDue(moreBytes: bytes) else { return }
    settling.queue.async { [self] in
      defer { settling.state.withLock { $0.isRunning = false } }
      // What is not settled stays in the journal, and is tried again with the next blocks; a file
      // that cannot be written fails the next commit, which halts the node.
      try? settle(upTo: height)
    }
  }

  /// Brings the changes and items of the blocks up to a height to where they are looked up, then
  /// forgets their journal. Cut short anywhere it leaves a store that loads the same.
  func settle(upTo height: UInt64) throws {
    let changes = try pool.read {
      try Self.overlay(upTo: height, $0, path: path).sorted
    }
    for start in stride(from: 0, to: changes.count, by: Self.portion) {
      if settling.isStopped { return }
      let part = changes[start..<min(start + Self.portion, changes.count)]
      try writeWithoutSync { try Self.writeRows(part, $0) }
    }
    let places = recent.places(upTo: height)
    for start in stride(from: 0, to: places.count, by: Self.portion) {
      if settling.isStopped { return }
      let part = places[start..<min(start + Self.portion, places.count)]
      try writeWithoutSync { try Self.index(part, $0) }
    }
    // Synced, and with it all that was written before it: then the journal may go.
    try pool.write { database in
      for table in ["journal", "itemLists"] {
        try database.execute(
          sql: "DELETE FROM \(table) WHERE height <= ?", arguments: [Int64(clamping: height)])
      }
    }
    recent.forget(upTo: height)
    _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.passive) }
  }

  private static func index(
    _ places: ArraySlice<(hash: Digest, place: ItemLocation)>, _ database: Database
  ) throws {
    let insert = try database.cachedStatement(
      sql: "INSERT OR IGNORE INTO items (hash, height, item) VALUES (?, ?, ?)")
    for (hash, place) in places {
      try insert.execute(
        arguments: [Data(hash.bytes), Int64(clamping: place.height), place.index])
    }
  }

  /// A transaction that a power cut may undo: the journal still has what it wrote.
  private func writeWithoutSync(_ body: @escaping (Database) throws -> Void) throws {
    try pool.writeWithoutTransaction { database in
      try database.execute(sql: "PRAGMA synchronous = NORMAL")
      defer { try? database.execute(sql: "PRAGMA synchronous = FULL") }
      try database.inTransaction {
        try body(database)
        return .commit
      }
    }
  }

  /// Reads where the items of blocks are that the index does not have yet.
  func loadRecent() throws {
    let lists = try pool.read { database in
      try GRDB.Row.fetchAll(database, sql: "SELECT height, hashes FROM itemLists ORDER BY height")
    }
    for row in lists {
      let (height, bytes): (Int64, Data) = (row[0], row[1])
      var decoder = CanonicalDecoder([UInt8](bytes))
      var hashes: [Digest] = []
      while decoder.remaining > 0 { hashes.append(try decoder.decode()) }
      recent.add(hashes, height: UInt64(clamping: height))
    }
  }
}
