import Cryptography
import Foundation
import GRDB
import Primitives
import ServiceKit

/// The ledger in one SQLite file: write-ahead log, every commit synced, one transaction a block.
///
/// Every row and block carries a check sum, so that a flipped bit is found and named; the node
/// compares the state root on top of that.
package final class SQLiteLedgerStore: LedgerStoring {
  private let pool: DatabasePool
  private let path: String

  /// Opens or makes the file, readable by its owner only.
  /// - Throws: ``LedgerStoreError``.
  package init(path: String) throws(LedgerStoreError) {
    self.path = path
    var configuration = Configuration()
    configuration.label = "ledger"
    configuration.busyMode = .timeout(10)
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA synchronous = FULL")
      try database.execute(sql: "PRAGMA cell_size_check = ON")
    }
    do {
      if !FileManager.default.fileExists(atPath: path) {
        _ = FileManager.default.createFile(
          atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
      }
      pool = try DatabasePool(path: path, configuration: configuration)
      try Self.migrator.migrate(pool)
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
    return migrator
  }

  // MARK: Reading

  package func loadLatest() throws(LedgerStoreError) -> StoredLedger? {
    try read { database in
      guard let meta = try Self.meta(database) else { return nil }
      var rows: [(key: StateKey, value: [UInt8])] = []
      let cursor = try GRDB.Row.fetchCursor(
        database, sql: "SELECT key, value, checksum FROM rows ORDER BY key")
      while let row = try cursor.next() {
        let (key, value): (Data, Data) = (row[0], row[1])
        let (keyBytes, valueBytes) = ([UInt8](key), [UInt8](value))
        guard let stateKey = StateKey(foreign: keyBytes),
          row[2] == Self.checksum(keyBytes, valueBytes)
        else { throw LedgerStoreError.corrupt(what: "row \(keyBytes.hex) in \(path)") }
        rows.append((stateKey, valueBytes))
      }
      return StoredLedger(meta: meta, rows: rows)
    }
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
    do {
      try pool.write { database in
        if let failure = commit.orderFailure(after: try Self.meta(database)) { throw failure }
        try Self.writeRows(commit.changes, database)
        if let block = commit.block { try Self.write(block, commit.results, database) }
        let meta = commit.meta.canonicalBytes()
        try database.execute(
          sql: "INSERT OR REPLACE INTO meta (id, value, checksum) VALUES (1, ?, ?)",
          arguments: [Data(meta), Self.checksum(meta, [])])
      }
    } catch {
      throw Self.translated(error, isWrite: true, path: path)
    }
  }

  private static func writeRows(
    _ changes: [(key: StateKey, value: [UInt8]?)], _ database: Database
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
    _ block: StoredBlock, _ results: StoredResults?, _ database: Database
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
    let insert = try database.cachedStatement(
      sql: "INSERT OR IGNORE INTO items (hash, height, item) VALUES (?, ?, ?)")
    for (index, item) in block.items.enumerated() {
      try insert.execute(arguments: [Data(Digest.sha256(item).bytes), height, index])
    }
  }

  package func close() { try? pool.close() }

  // MARK: Errors and check sums

  /// Eight bytes of SHA-256 over both parts, their lengths included.
  private static func checksum(_ first: [UInt8], _ second: [UInt8]) -> Int64 {
    var builder = DigestBuilder()
    builder.update(UInt64(first.count))
    builder.update(first)
    builder.update(second)
    return Int64(bitPattern: builder.finalize().value.words.0)
  }

  private func read<T>(_ body: (Database) throws -> T) throws(LedgerStoreError) -> T {
    do {
      return try pool.read(body)
    } catch {
      throw Self.translated(error, isWrite: false, path: path)
    }
  }

  private static func isCorruption(_ error: DatabaseError) -> Bool {
    [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
  }

  private static func translated(
    _ error: any Error, isWrite: Bool, path: String
  ) -> LedgerStoreError {
    if let known = error as? LedgerStoreError { return known }
    if let error = error as? DatabaseError, isCorruption(error) {
      return .corrupt(what: "file \(path): \(error)")
    }
    return isWrite ? .writeFailed("\(error)") : .readFailed("\(error)")
  }
}
