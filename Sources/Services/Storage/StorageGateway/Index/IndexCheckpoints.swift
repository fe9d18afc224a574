import Foundation
import GRDB
import Primitives
import StorageService

/// Checkpoints, as the index knows them: bytes in use like an object's, until the next one.
extension IndexMutator {
  func noteCheckpoint(_ checkpoint: LogRecord.Checkpoint) throws {
    let old = try database.all("SELECT content FROM checkpoint")
    let content = try makeContent(
      attributes: ObjectAttributes(contentType: ""), checksums: [], blobs: [checkpoint.blob])
    try database.run(
      "INSERT INTO checkpoint (content, coveredSequence) VALUES (?, ?)",
      [content, Int64(clamping: checkpoint.coveredSequence)])
    for row in old {
      try database.run("DELETE FROM checkpoint WHERE content = ?", [row["content"] as Int64])
      try releaseContent(row["content"])
    }
  }
}

extension ObjectIndex {
  /// The last record that the newest checkpoint holds; 0 when there is none.
  package func checkpointedSequence() async throws -> UInt64 {
    try await database.read { database in
      let row = try database.first("SELECT max(coveredSequence) AS covered FROM checkpoint")
      let covered: Int64? = row?["covered"]
      return UInt64(clamping: covered ?? 0)
    }
  }

  /// The segments that the newest checkpoint's bytes are in.
  package func checkpointSegments() async throws -> Set<UInt64> {
    try await database.read { database in
      let rows = try database.all(
        """
        SELECT DISTINCT segment FROM checkpoint
        JOIN contentBlob ON contentBlob.content = checkpoint.content
        JOIN blobSegment ON blobSegment.blob = contentBlob.blob
        """)
      return Set(rows.map { UInt64(clamping: $0["segment"] as Int64) })
    }
  }

  /// How many buckets and objects there are.
  package func counts() async throws -> (buckets: Int, objects: Int) {
    try await database.read { database in
      let buckets = try database.first("SELECT count(*) AS n FROM bucket")
      let objects = try database.first("SELECT count(*) AS n FROM object")
      return (buckets?["n"] ?? 0, objects?["n"] ?? 0)
    }
  }
}
