import Foundation
import GRDB
import Primitives
import StorageService

/// Applies one log record inside a transaction.
///
/// Everything that can refuse is checked before anything is written, so a refused record leaves no
/// trace; what it does depends on the record and the tables only, so a replay does the same.
struct IndexMutator {
  let database: Database
  let record: LogRecord

  var now: Int64 { Int64(clamping: record.unixMilliseconds) }

  /// - Throws: ``IndexRefusal``, or what SQLite throws.
  func apply() throws {
    switch record.mutation {
    case .createBucket(let name, let region): try createBucket(name, region: region)
    case .deleteBucket(let name): try deleteBucket(name)
    case .setBucketAttribute(let name, let attribute, let value):
      try setBucketAttribute(name, attribute, value)
    case .putObject(let put): try putObject(put)
    case .deleteObject(let bucket, let key, let precondition):
      try deleteObject(bucket: bucket, key: Data(key.utf8), precondition)
    case .setObjectAttribute(let bucket, let key, let name, let value):
      try setObjectAttribute(bucket: bucket, key: key, name: name, value: value)
    case .createUpload(let upload): try createUpload(upload)
    case .putPart(let part): try putPart(part)
    case .completeUpload(let upload): try completeUpload(upload)
    case .abortUpload(_, _, let upload): try abortUpload(upload)
    case .relocate(let move): try relocate(move)
    case .checkpoint(let checkpoint): try noteCheckpoint(checkpoint)
    case .revokeKey(let name): try revokeKey(name)
    }
  }

  // MARK: Buckets

  func bucketID(_ name: String) throws -> Int64 {
    let row = try database.first("SELECT id FROM bucket WHERE name = ?", [Data(name.utf8)])
    guard let row else { throw IndexRefusal.noSuchBucket }
    return row["id"]
  }

  private func createBucket(_ name: String, region: String) throws {
    let existing = try database.first("SELECT 1 FROM bucket WHERE name = ?", [Data(name.utf8)])
    guard existing == nil else { throw IndexRefusal.bucketExists }
    try database.run(
      "INSERT INTO bucket (name, region, created) VALUES (?, ?, ?)",
      [Data(name.utf8), region, now])
  }

  private func deleteBucket(_ name: String) throws {
    let bucket = try bucketID(name)
    let object = try database.first("SELECT 1 FROM object WHERE bucket = ? LIMIT 1", [bucket])
    guard object == nil else { throw IndexRefusal.bucketNotEmpty }
    for row in try database.all("SELECT id FROM upload WHERE bucket = ?", [bucket]) {
      let bytes: Data = row["id"]
      try dropUpload(bytes, keepingParts: [])
    }
    try database.run("DELETE FROM bucketAttribute WHERE bucket = ?", [bucket])
    try database.run("DELETE FROM bucket WHERE id = ?", [bucket])
  }

  private func setBucketAttribute(_ name: String, _ attribute: String, _ value: [UInt8]?) throws {
    let bucket = try bucketID(name)
    if let value {
      try database.run(
        "INSERT OR REPLACE INTO bucketAttribute (bucket, name, value) VALUES (?, ?, ?)",
        [bucket, attribute, Data(value)])
    } else {
      try database.run(
        "DELETE FROM bucketAttribute WHERE bucket = ? AND name = ?", [bucket, attribute])
    }
  }

  // MARK: Objects

  /// - Throws: ``IndexRefusal`` when the condition does not hold of the object at the key.
  func check(_ precondition: WritePrecondition, bucket: Int64, key: Data) throws {
    if precondition == .none { return }
    let row = try database.first(
      "SELECT etag, modified, length FROM object WHERE bucket = ? AND key = ?", [bucket, key])
    let current = row.map { row in
      let modified: Int64 = row["modified"]
      let length: Int64 = row["length"]
      return (
        etag: row["etag"] as String, modifiedMilliseconds: UInt64(clamping: modified),
        length: UInt64(clamping: length)
      )
    }
    switch precondition.evaluate(current) {
    case .holds: return
    case .failed: throw IndexRefusal.preconditionFailed
    case .noSuchKey: throw IndexRefusal.noSuchKey
    }
  }

  private func putObject(_ put: LogRecord.PutObject) throws {
    let bucket = try bucketID(put.bucket)
    let key = Data(put.key.utf8)
    try check(put.precondition, bucket: bucket, key: key)
    let content = try makeContent(
      attributes: put.attributes, checksums: put.checksums, blobs: put.blobs)
    let length = put.blobs.reduce(UInt64(0)) { $0.addingSaturated($1.length) }
    try publish(
      content: content, bucket: bucket, key: key, length: Int64(clamping: length), etag: put.etag)
  }

  /// Puts a content at a key and frees what was there.
  func publish(content: Int64, bucket: Int64, key: Data, length: Int64, etag: String) throws {
    let old = try database.first(
      "SELECT content FROM object WHERE bucket = ? AND key = ?", [bucket, key])
    try database.run(
      """
      INSERT OR REPLACE INTO object (bucket, key, content, length, etag, modified)
      VALUES (?, ?, ?, ?, ?, ?)
      """, [bucket, key, content, length, etag, now])
    if let old { try releaseContent(old["content"]) }
  }

  private func deleteObject(
    bucket name: String, key: Data, _ precondition: WritePrecondition
  ) throws {
    let bucket = try bucketID(name)
    let row = try database.first(
      "SELECT content FROM object WHERE bucket = ? AND key = ?", [bucket, key])
    guard let row else { return }  // Deleting what is not there succeeds in S3.
    try check(precondition, bucket: bucket, key: key)
    try database.run("DELETE FROM object WHERE bucket = ? AND key = ?", [bucket, key])
    try releaseContent(row["content"])
  }

  private func setObjectAttribute(
    bucket name: String, key: String, name attribute: String, value: [UInt8]?
  ) throws {
    let bucket = try bucketID(name)
    let row = try database.first(
      """
      SELECT content.id, attributes FROM object JOIN content ON content.id = object.content
      WHERE bucket = ? AND key = ?
      """, [bucket, Data(key.utf8)])
    guard let row else { throw IndexRefusal.noSuchKey }
    let bytes: Data = row["attributes"]
    let old = try ObjectAttributes(canonicalBytes: Array(bytes))
    let new = try old.setting(attribute, to: value)
    let id: Int64 = row["id"]
    try database.run(
      "UPDATE content SET attributes = ? WHERE id = ?", [Data(new.canonicalBytes()), id])
  }
}

extension ObjectAttributes {
  /// These attributes with one set anew, or removed (nil). `tagging` is a canonical list of
  /// ``NamedValue``; anything else is kept among the headers as text.
  fileprivate func setting(_ name: String, to value: [UInt8]?) throws -> ObjectAttributes {
    if name == "tagging" {
      let tags = try value.map { try CanonicalValues<NamedValue>(canonicalBytes: $0).values } ?? []
      return ObjectAttributes(
        contentType: contentType, headers: headers, userMetadata: userMetadata, tags: tags)
    }
    var others = headers.filter { $0.name != name }
    if let value { others.append(NamedValue(name, String(decoding: value, as: UTF8.self))) }
    return ObjectAttributes(
      contentType: contentType, headers: others, userMetadata: userMetadata, tags: tags)
  }
}
