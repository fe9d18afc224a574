import HTTPTypes
import Hummingbird
import NIOCore
import Primitives
import StorageService

/// One authenticated request on its way to an answer.
struct S3Call: Sendable {
  let service: S3Service
  let request: Request
  let target: RequestTarget
  let tenant: S3Tenant
  let authentication: Authentication
  let requestID: String

  var query: Query { target.query }
  var headers: HTTPFields { request.headers }
  var index: ObjectIndex { tenant.index }
  var engine: any ObjectEngine { tenant.engine }
  /// The longest key, in bytes.
  static let keyByteLimit = LogLimits.keyBytes

  /// The bucket's name.
  /// - Throws: ``S3Error`` `InvalidBucketName` when there is none.
  func bucketName() throws(S3Error) -> String {
    guard let name = target.bucket else { throw S3Error(.invalidBucketName) }
    return name
  }

  /// The bucket that the request names.
  /// - Throws: ``S3Error`` `NoSuchBucket`, or `AccessDenied` when another identity owns it.
  func bucket() async throws -> BucketInfo { try await bucket(named: try bucketName()) }

  /// A bucket of this request's identity.
  func bucket(named name: String) async throws -> BucketInfo {
    if let bucket = try await index.bucket(named: name) { return bucket }
    if let owner = service.directory.owner(of: name), owner != tenant.name {
      throw S3Error(.accessDenied)
    }
    throw S3Error(
      .noSuchBucket, details: [S3Error.Detail(name: "BucketName", value: name)])
  }

  /// The key's bytes.
  /// - Throws: ``S3Error`` `KeyTooLongError`.
  func key() throws(S3Error) -> [UInt8] {
    let key = target.key ?? []
    guard key.count <= Self.keyByteLimit else {
      throw S3Error(
        .keyTooLong,
        details: [
          S3Error.Detail(name: "Size", value: "\(key.count)"),
          S3Error.Detail(name: "MaxSizeAllowed", value: "\(Self.keyByteLimit)"),
        ])
    }
    return key
  }

  /// A number in the query.
  /// - Throws: ``S3Error`` `InvalidArgument` when it is none or below 0.
  func number(_ name: String, default standard: Int, limit: Int) throws(S3Error) -> Int {
    guard let text = query[name], !text.isEmpty else { return standard }
    guard let number = Int(text), number >= 0, number <= Int(Int32.max) else {
      throw S3Error(
        .invalidArgument, "Provided \(name) not an integer or within integer range",
        details: [
          S3Error.Detail(name: "ArgumentName", value: name),
          S3Error.Detail(name: "ArgumentValue", value: text),
        ])
    }
    return min(number, limit)
  }

  /// Reads a small document, checked against whatever was promised about it.
  func document() async throws -> [UInt8] {
    let body = UploadBody(
      source: request.body, protection: authentication.protection,
      promise: try UploadHeaders.promise(of: request, protection: authentication.protection))
    return try await body.collect(limit: RequestDocuments.byteLimit)
  }

  /// A response with a document.
  func reply(
    _ document: [UInt8], status: HTTPResponse.Status = .ok, headers: HTTPFields = HTTPFields()
  ) -> Response {
    var headers = headers
    headers[.contentType] = "application/xml"
    return Response(
      status: status, headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: document)))
  }
}
