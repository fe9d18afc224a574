import Foundation
import GRDB
import Primitives
import StorageService

/// Reading buckets and objects.
extension ObjectIndex {
  /// The bucket of that name, or nil.
  package func bucket(named name: String) async throws -> BucketInfo? {
    try await database.read { try Self.bucket(named: name, $0) }
  }

  static func bucket(named name: String, _ database: Database) throws -> BucketInfo? {
    try database.first("SELECT * FROM bucket WHERE name = ?", [Data(name.utf8)])
      .map(BucketInfo.init(row:))
  }

  /// All buckets, ascending by name.
  package func buckets() async throws -> [BucketInfo] {
    try await database.read { database in
      try database.all("SELECT * FROM bucket ORDER BY name").map(BucketInfo.init(row:))
    }
  }

  /// An attribute of a bucket, or nil when it is not set.
  package func attribute(_ name: String, ofBucket bucket: BucketInfo) async throws -> [UInt8]? {
    try await database.read { database in
      let row = try database.first(
        "SELECT value FROM bucketAttribute WHERE bucket = ? AND name = ?", [bucket.id, name])
      guard let row else { return nil }
      let value: Data = row["value"]
      return Array(value)
    }
  }

  /// The values that an attribute has in all buckets.
  package func attributes(_ name: String) async throws -> [[UInt8]] {
    try await database.read { database in
      try database.all("SELECT value FROM bucketAttribute WHERE name = ?", [name]).map { row in
        let value: Data = row["value"]
        return Array(value)
      }
    }
  }

  /// The object at a key, or nil; `withBlobs` says whether the places of its bytes are wanted.
  package func object(
    _ key: [UInt8], in bucket: BucketInfo, withBlobs: Bool
  ) async throws -> ObjectInfo? {
    try await database.read { database in
      let row = try database.first(
        """
        SELECT key, length, etag, modified, content, attributes, checksums
        FROM object JOIN content ON content.id = object.content
        WHERE bucket = ? AND key = ?
        """, [bucket.id, Data(key)])
      guard let row else { return nil }
      let attributes: Data = row["attributes"]
      let checksums: Data = row["checksums"]
      return ObjectInfo(
        summary: ObjectSummary(row: row),
        attributes: try ObjectAttributes(canonicalBytes: Array(attributes)),
        checksums: try CanonicalValues<ObjectChecksum>(canonicalBytes: Array(checksums)).values,
        blobs: withBlobs ? try Self.blobs(ofContent: row["content"], database) : [])
    }
  }

  private static func blobs(
    ofContent content: Int64, _ database: Database
  ) throws -> [ContentBlob] {
    let rows = try database.all(
      """
      SELECT attempt, length, extents, wrappedKey, part
      FROM contentBlob JOIN blob ON blob.id = contentBlob.blob
      WHERE content = ? ORDER BY position
      """, [content])
    return try rows.map { row in
      let attemptBytes: Data = row["attempt"]
      let keyBytes: Data = row["wrappedKey"]
      let extentBytes: Data = row["extents"]
      guard let attempt = AttemptID(bytes: attemptBytes),
        let wrappedKey = WrappedDataKey(bytes: Array(keyBytes))
      else { throw IndexError.damaged("a blob of content \(content)") }
      let length: Int64 = row["length"]
      return ContentBlob(
        blob: StoredBlob(
          attempt: attempt, wrappedKey: wrappedKey, length: UInt64(clamping: length),
          extents: try CanonicalValues<Extent>(canonicalBytes: Array(extentBytes)).values),
        part: row["part"])
    }
  }

  /// The parts that an object was uploaded in, ascending; empty for one that was put whole.
  package func partsOfObject(
    _ key: [UInt8], in bucket: BucketInfo
  ) async throws -> [ObjectPart] {
    try await database.read { database in
      try database.all(
        """
        SELECT part, contentPart.length, checksums
        FROM object JOIN contentPart ON contentPart.content = object.content
        WHERE bucket = ? AND key = ? ORDER BY part
        """, [bucket.id, Data(key)]
      ).map(ObjectPart.init(row:))
    }
  }

  /// How many bytes of each segment were written by objects and parts, and how many of them are
  /// still used; ascending by segment.
  package func segmentUse() async throws -> [(segment: UInt64, written: UInt64, live: UInt64)] {
    try await database.read { database in
      try database.all("SELECT * FROM segmentUse ORDER BY segment").map { row in
        let segment: Int64 = row["segment"]
        let written: Int64 = row["written"]
        let live: Int64 = row["live"]
        return (UInt64(clamping: segment), UInt64(clamping: written), UInt64(clamping: live))
      }
    }
  }
}

/// Reading multipart uploads.
extension ObjectIndex {
  /// An upload in progress of that bucket and key, or nil.
  package func upload(
    _ id: AttemptID, key: [UInt8], in bucket: BucketInfo
  ) async throws -> UploadInfo? {
    try await database.read { database in
      try database.first(
        "SELECT * FROM upload WHERE id = ? AND bucket = ? AND key = ?",
        [Data(id.bytes), bucket.id, Data(key)]
      ).map(UploadInfo.init(row:))
    }
  }

  /// The entity tag of the object that an upload of that bucket and key became, or nil when none
  /// was completed under this id.
  package func finishedUpload(
    _ id: AttemptID, key: [UInt8], in bucket: BucketInfo
  ) async throws -> String? {
    try await database.read { database in
      let row = try database.first(
        "SELECT etag FROM finishedUpload WHERE id = ? AND bucket = ? AND key = ?",
        [Data(id.bytes), Data(bucket.name.utf8), Data(key)])
      return row?["etag"]
    }
  }

  /// At most `limit` parts with numbers above `after`, ascending.
  package func parts(
    of upload: AttemptID, after: Int = 0, limit: Int = LogLimits.parts
  ) async throws -> [PartInfo] {
    try await database.read { database in
      try database.all(
        """
        SELECT number, length, etag, modified, checksums
        FROM part JOIN content ON content.id = part.content
        WHERE upload = ? AND number > ? ORDER BY number LIMIT ?
        """, [Data(upload.bytes), after, limit]
      ).map(PartInfo.init(row:))
    }
  }
}
