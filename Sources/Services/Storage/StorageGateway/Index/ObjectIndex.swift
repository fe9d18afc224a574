import Foundation
import GRDB
import Primitives
import StorageService

/// One identity's buckets, objects and uploads in a SQLite file: a cache of the network's log.
///
/// Writers go through ``apply(_:)`` only. A mutation's preconditions are checked in the transaction
/// that makes it visible, so of several writers that expect the same state exactly one succeeds.
package struct ObjectIndex: MutationIndex {
  let database: any DatabaseWriter

  /// Opens or creates the index in a file, in WAL mode with a sync each transaction.
  /// - Throws: what SQLite throws when the file cannot be used.
  package init(path: String) throws {
    var configuration = Configuration()
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA synchronous = FULL")
    }
    try self.init(database: try DatabasePool(path: path, configuration: configuration))
  }

  /// Uses a database that others may use too; only the index's own tables are touched.
  /// - Throws: what SQLite throws.
  package init(database: any DatabaseWriter) throws {
    self.database = database
    try IndexSchema.migrator.migrate(database)
  }

  /// Applies records in order of their sequence in one synced transaction. Records that were
  /// applied before are skipped.
  /// - Returns: for each record without effect, by sequence, the ``IndexRefusal``.
  /// - Throws: ``IndexError/sequenceGap(expected:got:)`` when a record is missing, or what SQLite
  ///   throws; nothing was applied then.
  @discardableResult
  package func apply(_ records: [LogRecord]) async throws -> [UInt64: any Error] {
    let ordered = records.sorted { $0.sequence < $1.sequence }
    return try await database.write { database in
      var refusals: [UInt64: any Error] = [:]
      var applied = try Self.appliedSequence(database)
      let before = applied
      for record in ordered where record.sequence > applied {
        guard record.sequence == applied + 1 else {
          throw IndexError.sequenceGap(expected: applied + 1, got: record.sequence)
        }
        do {
          try IndexMutator(database: database, record: record).apply()
        } catch let refusal as IndexRefusal {
          refusals[record.sequence] = refusal
        }
        applied = record.sequence
      }
      if applied > before { try Self.saveAppliedSequence(applied, database) }
      return refusals
    }
  }

  /// The highest sequence that was applied; 0 when none was.
  package func appliedSequence() async throws -> UInt64 {
    try await database.read { try Self.appliedSequence($0) }
  }

  static func appliedSequence(_ database: Database) throws -> UInt64 {
    let row = try database.first("SELECT value FROM state WHERE name = 'appliedSequence'")
    let value: Int64 = row?["value"] ?? 0
    return UInt64(clamping: value)
  }

  private static func saveAppliedSequence(_ sequence: UInt64, _ database: Database) throws {
    try database.run(
      "INSERT OR REPLACE INTO state (name, value) VALUES ('appliedSequence', ?)",
      [Int64(clamping: sequence)])
  }
}
