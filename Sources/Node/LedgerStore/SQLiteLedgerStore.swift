import Cryptography
import Foundation
import GRDB
import Ledger
import Primitives
import ServiceKit

/// The ledger in one SQLite file: write-ahead log, every commit synced, one transaction a block.
///
/// A block's changes are committed as one blob, the *journal*, and brought into the table of rows
/// later and many blocks at once: rows that change lie all over the table, and a page for each of
/// them is what a commit would otherwise write. The items' index is filled likewise. What is loaded
/// is the rows with the journal laid over them.
///
/// Every row, journal and block carries a check sum, so that a flipped bit is found and named; the
/// node compares the state root on top of that.
package final class SQLiteLedgerStore: LedgerStoring {
  /// When the journal is brought into the rows.
  package struct SettlingLimits: Sendable {
    /// After so many blocks.
    package var blocks = 256
    /// After so many bytes of changes: 32 MiB, some fifteen blocks of 10,000 transfers.
    package var bytes = 32 << 20

    package init() {}
  }

  let pool: DatabasePool
  let path: String
  let recent = RecentItems()
  let settling: Settling

  /// Opens or makes the file, readable by its owner only.
  /// - Throws: ``LedgerStoreError``.
  package init(
    path: String, settling limits: SettlingLimits = SettlingLimits()
  ) throws(LedgerStoreError) {
    self.path = path
    settling = Settling(limits: limits)
    var configuration = Configuration()
    configuration.label = "ledger"
    configuration.busyMode = .timeout(10)
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA synchronous = FULL")
      try database.execute(sql: "PRAGMA cell_size_check = ON")
      // A commit does not wait for the log to be brought into the file; settling does that.
      try database.execute(sql: "PRAGMA wal_autocheckpoint = \(Self.checkpointPages)")
    }
    do {
      if !FileManager.default.fileExists(atPath: path) {
        _ = FileManager.default.createFile(
          atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
      }
      pool = try DatabasePool(path: path, configuration: configuration)
      try Self.migrator.migrate(pool)
      try loadRecent()
    } catch let error as DatabaseError where Self.isCorruption(error) {
      throw .corrupt(what: "file \(path): \(error)")
    } catch {
      throw .cannotOpen(path: path, reason: "\(error)")
    }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      try database.execute(
        sql: """
          CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), value BLOB NOT NULL,
            checksum INTEGER NOT NULL);
          CREATE TABLE rows (key BLOB PRIMARY KEY, value BLOB NOT NULL,
            checksum INTEGER NOT NULL) WITHOUT ROWID;
          CREATE TABLE blocks (height INTEGER PRIMARY KEY, hash BLOB NOT NULL,
            block BLOB NOT NULL, results BLOB NOT NULL, checksum INTEGER NOT NULL);
          CREATE UNIQUE INDEX blocks_by_hash ON blocks (hash);
          CREATE TABLE items (hash BLOB PRIMARY KEY, height INTEGER NOT NULL,
            item INTEGER NOT NULL) WITHOUT ROWID;
          """)
    }
    migrator.registerMigration("2") { database in
      try database.execute(
        sql: """
          CREATE TABLE journal (height INTEGER PRIMARY KEY, changes BLOB NOT NULL,
            checksum INTEGER NOT NULL);
          CREATE TABLE itemLists (height INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
          """)
    }
    return migrator
  }

  /// Pages of the log after which SQLite itself brings it into the file: 64 MiB.
  private static let checkpointPages = 16_384

  // MARK: Reading

  package func loadLatest() throws(LedgerStoreError) -> StoredLedger? {
    try read { database in
      guard let meta = try Self.meta(database) else { return nil }
      var rows = StateRows()
      let cursor = try GRDB.Row.fetchCursor(
        database, sql: "SELECT key, value, checksum FROM rows ORDER BY key")
      while let row = try cursor.next() {
        let (key, value): (Data, Data) = (row[0], row[1])
        let (keyBytes, valueBytes) = ([UInt8](key), [UInt8](value))
        guard let stateKey = StateKey(foreign: keyBytes),
          row[2] == Self.checksum(keyBytes, valueBytes)
        else { throw LedgerStoreError.corrupt(what: "row \(keyBytes.hex) in \(path)") }
        rows.append(valueBytes, at: stateKey)
      }
      let overlay = try Self.overlay(upTo: meta.height, database, path: path)
      for change in overlay.sorted { rows.exchange(change.value, at: change.key) }
      return StoredLedger(meta: meta, rows: rows)
    }
  }

  /// The changes that the rows do not have yet.
  static func overlay(
    upTo height: UInt64, _ database: Database, path: String
  ) throws -> JournalOverlay {
    var overlay = JournalOverlay()
    let cursor = try GRDB.Row.fetchCursor(
      database,
      sql: "SELECT height, changes, checksum FROM journal WHERE height <= ? ORDER BY height",
      arguments: [Int64(clamping: height)])
    while let row = try cursor.next() {
      let (height, changes): (Int64, Data) = (row[0], row[1])
      let bytes = [UInt8](changes)
      guard row[2] == checksum(bytes, []), let decoded = try? LedgerJournal.decode(bytes) else {
        throw LedgerStoreError.corrupt(what: "the changes of block \(height) in \(path)")
      }
      overlay.add(decoded)
    }
    return overlay
  }

  private static func meta(_ database: Database) throws -> StoreMeta? {
    guard
      let row = try GRDB.Row.fetchOne(database, sql: "SELECT value, checksum FROM meta")
    else { return nil }
    let value: Data = row[0]
    let bytes = [UInt8](value)
    guard row[1] == checksum(bytes, []), let meta = try? StoreMeta(canonicalBytes: bytes) else {
      throw LedgerStoreError.corrupt(what: "the height and state root")
    }
    return meta
  }

  package func block(at height: UInt64) throws(LedgerStoreError) -> StoredBlock? {
    guard let bytes = try blockRow(at: height)?.block else { return nil }
    guard let block = try? StoredBlock(canonicalBytes: bytes), block.header.height == height,
      block.header.itemsHash == StoredBlock.itemsHash(of: block.items)
    else { throw .corrupt(what: "block \(height) in \(path)") }
    return block
  }

  package func results(at height: UInt64) throws(LedgerStoreError) -> StoredResults? {
    guard let bytes = try blockRow(at: height)?.results else { return nil }
    guard let results = try? StoredResults(canonicalBytes: bytes) else {
      throw .corrupt(what: "results of block \(height) in \(path)")
    }
    return results
  }

  private func blockRow(
    at height: UInt64
  ) throws(LedgerStoreError) -> (block: [UInt8], results: [UInt8])? {
    guard let key = Int64(exactly: height) else { return nil }
    return try read { database in
      guard
        let row = try GRDB.Row.fetchOne(
          database, sql: "SELECT block, results, checksum FROM blocks WHERE height = ?",
          arguments: [key])
      else { return nil }
      let (block, results): (Data, Data) = (row[0], row[1])
      let (blockBytes, resultBytes) = ([UInt8](block), [UInt8](results))
      guard row[2] == Self.checksum(blockBytes, resultBytes) else {
        throw LedgerStoreError.corrupt(what: "block \(height) in \(path)")
      }
      return (blockBytes, resultBytes)
    }
  }

  package func height(ofBlock hash: Digest) throws(LedgerStoreError) -> UInt64? {
    try read { database in
      try Int64.fetchOne(
        database, sql: "SELECT height FROM blocks WHERE hash = ?", arguments: [Data(hash.bytes)]
      ).flatMap { UInt64(exactly: $0) }
    }
  }

  package func location(ofItem hash: Digest) throws(LedgerStoreError) -> ItemLocation? {
    let near = recent.location(of: hash)
    let indexed = try indexedLocation(ofItem: hash)
    guard let near, let indexed else { return indexed ?? near }
    return near.height < indexed.height ? near : indexed
  }

  private func indexedLocation(ofItem hash: Digest) throws(LedgerStoreError) -> ItemLocation? {
    try read { database in
      let row = try GRDB.Row.fetchOne(
        database, sql: "SELECT height, item FROM items WHERE hash = ?",
        arguments: [Data(hash.bytes)])
      guard let row, let height = UInt64(exactly: row[0] as Int64) else { return nil }
      return ItemLocation(height: height, index: row[1])
    }
  }

  package func earliestHeight() throws(LedgerStoreError) -> UInt64? {
    try read { database in
      try Int64.fetchOne(database, sql: "SELECT MIN(height) FROM blocks")
        .flatMap { UInt64(exactly: $0) }
    }
  }

  // MARK: Writing

  package func commit(_ commit: BlockCommit) throws(LedgerStoreError) {
    let items = commit.block.map { $0.items.map { Digest.sha256($0) } } ?? []
    var journalBytes = 0
    do {
      journalBytes = try pool.write { database in
        let stored = try Self.meta(database)
        if let failure = commit.orderFailure(after: stored) { throw failure }
        var byteCount = 0
        if stored == nil {
          // Genesis, or a snapshot, comes in order and before any journal: straight into the rows.
          try Self.writeRows(commit.changes, database)
        } else {
          let changes = LedgerJournal.encode(commit.changes)
          byteCount = changes.count
          try database.execute(
            sql: "INSERT INTO journal (height, changes, checksum) VALUES (?, ?, ?)",
            arguments: [
              Int64(clamping: commit.meta.height), Data(changes), Self.checksum(changes, []),
            ])
        }
        if let block = commit.block {
          try Self.write(block, commit.results, items: items, database)
        }
        let meta = commit.meta.canonicalBytes()
        try database.execute(
          sql: "INSERT OR REPLACE INTO meta (id, value, checksum) VALUES (1, ?, ?)",
          arguments: [Data(meta), Self.checksum(meta, [])])
        return byteCount
      }
    } catch {
      throw Self.translated(error, isWrite: true, path: path)
    }
    if !items.isEmpty { recent.add(items, height: commit.meta.height) }
    settleIfDue(height: commit.meta.height, moreBytes: journalBytes)
  }

  static func writeRows(
    _ changes: some Sequence<(key: StateKey, value: [UInt8]?)>, _ database: Database
  ) throws {
    let upsert = try database.cachedStatement(
      sql: "INSERT OR REPLACE INTO rows (key, value, checksum) VALUES (?, ?, ?)")
    let delete = try database.cachedStatement(sql: "DELETE FROM rows WHERE key = ?")
    for change in changes {
      let key = change.key.bytes
      if let value = change.value {
        try upsert.execute(arguments: [Data(key), Data(value), checksum(key, value)])
      } else {
        try delete.execute(arguments: [Data(key)])
      }
    }
  }

  private static func write(
    _ block: StoredBlock, _ results: StoredResults?, items: [Digest], _ database: Database
  ) throws {
    let blockBytes = block.canonicalBytes()
    let resultBytes = results?.canonicalBytes() ?? []
    let height = Int64(clamping: block.header.height)
    try database.execute(
      sql: "INSERT INTO blocks (height, hash, block, results, checksum) VALUES (?, ?, ?, ?, ?)",
      arguments: [
        height, Data(block.header.hash.bytes), Data(blockBytes), Data(resultBytes),
        checksum(blockBytes, resultBytes),
      ])
    var hashes = CanonicalEncoder(reserving: 32 * items.count)
    for item in items { hashes.encode(item) }
    try database.execute(
      sql: "INSERT INTO itemLists (height, hashes) VALUES (?, ?)",
      arguments: [height, Data(hashes.bytes)])
  }

  package func close() {
    settling.stop()
    // So that the file alone is whole: a reader that closes last would leave the log beside it.
    _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
    try? pool.close()
  }

  // MARK: Errors and check sums

  /// Eight bytes of SHA-256 over both parts, their lengths included.
  static func checksum(_ first: [UInt8], _ second: [UInt8]) -> Int64 {
    var builder = DigestBuilder()
    builder.update(UInt64(first.count))
    builder.update(first)
    builder.update(second)
    return Int64(bitPattern: builder.finalize().value.words.0)
  }

  func read<T>(_ body: (Database) throws -> T) throws(LedgerStoreError) -> T {
    do {
      return try pool.read(body)
    } catch {
      throw Self.translated(error, isWrite: false, path: path)
    }
  }

  private static func isCorruption(_ error: DatabaseError) -> Bool {
    [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
  }

  static func translated(
    _ error: any Error, isWrite: Bool, path: String
  ) -> LedgerStoreError {
    if let known = error as? LedgerStoreError { return known }
    if let error = error as? DatabaseError, isCorruption(error) {
      return .corrupt(what: "file \(path): \(error)")
    }
    return isWrite ? .writeFailed("\(error)") : .readFailed("\(error)")
  }
}
