import Foundation
import GRDB
import Primitives
import StorageService

/// Multipart uploads.
extension IndexMutator {
  func createUpload(_ upload: LogRecord.CreateUpload) throws {
    let bucket = try bucketID(upload.bucket)
    try database.run(
      """
      INSERT INTO upload (id, bucket, key, initiated, attributes, checksumAlgorithm, checksumType)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """,
      [
        Data(upload.upload.bytes), bucket, Data(upload.key.utf8), now,
        Data(upload.attributes.canonicalBytes()), upload.checksumAlgorithm, upload.checksumType,
      ])
  }

  func putPart(_ part: LogRecord.PutPart) throws {
    let upload = Data(part.upload.bytes)
    guard try database.first("SELECT 1 FROM upload WHERE id = ?", [upload]) != nil else {
      throw IndexRefusal.noSuchUpload
    }
    let old = try database.first(
      "SELECT content FROM part WHERE upload = ? AND number = ?", [upload, part.partNumber])
    let content = try makeContent(
      attributes: ObjectAttributes(contentType: ""), checksums: part.checksums, blobs: part.blobs)
    let length = part.blobs.reduce(UInt64(0)) { $0.addingSaturated($1.length) }
    try database.run(
      """
      INSERT OR REPLACE INTO part (upload, number, content, length, etag, modified)
      VALUES (?, ?, ?, ?, ?, ?)
      """, [upload, part.partNumber, content, Int64(clamping: length), part.etag, now])
    if let old { try releaseContent(old["content"]) }
  }

  func completeUpload(_ complete: LogRecord.CompleteUpload) throws {
    let id = Data(complete.upload.bytes)
    let upload = try database.first("SELECT bucket, key, attributes FROM upload WHERE id = ?", [id])
    guard let upload else { throw IndexRefusal.noSuchUpload }
    let bucket: Int64 = upload["bucket"]
    let key: Data = upload["key"]
    try check(complete.precondition, bucket: bucket, key: key)
    var parts: [(content: Int64, length: Int64)] = []
    var tags: [(number: UInt32, etag: String)] = []
    for number in complete.partNumbers {
      let row = try database.first(
        "SELECT content, length, etag FROM part WHERE upload = ? AND number = ?", [id, number])
      guard let row else { throw IndexRefusal.noSuchPart(number) }
      parts.append((row["content"], row["length"]))
      tags.append((number, row["etag"]))
    }
    guard LogRecord.CompleteUpload.partsDigest(tags) == complete.partsDigest else {
      throw IndexRefusal.noSuchPart(complete.partNumbers.first ?? 0)
    }
    let content = try join(
      parts, attributes: upload["attributes"], checksums: complete.checksums)
    try dropUpload(id, keepingParts: Set(complete.partNumbers))
    try publish(
      content: content, bucket: bucket, key: key, length: parts.reduce(0) { $0 + $1.length },
      etag: complete.etag)
    try database.run(
      """
      INSERT OR REPLACE INTO finishedUpload (id, bucket, key, etag, finished)
      VALUES (?, ?, ?, ?, ?)
      """, [id, Data(complete.bucket.utf8), key, complete.etag, now])
  }

  /// Makes one content of the parts' contents, whose blobs it takes over.
  private func join(
    _ parts: [(content: Int64, length: Int64)], attributes: Data, checksums: [ObjectChecksum]
  ) throws -> Int64 {
    try database.run(
      "INSERT INTO content (attributes, checksums) VALUES (?, ?)",
      [attributes, Data(CanonicalValues(checksums).canonicalBytes())])
    let whole = database.lastInsertedRowID
    var position: Int64 = 0
    for (index, (part, length)) in parts.enumerated() {
      try database.run(
        """
        INSERT INTO contentPart (content, part, length, checksums)
        SELECT ?, ?, ?, checksums FROM content WHERE id = ?
        """, [whole, index + 1, length, part])
      let rows = try database.all(
        "SELECT position FROM contentBlob WHERE content = ? ORDER BY position", [part])
      for row in rows {
        let old: Int64 = row["position"]
        try database.run(
          """
          UPDATE contentBlob SET content = ?, position = ?, part = ?
          WHERE content = ? AND position = ?
          """, [whole, position, index + 1, part, old])
        position += 1
      }
      try database.run("DELETE FROM content WHERE id = ?", [part])
    }
    return whole
  }

  func abortUpload(_ upload: AttemptID) throws {
    let id = Data(upload.bytes)
    guard try database.first("SELECT 1 FROM upload WHERE id = ?", [id]) != nil else {
      throw IndexRefusal.noSuchUpload
    }
    try dropUpload(id, keepingParts: [])
  }

  /// Takes an upload away, and the contents of the parts that are not kept.
  func dropUpload(_ id: Data, keepingParts kept: Set<UInt32>) throws {
    for row in try database.all("SELECT number, content FROM part WHERE upload = ?", [id]) {
      let number: UInt32 = row["number"]
      if !kept.contains(number) { try releaseContent(row["content"]) }
    }
    try database.run("DELETE FROM part WHERE upload = ?", [id])
    try database.run("DELETE FROM upload WHERE id = ?", [id])
  }
}
