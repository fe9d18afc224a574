import HTTPTypes
import Hummingbird

/// What a request asks for: one case for each operation that is served.
enum S3Operation: String, Sendable {
  case listBuckets = "ListBuckets"
  case createBucket = "CreateBucket"
  case headBucket = "HeadBucket"
  case deleteBucket = "DeleteBucket"
  case getBucketLocation = "GetBucketLocation"
  case getBucketACL = "GetBucketAcl"
  case putBucketACL = "PutBucketAcl"
  case getBucketConfiguration = "GetBucketConfiguration"
  case putBucketConfiguration = "PutBucketConfiguration"
  case deleteBucketConfiguration = "DeleteBucketConfiguration"
  case listObjects = "ListObjects"
  case listObjectsV2 = "ListObjectsV2"
  case listObjectVersions = "ListObjectVersions"
  case listMultipartUploads = "ListMultipartUploads"
  case deleteObjects = "DeleteObjects"
  case getObject = "GetObject"
  case headObject = "HeadObject"
  case putObject = "PutObject"
  case copyObject = "CopyObject"
  case deleteObject = "DeleteObject"
  case getObjectACL = "GetObjectAcl"
  case putObjectACL = "PutObjectAcl"
  case getObjectAttributes = "GetObjectAttributes"
  case getObjectTagging = "GetObjectTagging"
  case putObjectTagging = "PutObjectTagging"
  case deleteObjectTagging = "DeleteObjectTagging"
  case createMultipartUpload = "CreateMultipartUpload"
  case uploadPart = "UploadPart"
  case uploadPartCopy = "UploadPartCopy"
  case completeMultipartUpload = "CompleteMultipartUpload"
  case abortMultipartUpload = "AbortMultipartUpload"
  case listParts = "ListParts"
  case revokeKey = "RevokeKey"
  case listRevokedKeys = "ListRevokedKeys"

  /// Sub-resources that S3 knows: in a query they change what the request means, so one that is not
  /// served must not be taken for the plain operation.
  private static let subresources = [
    "accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption",
    "intelligent-tiering", "inventory", "legal-hold", "lifecycle", "location", "logging",
    "metrics", "metadataTable", "notification", "object-lock", "ownershipControls", "policy",
    "policyStatus", "publicAccessBlock", "renameObject", "replication", "requestPayment",
    "restore", "retention", "select", "session", "tagging", "torrent", "uploads", "versioning",
    "versions", "website",
  ]

  /// - Throws: ``S3Error`` `NotImplemented` or `MethodNotAllowed`.
  init(_ call: S3Call) throws(S3Error) {
    let subresource = Self.subresources.first { call.query.contains($0) }
    if call.target.bucket == nil {
      self = try Self.service(call)
    } else if call.target.key == nil {
      self = try Self.bucket(call, subresource)
    } else {
      self = try Self.object(call, subresource)
    }
  }

  private static func service(_ call: S3Call) throws(S3Error) -> S3Operation {
    if call.query.contains(S3Call.revocationQuery) {
      switch call.request.method {
      case .get: return .listRevokedKeys
      case .put: return .revokeKey
      default: throw S3Error(.methodNotAllowed)
      }
    }
    switch call.request.method {
    case .get, .head: return .listBuckets
    case .post: throw S3Error(.notImplemented)
    default: throw S3Error(.methodNotAllowed)
    }
  }

  private static func bucket(
    _ call: S3Call, _ subresource: String?
  ) throws(S3Error) -> S3Operation {
    switch (call.request.method, subresource) {
    case (.get, "uploads"): return .listMultipartUploads
    case (.get, "versions"): return .listObjectVersions
    case (.get, "location"): return .getBucketLocation
    case (.get, "acl"): return .getBucketACL
    case (.get, .some): return .getBucketConfiguration
    case (.get, nil): return call.query["list-type"] == "2" ? .listObjectsV2 : .listObjects
    case (.head, _): return .headBucket
    case (.put, nil): return .createBucket
    case (.put, "acl"): return .putBucketACL
    case (.put, .some): return .putBucketConfiguration
    case (.delete, nil): return .deleteBucket
    case (.delete, .some): return .deleteBucketConfiguration
    case (.post, "delete"): return .deleteObjects
    case (.post, .some(let name)):
      throw S3Error(.notImplemented, "The bucket configuration \(name) is not served.")
    default: throw S3Error(.methodNotAllowed)
    }
  }

  private static func object(
    _ call: S3Call, _ subresource: String?
  ) throws(S3Error) -> S3Operation {
    if let version = call.query["versionId"], version != "null" {
      if call.request.method == .get || call.request.method == .head {
        throw S3Error(.noSuchVersion)
      }
    }
    let isUpload = call.query.contains("uploadId")
    switch (call.request.method, subresource) {
    case (.get, nil): return isUpload ? .listParts : .getObject
    case (.head, nil): return .headObject
    case (.get, "acl"): return .getObjectACL
    case (.put, "acl"): return .putObjectACL
    case (.get, "attributes"): return .getObjectAttributes
    case (.get, "tagging"): return .getObjectTagging
    case (.put, "tagging"): return .putObjectTagging
    case (.delete, "tagging"): return .deleteObjectTagging
    case (.put, nil):
      let isCopy = call.headers.text("x-amz-copy-source") != nil
      if isUpload || call.query.contains("partNumber") {
        return isCopy ? .uploadPartCopy : .uploadPart
      }
      if call.headers.text("x-amz-write-offset-bytes") != nil { throw S3Error(.notImplemented) }
      return isCopy ? .copyObject : .putObject
    case (.delete, nil): return isUpload ? .abortMultipartUpload : .deleteObject
    case (.post, "uploads"): return .createMultipartUpload
    case (.post, nil) where isUpload: return .completeMultipartUpload
    case (.get, .some(let name)), (.put, .some(let name)), (.post, .some(let name)),
      (.delete, .some(let name)), (.head, .some(let name)):
      throw S3Error(.notImplemented, "The object sub-resource \(name) is not served.")
    default: throw S3Error(.methodNotAllowed)
    }
  }

  /// Does it, when the requester may.
  func perform(_ call: S3Call) async throws -> Response {
    try await call.checkNotRevoked()
    try call.checkGrant(self)
    try await call.authorize(requiredAccess)
    let charge = try await call.chargeUpload(self)
    var response: Response
    do { response = try await answer(call) } catch {
      if let charge { await call.service.budgets.giveBack(charge) }
      throw error
    }
    // S3 says so of every object; here all bytes are sealed before they leave the gateway.
    if handlesObjectBytes { response.headers.set("x-amz-server-side-encryption", "AES256") }
    return response
  }

  private var handlesObjectBytes: Bool {
    switch self {
    case .getObject, .headObject, .putObject, .copyObject, .createMultipartUpload, .uploadPart,
      .uploadPartCopy, .completeMultipartUpload:
      true
    default: false
    }
  }

  private func answer(_ call: S3Call) async throws -> Response {
    switch self {
    case .listBuckets: try await call.listBuckets()
    case .createBucket: try await call.createBucket()
    case .headBucket: try await call.headBucket()
    case .deleteBucket: try await call.deleteBucket()
    case .getBucketLocation: try await call.getBucketLocation()
    case .getBucketACL: try await call.getBucketACL()
    case .putBucketACL: try await call.putBucketACL()
    case .getBucketConfiguration: try await call.getBucketConfiguration()
    case .putBucketConfiguration: try await call.putBucketConfiguration()
    case .deleteBucketConfiguration: try await call.deleteBucketConfiguration()
    case .listObjects: try await call.listObjects()
    case .listObjectsV2: try await call.listObjectsV2()
    case .listObjectVersions: try await call.listObjectVersions()
    case .listMultipartUploads: try await call.listMultipartUploads()
    case .deleteObjects: try await call.deleteObjects()
    case .revokeKey: try await call.revokeKey()
    case .listRevokedKeys: try await call.listRevokedKeys()
    default: try await performOnObject(call)
    }
  }

  private func performOnObject(_ call: S3Call) async throws -> Response {
    switch self {
    case .getObject, .headObject: try await call.getObject()
    case .putObject: try await call.putObject()
    case .copyObject: try await call.copyObject()
    case .deleteObject: try await call.deleteObject()
    case .getObjectACL: try await call.getObjectACL()
    case .putObjectACL: try await call.putObjectACL()
    case .getObjectAttributes: try await call.getObjectAttributes()
    case .getObjectTagging: try await call.getObjectTagging()
    case .putObjectTagging: try await call.putObjectTagging()
    case .deleteObjectTagging: try await call.deleteObjectTagging()
    case .createMultipartUpload: try await call.createMultipartUpload()
    case .uploadPart: try await call.uploadPart()
    case .uploadPartCopy: try await call.uploadPartCopy()
    case .completeMultipartUpload: try await call.completeMultipartUpload()
    case .abortMultipartUpload: try await call.abortMultipartUpload()
    case .listParts: try await call.listParts()
    default: throw S3Error(.notImplemented)
    }
  }
}
