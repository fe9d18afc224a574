import Foundation
import GRDB
import Primitives
import StorageService

/// Listing by key.
extension ObjectIndex {
  /// A page of a bucket's objects.
  package func list(
    _ request: ListRequest, in bucket: BucketInfo
  ) async throws -> ListPage<ObjectSummary> {
    try await database.read { database in
      try KeyLister(request: request).page(key: { $0.key }) { lower, upper, limit in
        try database.all(
          """
          SELECT key, length, etag, modified FROM object
          WHERE bucket = ? AND key >= ? AND (? IS NULL OR key < ?) ORDER BY key LIMIT ?
          """, [bucket.id, Data(lower), upper.map { Data($0) }, upper.map { Data($0) }, limit]
        ).map(ObjectSummary.init(row:))
      }
    }
  }

  /// A page of a bucket's uploads in progress. Uploads of one key follow in the order of their ids;
  /// `uploadMarker` goes on behind that upload of the marker's key.
  package func listUploads(
    _ request: ListRequest, uploadMarker: AttemptID?, in bucket: BucketInfo
  ) async throws -> ListPage<UploadInfo> {
    try await database.read { database in
      var remaining = request
      var page = ListPage<UploadInfo>()
      if let uploadMarker, !request.marker.isEmpty {
        // The rest of the marker's own key comes first.
        let rows = try database.all(
          "SELECT * FROM upload WHERE bucket = ? AND key = ? AND id > ? ORDER BY id LIMIT ?",
          [
            bucket.id, Data(request.marker), Data(uploadMarker.bytes), request.limit + 1,
          ])
        for row in rows.prefix(request.limit) {
          page.entries.append(.item(try UploadInfo(row: row)))
        }
        page.lastKey = request.marker
        page.isTruncated = rows.count > request.limit
        remaining.limit -= page.entries.count
        if page.isTruncated { return page }
      }
      // Several uploads have one key: the pages of rows must not end between them.
      let lister = KeyLister(request: remaining, smallestChunk: remaining.limit + 1)
      let rest = try lister.page(key: { $0.key }) { lower, upper, limit in
        try database.all(
          """
          SELECT * FROM upload
          WHERE bucket = ? AND key >= ? AND (? IS NULL OR key < ?) ORDER BY key, id LIMIT ?
          """, [bucket.id, Data(lower), upper.map { Data($0) }, upper.map { Data($0) }, limit]
        ).map(UploadInfo.init(row:))
      }
      page.entries += rest.entries
      page.isTruncated = rest.isTruncated
      if !rest.entries.isEmpty { page.lastKey = rest.lastKey }
      return page
    }
  }
}
