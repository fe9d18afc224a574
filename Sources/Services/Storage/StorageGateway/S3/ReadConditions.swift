import HTTPTypes

/// The `If-…` headers of a read, or of a copy's source.
struct ReadConditions: Sendable {
  var ifMatch: String?
  var ifNoneMatch: String?
  var ifModifiedSince: String?
  var ifUnmodifiedSince: String?

  /// The conditions of a GET or HEAD.
  init(_ headers: HTTPFields) { self.init(headers, prefix: "") }

  /// The conditions on a copy's source.
  static func ofCopySource(_ headers: HTTPFields) -> ReadConditions {
    ReadConditions(headers, prefix: "x-amz-copy-source-")
  }

  private init(_ headers: HTTPFields, prefix: String) {
    ifMatch = headers.text(prefix + "if-match")
    ifNoneMatch = headers.text(prefix + "if-none-match")
    ifModifiedSince = headers.text(prefix + "if-modified-since")
    ifUnmodifiedSince = headers.text(prefix + "if-unmodified-since")
  }

  /// What the conditions say of an object.
  enum Outcome: Sendable { case holds, failed, notModified }

  /// RFC 9110's order: an entity tag outweighs a date.
  func evaluate(etag: String, modifiedMilliseconds: UInt64) -> Outcome {
    let modified = Int64(clamping: modifiedMilliseconds / 1_000)
    if let ifMatch {
      if !Self.lists(ifMatch, etag) { return .failed }
    } else if let limit = ifUnmodifiedSince.flatMap(HTTPDate.parse), modified > limit {
      return .failed
    }
    if let ifNoneMatch {
      if Self.lists(ifNoneMatch, etag) { return .notModified }
    } else if let limit = ifModifiedSince.flatMap(HTTPDate.parse), modified <= limit {
      return .notModified
    }
    return .holds
  }

  private static func lists(_ header: String, _ etag: String) -> Bool {
    header.split(separator: ",").contains { item in
      let tag = EntityTag.unquoted(String(item))
      return tag == "*" || tag == etag
    }
  }
}
