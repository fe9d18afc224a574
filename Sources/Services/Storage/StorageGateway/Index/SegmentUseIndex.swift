import Foundation
import GRDB
import Primitives
import StorageService

/// What compaction asks of the index.
package protocol SegmentUseIndex: Sendable {
  /// How many bytes of each segment were written by objects and parts, and how many of them are
  /// still used; ascending by segment.
  func segmentUse() async throws -> [(segment: UInt64, written: UInt64, live: UInt64)]
  /// How many blobs have bytes in a segment.
  func blobCount(inSegment segment: UInt64) async throws -> UInt64
  /// At most `limit` blobs with bytes in one of these segments; the wrapped key of each is that of
  /// one of its users.
  func blobs(inSegments segments: [UInt64], limit: Int) async throws -> [StoredBlob]
}

extension ObjectIndex: SegmentUseIndex {
  package func blobCount(inSegment segment: UInt64) async throws -> UInt64 {
    try await database.read { database in
      let row = try database.first(
        "SELECT count(*) AS blobs FROM blobSegment WHERE segment = ?", [Int64(clamping: segment)])
      let count: Int64 = row?["blobs"] ?? 0
      return UInt64(clamping: count)
    }
  }

  package func blobs(inSegments segments: [UInt64], limit: Int) async throws -> [StoredBlob] {
    try await database.read { database in
      var found: [StoredBlob] = []
      var seen: Set<Int64> = []
      for segment in segments {
        let rows = try database.all(
          """
          SELECT blob.id, attempt, length, extents FROM blobSegment
          JOIN blob ON blob.id = blobSegment.blob WHERE segment = ? ORDER BY blob.id LIMIT ?
          """, [Int64(clamping: segment), limit])
        for row in rows where seen.insert(row["id"]).inserted {
          guard found.count < limit else { return found }
          if let blob = try Self.movable(row, database) { found.append(blob) }
        }
      }
      return found
    }
  }

  private static func movable(_ row: Row, _ database: Database) throws -> StoredBlob? {
    let id: Int64 = row["id"]
    let user = try database.first(
      "SELECT wrappedKey FROM contentBlob WHERE blob = ? LIMIT 1", [id])
    guard let user else { return nil }
    let attemptBytes: Data = row["attempt"]
    let keyBytes: Data = user["wrappedKey"]
    let extentBytes: Data = row["extents"]
    let length: Int64 = row["length"]
    guard let attempt = AttemptID(bytes: attemptBytes),
      let wrappedKey = WrappedDataKey(bytes: Array(keyBytes))
    else { throw IndexError.damaged("blob \(id)") }
    return StoredBlob(
      attempt: attempt, wrappedKey: wrappedKey, length: UInt64(clamping: length),
      extents: try CanonicalValues<Extent>(canonicalBytes: Array(extentBytes)).values)
  }
}
