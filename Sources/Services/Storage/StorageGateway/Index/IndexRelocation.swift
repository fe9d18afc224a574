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

/// Blobs that move.
extension IndexMutator {
  /// Makes users of a blob read its bytes from their new place.
  ///
  /// A move under the same attempt took the sealed bytes as they are, and moves all users; nothing
  /// happens when the blob is gone by now. One under a new attempt is a copy sealed anew, for the
  /// object that the record names.
  func relocate(_ move: LogRecord.Relocate) throws {
    if move.to.attempt == move.from {
      try moveBlob(move.to)
    } else {
      try replaceBlob(move)
    }
  }

  private func moveBlob(_ moved: StoredBlob) throws {
    let row = try database.first(
      "SELECT id, length, extents FROM blob WHERE attempt = ?", [Data(moved.attempt.bytes)])
    guard let row, (row["length"] as Int64) == Int64(clamping: moved.length), moved.isComplete
    else { throw IndexRefusal.noSuchKey }
    let id: Int64 = row["id"]
    let bytes: Data = row["extents"]
    try forgetPlaces(of: id, try CanonicalValues<Extent>(canonicalBytes: Array(bytes)).values)
    try notePlaces(of: id, moved.extents)
    try database.run(
      "UPDATE blob SET extents = ? WHERE id = ?",
      [Data(CanonicalValues(moved.extents).canonicalBytes()), id])
  }

  private func replaceBlob(_ move: LogRecord.Relocate) throws {
    let bucket = try bucketID(move.bucket)
    let row = try database.first(
      """
      SELECT contentBlob.content, position, blob.id FROM object
      JOIN contentBlob ON contentBlob.content = object.content
      JOIN blob ON blob.id = contentBlob.blob
      WHERE bucket = ? AND key = ? AND attempt = ?
      """, [bucket, Data(move.key.utf8), Data(move.from.bytes)])
    guard let row else { throw IndexRefusal.noSuchKey }
    let new = try use(move.to)
    let content: Int64 = row["content"]
    let position: Int64 = row["position"]
    try database.run(
      "UPDATE contentBlob SET blob = ?, wrappedKey = ? WHERE content = ? AND position = ?",
      [new, Data(move.to.wrappedKey.bytes), content, position])
    try release(blob: row["id"])
  }
}
