import Foundation
import GRDB
import Primitives
import StorageService

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
