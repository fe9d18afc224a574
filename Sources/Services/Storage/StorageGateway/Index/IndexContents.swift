import Foundation
import GRDB
import Primitives
import StorageService

/// Contents, blobs and who uses them.
extension IndexMutator {
  /// Writes a content of these blobs, each with one user more.
  func makeContent(
    attributes: ObjectAttributes, checksums: [ObjectChecksum], blobs: [StoredBlob], part: Int = 0
  ) throws -> Int64 {
    try database.run(
      "INSERT INTO content (attributes, checksums) VALUES (?, ?)",
      [
        Data(attributes.canonicalBytes()),
        Data(CanonicalValues(checksums).canonicalBytes()),
      ])
    let content = database.lastInsertedRowID
    for (position, blob) in blobs.enumerated() {
      let id = try use(blob)
      try database.run(
        """
        INSERT INTO contentBlob (content, position, part, blob, wrappedKey)
        VALUES (?, ?, ?, ?, ?)
        """, [content, position, part, id, Data(blob.wrappedKey.bytes)])
    }
    return content
  }

  /// Takes a content away, and each blob that nobody else uses.
  func releaseContent(_ content: Int64) throws {
    for row in try database.all("SELECT blob FROM contentBlob WHERE content = ?", [content]) {
      try release(blob: row["blob"])
    }
    try database.run("DELETE FROM contentBlob WHERE content = ?", [content])
    try database.run("DELETE FROM contentPart WHERE content = ?", [content])
    try database.run("DELETE FROM content WHERE id = ?", [content])
  }

  /// Counts one user more of a blob, which is written down when it is new, and returns its id.
  func use(_ blob: StoredBlob) throws -> Int64 {
    let attempt = Data(blob.attempt.bytes)
    if let row = try database.first("SELECT id FROM blob WHERE attempt = ?", [attempt]) {
      let id: Int64 = row["id"]
      try database.run("UPDATE blob SET users = users + 1 WHERE id = ?", [id])
      return id
    }
    try database.run(
      "INSERT INTO blob (attempt, length, extents, users) VALUES (?, ?, ?, 1)",
      [
        attempt, Int64(clamping: blob.length),
        Data(CanonicalValues(blob.extents).canonicalBytes()),
      ])
    let id = database.lastInsertedRowID
    try notePlaces(of: id, blob.extents)
    return id
  }

  /// Counts a blob's bytes in the segments where they lie.
  func notePlaces(of id: Int64, _ extents: [Extent]) throws {
    for (segment, bytes) in bytesBySegment(extents) {
      try database.run(
        """
        INSERT INTO blobSegment (segment, blob, bytes) VALUES (?, ?, ?)
        """, [segment, id, bytes])
      try database.run(
        """
        INSERT INTO segmentUse (segment, written, live) VALUES (?, ?, ?)
        ON CONFLICT (segment) DO UPDATE
        SET written = written + excluded.written, live = live + excluded.live
        """, [segment, bytes, bytes])
    }
  }

  /// Takes a blob's bytes out of the live ones of the segments where they lie.
  func forgetPlaces(of id: Int64, _ extents: [Extent]) throws {
    for (segment, bytes) in bytesBySegment(extents) {
      try database.run("DELETE FROM blobSegment WHERE segment = ? AND blob = ?", [segment, id])
      try database.run(
        "UPDATE segmentUse SET live = live - ? WHERE segment = ?", [bytes, segment])
    }
  }

  /// Counts one user less; the last one takes the blob away.
  func release(blob id: Int64) throws {
    try database.run("UPDATE blob SET users = users - 1 WHERE id = ?", [id])
    let row = try database.first("SELECT users, extents FROM blob WHERE id = ?", [id])
    guard let row, (row["users"] as Int64) <= 0 else { return }
    let bytes: Data = row["extents"]
    try forgetPlaces(of: id, try CanonicalValues<Extent>(canonicalBytes: Array(bytes)).values)
    try database.run("DELETE FROM blob WHERE id = ?", [id])
  }

  /// How many bytes lie in each segment, ascending by segment.
  private func bytesBySegment(_ extents: [Extent]) -> [(segment: Int64, bytes: Int64)] {
    var sums: [(segment: Int64, bytes: Int64)] = []
    for extent in extents.sorted(by: { $0.segment < $1.segment }) {
      let segment = Int64(clamping: extent.segment)
      if sums.last?.segment == segment {
        sums[sums.count - 1].bytes += Int64(extent.length)
      } else {
        sums.append((segment, Int64(extent.length)))
      }
    }
    return sums
  }
}
