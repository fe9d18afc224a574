import HTTPTypes
import StorageService

/// Conditions on writes and deletions.
extension UploadHeaders {
  /// What must hold of the object at the key for a write to take effect.
  static func precondition(_ headers: HTTPFields) throws(S3Error) -> WritePrecondition {
    let ifMatch = headers.text("if-match")
    let ifNoneMatch = headers.text("if-none-match")
    guard ifMatch == nil || ifNoneMatch == nil else {
      throw S3Error(.notImplemented, "If-Match and If-None-Match together are not served.")
    }
    if let ifNoneMatch {
      return ifNoneMatch == "*"
        ? .ifAbsent : .unlessETag(try singleTag(ifNoneMatch))
    }
    guard let ifMatch else { return .none }
    return ifMatch == "*" ? .ifPresent : .ifETag(try singleTag(ifMatch))
  }

  /// The same for a deletion, which may also name a time and a size.
  static func deletePrecondition(_ headers: HTTPFields) throws(S3Error) -> WritePrecondition {
    let time = headers.text("x-amz-if-match-last-modified-time")
    let size = headers.text("x-amz-if-match-size")
    guard time != nil || size != nil else { return try precondition(headers) }
    let etag = headers.text("if-match")
    return try deletePrecondition(
      etag: etag == "*" ? nil : etag, modifiedTime: time, size: size)
  }

  /// A deletion's condition from its parts as text.
  /// - Throws: ``S3Error`` `InvalidArgument` for a time or size that is none.
  static func deletePrecondition(
    etag: String?, modifiedTime: String?, size: String?
  ) throws(S3Error) -> WritePrecondition {
    var expected = WritePrecondition.Expected()
    expected.etag = try etag.map(singleTag)
    if let modifiedTime {
      guard let seconds = HTTPDate.parse(modifiedTime).flatMap({ UInt64(exactly: $0) }) else {
        throw S3Error(.invalidArgument, "\(modifiedTime) is not a time.")
      }
      expected.modifiedSeconds = seconds
    }
    if let size {
      guard let length = UInt64(size) else {
        throw S3Error(.invalidArgument, "\(size) is not a size.")
      }
      expected.length = length
    }
    switch (expected.etag, expected.modifiedSeconds, expected.length) {
    case (nil, nil, nil): return .none
    case (.some(let etag), nil, nil): return .ifETag(etag)
    default: return .ifExpected(expected)
    }
  }

  private static func singleTag(_ text: String) throws(S3Error) -> String {
    let tag = EntityTag.unquoted(text)
    guard tag.utf8.count <= 128 else {
      throw S3Error(.invalidArgument, "An entity tag has at most 128 bytes.")
    }
    return tag
  }
}
