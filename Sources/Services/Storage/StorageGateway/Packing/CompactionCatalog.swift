import Foundation
import GRDB
import Primitives
import StorageService

/// What the catalog keeps for compaction.
extension SegmentCatalog {
  /// `movedOut` names bundles whose survivors were appended elsewhere: they may go only when what
  /// was appended is on the ledger.
  static let compactionTables = """
    ALTER TABLE segment ADD COLUMN lastSequence INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE movedOut (bundle INTEGER PRIMARY KEY);
    """

  /// `superseded` names bundles whose segments are all in later ones, too: nobody reads them.
  static let supersededTable = "CREATE TABLE superseded (bundle INTEGER PRIMARY KEY);"

  /// Notes that all segments of a bundle are in later bundles: it is to be released.
  func noteSuperseded(_ bundle: UInt64) async throws {
    try await database.write { database in
      try database.execute(
        sql: "INSERT OR IGNORE INTO superseded (bundle) VALUES (?)", arguments: [Int64(bundle)])
    }
  }

  /// Notes, before the first survivor of a bundle is appended elsewhere, that some may be.
  func noteMovedOut(of bundle: UInt64) async throws {
    try await database.write { database in
      try database.execute(
        sql: "INSERT OR IGNORE INTO movedOut (bundle) VALUES (?)", arguments: [Int64(bundle)])
    }
  }

  /// The bundles whose survivors may have been appended elsewhere.
  func movedOut() async throws -> Set<UInt64> {
    try await database.read { database in
      Set(try Int64.fetchAll(database, sql: "SELECT bundle FROM movedOut").map(UInt64.init))
    }
  }

  /// The bundles of which nothing is wanted, or that later ones hold as well, and that are still to
  /// be released, ascending.
  func bundlesToRelease() async throws -> [UInt64] {
    try await database.read { database in
      try Int64.fetchAll(
        database,
        sql: """
          SELECT bundle FROM segment WHERE bundle IS NOT NULL AND state = ?
          UNION SELECT bundle FROM superseded ORDER BY bundle
          """, arguments: [SegmentRecord.State.dropped.rawValue]
      ).map(UInt64.init)
    }
  }

  /// Nothing of these segments is wanted any more: their bundle is to be released.
  func drop(_ segments: [SegmentRecord]) async throws {
    try await save(
      segments.map { segment in
        var dropped = segment
        dropped.state = .dropped
        return dropped
      })
  }

  /// Drops a sealed segment that waits for its bundle. False, and nothing is changed, when it was
  /// submitted meanwhile.
  func dropWaiting(_ segment: SegmentRecord) async throws -> Bool {
    try await database.write { database in
      try database.execute(
        sql: """
          UPDATE segment SET state = ? WHERE number = ? AND state = ?
          AND NOT EXISTS (SELECT 1 FROM bundlePlan WHERE bundlePlan.segment = segment.number)
          """,
        arguments: [
          SegmentRecord.State.dropped.rawValue, Int64(segment.number),
          SegmentRecord.State.sealed.rawValue,
        ])
      return database.changesCount > 0
    }
  }

  /// A bundle was released: its dropped segments are nobody's.
  func noteReleased(_ bundle: UInt64) async throws {
    try await database.write { database in
      try database.execute(
        sql: "UPDATE segment SET bundle = NULL WHERE bundle = ? AND state = ?",
        arguments: [Int64(bundle), SegmentRecord.State.dropped.rawValue])
      try database.execute(
        sql: "DELETE FROM movedOut WHERE bundle = ?", arguments: [Int64(bundle)])
      try database.execute(
        sql: "DELETE FROM superseded WHERE bundle = ?", arguments: [Int64(bundle)])
    }
  }

  /// The manifests' hashes under which copies of segments that have a bundle were submitted: a
  /// gateway died between the commitment and its note, or the ledger never took it.
  func unfinishedCopies() async throws -> [(manifest: Digest, bundle: UInt64)] {
    try await database.read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT DISTINCT manifest, segment.bundle AS bundle FROM bundlePlan
          JOIN segment ON segment.number = bundlePlan.segment WHERE segment.state = ?
          """, arguments: [SegmentRecord.State.bundled.rawValue]
      ).compactMap { row in
        let bytes: Data = row["manifest"]
        let bundle: Int64? = row["bundle"]
        guard let manifest = Digest(bytes: bytes), let bundle else { return nil }
        return (manifest, UInt64(bundle))
      }
    }
  }

  /// Forgets what was planned under a manifest's hash.
  func forgetPlan(_ manifest: Digest) async throws {
    try await database.write { database in
      try database.execute(
        sql: "DELETE FROM bundlePlan WHERE manifest = ?", arguments: [Data(manifest.bytes)])
    }
  }
}
