import GatewayKit
import HTTPTypes
import Hummingbird
import NIOCore
import Primitives
import StorageService

/// One request on its way to an answer.
struct S3Call: Sendable {
  let service: S3Service
  let request: Request
  let target: RequestTarget
  /// Whose bucket it is; the requester where the request names no bucket that anybody has.
  let tenant: S3Tenant
  /// Who signed the request; nil when nobody did.
  var requester: S3Tenant?
  /// What the key is limited to that signed the request; nil for an identity's own.
  var grant: AccessGrant?
  /// How the body is protected.
  let protection: PayloadProtection
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
  /// - Throws: ``S3Error`` `NoSuchBucket`.
  func bucket() async throws -> BucketInfo { try await bucket(named: try bucketName()) }

  /// A bucket of the tenant's.
  func bucket(named name: String) async throws -> BucketInfo {
    if let bucket = try await index.bucket(named: name) { return bucket }
    throw Self.noSuchBucket(name)
  }

  static func noSuchBucket(_ name: String) -> S3Error {
    S3Error(.noSuchBucket, details: [S3Error.Detail(name: "BucketName", value: name)])
  }

  /// The same request for something else, such as a copy's source.
  func retargeted(_ target: RequestTarget, tenant: S3Tenant) -> S3Call {
    S3Call(
      service: service, request: request, target: target, tenant: tenant, requester: requester,
      grant: grant, protection: protection, requestID: requestID)
  }

  /// A client may say whose it takes the bucket to be.
  /// - Throws: ``S3Error`` `AccessDenied` when it is another's.
  func checkExpectedOwner(_ header: String) throws(S3Error) {
    guard let expected = headers.text(header), target.bucket != nil, expected != tenant.ownerID
    else { return }
    throw S3Error(.accessDenied)
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
  /// - Parameter isPlain: whether checksum headers speak of something else than this document.
  func document(isPlain: Bool = false) async throws -> [UInt8] {
    var promise = try UploadHeaders.promise(
      of: request, protection: protection, readsChecksum: !isPlain)
    if promise.length == nil { promise.lengthRange = 0...UInt64(RequestDocuments.byteLimit) }
    let body = UploadBody(source: request.body, protection: protection, promise: promise)
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
