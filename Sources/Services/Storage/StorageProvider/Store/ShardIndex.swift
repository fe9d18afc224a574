import Foundation
import GRDB
import Primitives
import ServiceKit
import StorageService

/// The provider's SQLite file: which shards it has and up to where they are acknowledged,
/// manifests, countersigned statements, fences, vouchers, and what it served to whom.
///
/// Every write returns after an fsync (WAL with `synchronous = FULL`). All calls block the thread.
package final class ShardIndex: Sendable {
  private let database: any DatabaseWriter
  private let committer: GroupCommitter

  /// Opens or makes the file. - Throws: GRDB's error.
  package convenience init(path: String) throws {
    var configuration = Configuration()
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    try self.init(DatabasePool(path: path, configuration: configuration))
    try? FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
  }

  /// An index in memory, for tests. - Throws: GRDB's error.
  package convenience init() throws { try self.init(DatabaseQueue()) }

  private init(_ database: any DatabaseWriter) throws {
    self.database = database
    committer = GroupCommitter(database)
    try Self.migrator.migrate(database)
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { try $0.execute(sql: schema) }
    migrator.registerMigration("2") { try $0.execute(sql: dropOrders) }
    migrator.registerMigration("unsigned manifests 1") {
      try $0.execute(sql: "ALTER TABLE manifest ADD COLUMN receivedAt INTEGER NOT NULL DEFAULT 0")
    }
    migrator.registerMigration("unsigned manifests 2") {
      try $0.execute(sql: "ALTER TABLE manifest ADD COLUMN lease INTEGER NOT NULL DEFAULT 0")
    }
    migrator.registerMigration("staging claims 1") {
      try $0.execute(sql: "ALTER TABLE shard ADD COLUMN lastOrder BLOB")
    }
    return migrator
  }

  private static let dropOrders = """
    CREATE TABLE dropOrder (
      lease INTEGER NOT NULL, segment INTEGER NOT NULL, slot INTEGER NOT NULL,
      bytes BLOB NOT NULL, PRIMARY KEY (lease, segment, slot)) WITHOUT ROWID;
    """

  private static let schema = """
    CREATE TABLE shard (
      lease INTEGER NOT NULL, segment INTEGER NOT NULL, slot INTEGER NOT NULL,
      placement INTEGER NOT NULL, leafBytes INTEGER NOT NULL, fencing INTEGER NOT NULL,
      length INTEGER NOT NULL, root BLOB NOT NULL, bundleKey BLOB, damaged INTEGER NOT NULL,
      stagedByteMilliseconds INTEGER NOT NULL, stagedAt INTEGER NOT NULL,
      PRIMARY KEY (lease, segment, slot)) WITHOUT ROWID;
    CREATE INDEX shardByBundle ON shard (bundleKey);
    CREATE TABLE chunk (
      lease INTEGER NOT NULL, segment INTEGER NOT NULL, slot INTEGER NOT NULL,
      chunkEnd INTEGER NOT NULL,
      PRIMARY KEY (lease, segment, slot, chunkEnd)) WITHOUT ROWID;
    CREATE TABLE fence (lease INTEGER PRIMARY KEY, epoch INTEGER NOT NULL);
    CREATE TABLE manifest (
      key BLOB PRIMARY KEY, total INTEGER NOT NULL, bytes BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE statement (
      bundleKey BLOB PRIMARY KEY, bytes BLOB NOT NULL, bundle INTEGER, goneSince INTEGER
      ) WITHOUT ROWID;
    CREATE TABLE voucher (
      lease INTEGER NOT NULL, lane INTEGER NOT NULL, bytes BLOB NOT NULL, claimed BLOB,
      PRIMARY KEY (lease, lane)) WITHOUT ROWID;
    CREATE TABLE served (lease INTEGER PRIMARY KEY, bytes INTEGER NOT NULL);
    """

  /// Makes a change durable, together with others that come at the same time.
  func commit(_ change: @escaping @Sendable (Database) throws -> Void) throws {
    try committer.commit(change)
  }

  func read<T>(_ query: (Database) throws -> T) throws -> T { try database.read(query) }
}

// MARK: Shards

extension ShardIndex {
  func shards() throws -> [ShardRow] {
    try read { try Row.fetchAll($0, sql: "SELECT * FROM shard").map(ShardRow.init) }
  }

  func heldShards(
    of lease: LeaseID, after segment: UInt64, withBundled: Bool
  ) throws -> [ShardRow] {
    try read {
      try Row.fetchAll(
        $0,
        sql: """
          SELECT * FROM shard WHERE lease = ? AND segment > ? AND (bundleKey IS NULL OR ?)
          ORDER BY segment, slot LIMIT ?
          """,
        arguments: [
          Int64(bitPattern: lease.number), Int64(bitPattern: segment), withBundled,
          StagedShard.listLimit,
        ]
      ).map(ShardRow.init)
    }
  }

  func chunkEnds(of key: ShardKey) throws -> [UInt64] {
    try read {
      try Int64.fetchAll(
        $0,
        sql: """
          SELECT chunkEnd FROM chunk WHERE lease = ? AND segment = ? AND slot = ?
          ORDER BY chunkEnd
          """, arguments: Self.arguments(key)
      ).map { UInt64(bitPattern: $0) }
    }
  }

  static func arguments(_ key: ShardKey) -> StatementArguments {
    [
      Int64(bitPattern: key.segment.lease.number), Int64(bitPattern: key.segment.number),
      Int64(key.slot),
    ]
  }

  /// Notes an acknowledged append. Durable on return.
  func saveAppend(_ row: ShardRow) throws {
    try commit { database in
      try row.save(database)
      try database.cachedStatement(
        sql: "INSERT OR IGNORE INTO chunk (lease, segment, slot, chunkEnd) VALUES (?, ?, ?, ?)"
      ).execute(
        arguments: Self.arguments(row.key) + [Int64(bitPattern: row.length)])
    }
  }

  /// Notes a shard that was cut. Durable on return.
  func saveTruncation(_ row: ShardRow) throws {
    try commit { database in
      try row.save(database)
      try database.execute(
        sql: "DELETE FROM chunk WHERE lease = ? AND segment = ? AND slot = ? AND chunkEnd > ?",
        arguments: Self.arguments(row.key) + [Int64(bitPattern: row.length)])
    }
  }

  func save(_ row: ShardRow) throws { try commit { try row.save($0) } }

  func delete(_ key: ShardKey) throws {
    try commit { database in
      for table in ["shard", "chunk"] {
        try database.execute(
          sql: "DELETE FROM \(table) WHERE lease = ? AND segment = ? AND slot = ?",
          arguments: Self.arguments(key))
      }
    }
  }
}

// MARK: Customers' orders to throw shards away

extension ShardIndex {
  /// Keeps the order: it is this provider's answer to whoever demands the shard.
  func saveDropOrder(_ order: Signed<ControlOrder>, of key: ShardKey) throws {
    try commit {
      try $0.execute(
        sql: "INSERT OR REPLACE INTO dropOrder (lease, segment, slot, bytes) VALUES (?, ?, ?, ?)",
        arguments: Self.arguments(key) + [DatabaseBytes(order.canonicalBytes())])
    }
  }

  func dropOrder(of key: ShardKey) throws -> Signed<ControlOrder>? {
    try read {
      try DatabaseBytes.fetchOne(
        $0, sql: "SELECT bytes FROM dropOrder WHERE lease = ? AND segment = ? AND slot = ?",
        arguments: Self.arguments(key))
    }.map { try Signed<ControlOrder>(canonicalBytes: $0.bytes) }
  }
}

// MARK: Fences

extension ShardIndex {
  func fence(of lease: LeaseID) throws -> UInt64 {
    try read {
      try Int64.fetchOne(
        $0, sql: "SELECT epoch FROM fence WHERE lease = ?",
        arguments: [Int64(bitPattern: lease.number)]
      ).map { UInt64(bitPattern: $0) } ?? 0
    }
  }

  /// Raises a lease's fence; never lowers it. Durable on return.
  func raiseFence(of lease: LeaseID, to epoch: UInt64) throws {
    try commit {
      try $0.execute(
        sql: """
          INSERT INTO fence (lease, epoch) VALUES (?, ?)
          ON CONFLICT (lease) DO UPDATE SET epoch = MAX(epoch, excluded.epoch)
          """, arguments: [Int64(bitPattern: lease.number), Int64(bitPattern: epoch)])
    }
  }
}

// MARK: Manifests and statements

/// A countersigned statement and what became of its bundle.
struct HeldStatement: Sendable {
  let statement: SlotStatement
  /// The bundle's number, once the ledger showed it.
  let bundle: BundleID?
  /// Since when, on the ledger's clock, this provider is no longer obliged; nil while it is.
  let goneSince: LedgerTime?
}

extension ShardIndex {
  /// The bytes of a manifest so far and its full length; nil when nothing of it is here.
  func manifest(_ key: Digest) throws -> (bytes: [UInt8], total: Int)? {
    try read {
      try Row.fetchOne(
        $0, sql: "SELECT total, bytes FROM manifest WHERE key = ?",
        arguments: [DatabaseBytes(key.bytes)]
      ).map { (($0["bytes"] as DatabaseBytes).bytes, $0["total"]) }
    }
  }

  func saveManifest(
    _ key: Digest, of lease: LeaseID, bytes: [UInt8], total: Int, at time: LedgerTime = .genesis
  ) throws {
    try commit {
      try $0.execute(
        sql: """
          INSERT OR REPLACE INTO manifest (key, lease, total, bytes, receivedAt)
          VALUES (?, ?, ?, ?, ?)
          """,
        arguments: [
          DatabaseBytes(key.bytes), Int64(bitPattern: lease.number), total, DatabaseBytes(bytes),
          Int64(bitPattern: time.milliseconds),
        ])
    }
  }

  /// Manifests that were never countersigned and that no shard names, the oldest first.
  func unsignedManifests() throws -> [UnsignedManifests.Entry] {
    try read {
      try Row.fetchAll(
        $0,
        sql: """
          SELECT key, lease, length(bytes) AS bytes, receivedAt FROM manifest
          WHERE NOT EXISTS (SELECT 1 FROM statement WHERE statement.bundleKey = manifest.key)
            AND NOT EXISTS (SELECT 1 FROM shard WHERE shard.bundleKey = manifest.key)
          ORDER BY receivedAt, key
          """
      ).compactMap { row in
        guard let key = Digest(bytes: (row["key"] as DatabaseBytes).bytes) else { return nil }
        return (
          key, LeaseID(number: UInt64(bitPattern: row["lease"])), row["bytes"],
          LedgerTime(milliseconds: UInt64(bitPattern: row["receivedAt"]))
        )
      }
    }
  }

  /// Forgets manifests, unless they were countersigned after all.
  func dropUnsignedManifests(_ keys: [Digest]) throws {
    try commit { database in
      for key in keys {
        try database.execute(
          sql: """
            DELETE FROM manifest WHERE key = ?
            AND NOT EXISTS (SELECT 1 FROM statement WHERE statement.bundleKey = manifest.key)
            """, arguments: [DatabaseBytes(key.bytes)])
      }
    }
  }

  /// Seals shards in a bundle and keeps what was countersigned, in one transaction.
  func seal(_ rows: [ShardRow], statement: SlotStatement) throws {
    try commit { database in
      for row in rows { try row.save(database) }
      try database.execute(
        sql: "INSERT OR REPLACE INTO statement (bundleKey, bytes) VALUES (?, ?)",
        arguments: [
          DatabaseBytes(statement.bundleKey.bytes), DatabaseBytes(statement.canonicalBytes()),
        ])
    }
  }

  /// Writes rows as they are now, durably.
  func save(_ rows: [ShardRow]) throws {
    try commit { database in for row in rows { try row.save(database) } }
  }

  /// What was countersigned for a bundle; nil when nothing was.
  func statement(_ bundleKey: Digest) throws -> SlotStatement? {
    try read {
      try DatabaseBytes.fetchOne(
        $0, sql: "SELECT bytes FROM statement WHERE bundleKey = ?",
        arguments: [DatabaseBytes(bundleKey.bytes)])
    }.map { try SlotStatement(canonicalBytes: $0.bytes) }
  }

  func statements() throws -> [HeldStatement] {
    try read {
      try Row.fetchAll($0, sql: "SELECT bytes, bundle, goneSince FROM statement").compactMap {
        row in
        guard
          let statement = try? SlotStatement(canonicalBytes: (row["bytes"] as DatabaseBytes).bytes)
        else { return nil }
        return HeldStatement(
          statement: statement,
          bundle: (row["bundle"] as Int64?).map { BundleID(number: UInt64(bitPattern: $0)) },
          goneSince: (row["goneSince"] as Int64?).map {
            LedgerTime(milliseconds: UInt64(bitPattern: $0))
          })
      }
    }
  }

  func noteBundle(_ bundle: BundleID?, goneSince: LedgerTime?, of bundleKey: Digest) throws {
    try commit {
      try $0.execute(
        sql: "UPDATE statement SET bundle = ?, goneSince = ? WHERE bundleKey = ?",
        arguments: [
          bundle.map { Int64(bitPattern: $0.number) },
          goneSince.map { Int64(bitPattern: $0.milliseconds) }, DatabaseBytes(bundleKey.bytes),
        ])
    }
  }

  func deleteBundle(_ bundleKey: Digest) throws {
    try commit {
      let key = DatabaseBytes(bundleKey.bytes)
      try $0.execute(sql: "DELETE FROM statement WHERE bundleKey = ?", arguments: [key])
      try $0.execute(sql: "DELETE FROM manifest WHERE key = ?", arguments: [key])
    }
  }
}

// MARK: Vouchers

extension ShardIndex {
  /// The best voucher of each lane of a lease, and canonical bytes of the credits already claimed.
  func vouchers() throws -> [(lease: LeaseID, lane: UInt32, bytes: [UInt8], claimed: [UInt8]?)] {
    try read {
      try Row.fetchAll($0, sql: "SELECT * FROM voucher ORDER BY lease, lane").map {
        (
          LeaseID(number: UInt64(bitPattern: $0["lease"])),
          UInt32(truncatingIfNeeded: $0["lane"] as Int64),
          ($0["bytes"] as DatabaseBytes).bytes, ($0["claimed"] as DatabaseBytes?)?.bytes
        )
      }
    }
  }

  func saveVoucher(lease: LeaseID, lane: UInt32, bytes: [UInt8]) throws {
    try commit {
      try $0.execute(
        sql: """
          INSERT INTO voucher (lease, lane, bytes) VALUES (?, ?, ?)
          ON CONFLICT (lease, lane) DO UPDATE SET bytes = excluded.bytes
          """, arguments: [Int64(bitPattern: lease.number), Int64(lane), DatabaseBytes(bytes)])
    }
  }

  func noteClaimed(lease: LeaseID, lane: UInt32, cumulative: [UInt8]) throws {
    try commit {
      try $0.execute(
        sql: "UPDATE voucher SET claimed = ? WHERE lease = ? AND lane = ?",
        arguments: [DatabaseBytes(cumulative), Int64(bitPattern: lease.number), Int64(lane)])
    }
  }

  func servedBytes() throws -> [LeaseID: UInt64] {
    try read {
      var served: [LeaseID: UInt64] = [:]
      for row in try Row.fetchAll($0, sql: "SELECT * FROM served") {
        served[LeaseID(number: UInt64(bitPattern: row["lease"]))] = UInt64(bitPattern: row["bytes"])
      }
      return served
    }
  }

  func saveServed(_ served: [(lease: LeaseID, bytes: UInt64)]) throws {
    try commit {
      for entry in served {
        try $0.execute(
          sql: "INSERT OR REPLACE INTO served (lease, bytes) VALUES (?, ?)",
          arguments: [Int64(bitPattern: entry.lease.number), Int64(bitPattern: entry.bytes)])
      }
    }
  }
}
