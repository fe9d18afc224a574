import Foundation
import GRDB
import Primitives
import ServiceKit
import StorageService

/// What the gateway knows of its segments: where they lie, how long their stripes are, and how far
/// they have come on their way to the ledger. One SQLite file an identity.
///
/// A stripe's length is written *before* the stripe is acknowledged, while its chunks are under
/// way, so that it costs no time; after a crash the last lengths may name stripes that never became
/// durable, which ``SegmentRecovery`` finds out from the providers.
package struct SegmentCatalog: Sendable {
  let database: any DatabaseWriter

  /// Opens or creates the catalog in a SQLite file.
  /// - Throws: what SQLite throws when the file cannot be used.
  package init(path: String) throws {
    var configuration = Configuration()
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA synchronous = FULL")
    }
    database = try DatabasePool(path: path, configuration: configuration)
    try Self.migrator.migrate(database)
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      try database.execute(
        sql: """
          CREATE TABLE segment (
            number INTEGER PRIMARY KEY,
            placement INTEGER NOT NULL,
            dataShards INTEGER NOT NULL,
            totalShards INTEGER NOT NULL,
            leafBytes INTEGER NOT NULL,
            slots BLOB NOT NULL,
            state INTEGER NOT NULL,
            stripeLengths BLOB NOT NULL,
            shardRoots BLOB NOT NULL,
            runningRoots BLOB NOT NULL,
            bundle INTEGER
          );
          CREATE INDEX segmentByState ON segment (state, number);
          CREATE INDEX segmentByBundle ON segment (bundle);
          CREATE TABLE voucher (
            provider BLOB PRIMARY KEY,
            cumulative BLOB NOT NULL
          );
          CREATE TABLE counter (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
          );
          """)
    }
    migrator.registerMigration("2") { database in
      try database.execute(
        sql: """
          CREATE TABLE bundlePlan (
            segment INTEGER PRIMARY KEY,
            manifest BLOB NOT NULL
          )
          """)
    }
    migrator.registerMigration("compaction 1") { try $0.execute(sql: Self.compactionTables) }
    migrator.registerMigration("compaction 2") { try $0.execute(sql: Self.supersededTable) }
    return migrator
  }

  /// Writes a segment, new or changed, and syncs.
  package func save(_ segment: SegmentRecord) async throws {
    try await save([segment])
  }

  /// Writes several segments in one synced transaction.
  package func save(_ segments: [SegmentRecord]) async throws {
    try await database.write { database in
      for segment in segments {
        try segment.write(to: database)
        guard segment.state != .sealed else { continue }
        try database.execute(
          sql: "DELETE FROM bundlePlan WHERE segment = ?", arguments: [Int64(segment.number)])
      }
    }
  }

  /// Notes, before a bundle is submitted, which segments it takes: whether it came to the ledger
  /// may never be heard, and only the same segments make the same manifest again.
  /// - Throws: ``CatalogError/dropped(_:)`` when one was dropped meanwhile; nothing is noted then.
  package func savePlan(manifest: Digest, of segments: [SegmentRecord]) async throws {
    try await database.write { database in
      for segment in segments {
        let state = try Int.fetchOne(
          database, sql: "SELECT state FROM segment WHERE number = ?",
          arguments: [Int64(segment.number)])
        if state == SegmentRecord.State.dropped.rawValue {
          throw CatalogError.dropped(segment.number)
        }
        try database.execute(
          sql: "INSERT OR REPLACE INTO bundlePlan (segment, manifest) VALUES (?, ?)",
          arguments: [Int64(segment.number), Data(manifest.bytes)])
      }
    }
  }

  /// The manifest's hash under which each sealed segment was submitted, by segment number.
  package func plans() async throws -> [UInt64: Digest] {
    try await database.read { database in
      var plans: [UInt64: Digest] = [:]
      for row in try Row.fetchAll(database, sql: "SELECT * FROM bundlePlan") {
        let number: Int64 = row["segment"]
        let manifest: Data = row["manifest"]
        guard let hash = Digest(bytes: manifest) else {
          throw CatalogError.damaged("the bundle planned for segment \(number)")
        }
        plans[UInt64(number)] = hash
      }
      return plans
    }
  }

  /// One segment, or nil when its number was never used.
  package func segment(_ number: UInt64) async throws -> SegmentRecord? {
    try await database.read { database in
      try Row.fetchOne(
        database, sql: "SELECT * FROM segment WHERE number = ?", arguments: [Int64(number)]
      ).map(SegmentRecord.init(row:))
    }
  }

  /// All segments in a state, ascending by number.
  package func segments(in state: SegmentRecord.State) async throws -> [SegmentRecord] {
    try await database.read { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM segment WHERE state = ? ORDER BY number",
        arguments: [state.rawValue]
      ).map(SegmentRecord.init(row:))
    }
  }

  /// All segments of a bundle, ascending by number.
  package func segments(ofBundle bundle: UInt64) async throws -> [SegmentRecord] {
    try await database.read { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM segment WHERE bundle = ? ORDER BY number",
        arguments: [Int64(bundle)]
      ).map(SegmentRecord.init(row:))
    }
  }

  /// The numbers of all bundles that hold segments which are wanted, ascending.
  package func bundles() async throws -> [UInt64] {
    try await database.read { database in
      try Int64.fetchAll(
        database,
        sql: """
          SELECT DISTINCT bundle FROM segment WHERE bundle IS NOT NULL AND state <> ?
          ORDER BY bundle
          """, arguments: [SegmentRecord.State.dropped.rawValue]
      ).map(UInt64.init)
    }
  }

  /// Takes the next number of a named counter; the first is 1. The taking is synced, so that no
  /// number is handed out twice, crash or not.
  package func next(_ counter: String) async throws -> UInt64 {
    try await database.write { database in
      try database.execute(
        sql: """
          INSERT INTO counter (name, value) VALUES (?, 1)
          ON CONFLICT (name) DO UPDATE SET value = value + 1
          """, arguments: [counter])
      let value = try Int64.fetchOne(
        database, sql: "SELECT value FROM counter WHERE name = ?", arguments: [counter])
      return UInt64(value ?? 1)
    }
  }

  /// The last number taken of a named counter; 0 when none was.
  package func current(_ counter: String) async throws -> UInt64 {
    try await database.read { database in
      let value = try Int64.fetchOne(
        database, sql: "SELECT value FROM counter WHERE name = ?", arguments: [counter])
      return UInt64(value ?? 0)
    }
  }

  /// Raises a named counter to `value`, so that the next number is above it; never lowers it.
  package func raise(_ counter: String, to value: UInt64) async throws {
    try await database.write { database in
      try database.execute(
        sql: """
          INSERT INTO counter (name, value) VALUES (?, ?)
          ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)
          """, arguments: [counter, Int64(clamping: value)])
    }
  }

  /// What has been promised to each provider so far, by voucher.
  package func vouchers() async throws -> [ProviderID: Credits] {
    try await database.read { database in
      var promised: [ProviderID: Credits] = [:]
      for row in try Row.fetchAll(database, sql: "SELECT * FROM voucher") {
        let provider: Data = row["provider"]
        let cumulative: Data = row["cumulative"]
        guard let id = ProviderID(bytes: provider),
          let credits = try? Credits(canonicalBytes: Array(cumulative))
        else { throw CatalogError.damaged("a voucher row of provider \(Array(provider).hex)") }
        promised[id] = credits
      }
      return promised
    }
  }

  /// Notes what has been promised to a provider; never lowers it.
  package func savePromise(_ cumulative: Credits, to provider: ProviderID) async throws {
    try await database.write { database in
      // Big-endian bytes of fixed width compare as the numbers do.
      try database.execute(
        sql: """
          INSERT INTO voucher (provider, cumulative) VALUES (?, ?)
          ON CONFLICT (provider) DO UPDATE SET cumulative = max(cumulative, excluded.cumulative)
          """, arguments: [Data(provider.bytes), Data(cumulative.canonicalBytes())])
    }
  }
}

/// Why the catalog cannot be used.
package enum CatalogError: Error, CustomStringConvertible {
  /// A row does not read back.
  case damaged(String)
  /// Nothing of a segment is wanted any more.
  case dropped(UInt64)

  package var description: String {
    switch self {
    case .dropped(let segment): "Segment \(segment) was dropped: nothing of it is wanted."
    case .damaged(let what):
      "The gateway's segment catalog is damaged (\(what)); recover it from the network."
    }
  }
}
