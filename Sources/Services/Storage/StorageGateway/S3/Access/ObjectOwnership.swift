import HTTPTypes
import StorageService

/// Whose an object is that somebody else writes into a bucket.
enum ObjectOwnership: String, Sendable {
  /// The bucket owner's; lists are off.
  case bucketOwnerEnforced = "BucketOwnerEnforced"
  /// The bucket owner's if the writer grants it full control.
  case bucketOwnerPreferred = "BucketOwnerPreferred"
  /// The writer's: what holds where nothing is set.
  case objectWriter = "ObjectWriter"

  static let attributeName = BucketConfiguration.ownershipControls.rawValue

  /// - Throws: ``S3Error`` `InvalidArgument`.
  init(named name: String) throws(S3Error) {
    guard let ownership = ObjectOwnership(rawValue: name) else {
      throw S3Error(.invalidArgument, "Invalid x-amz-object-ownership header: \(name)")
    }
    self = ownership
  }

  /// Reads an `OwnershipControls` document.
  init(document root: XMLElement) throws(S3Error) {
    guard root.name == "OwnershipControls", root.all("Rule").count == 1,
      let name = root.child("Rule")?.text("ObjectOwnership"),
      let ownership = ObjectOwnership(rawValue: name)
    else { throw S3Error(.malformedXML) }
    self = ownership
  }

  /// What a bucket keeps; ``objectWriter`` when it keeps nothing.
  init(stored bytes: [UInt8]?) {
    let root = bytes.flatMap(XMLElement.init(document:))
    self = root.flatMap { try? ObjectOwnership(document: $0) } ?? .objectWriter
  }

  var document: [UInt8] {
    XMLWriter.document("OwnershipControls") { xml in
      xml.element("Rule") { $0.text("ObjectOwnership", rawValue) }
    }
  }
}

extension S3Call {
  func ownership(of bucket: BucketInfo) async throws -> ObjectOwnership {
    ObjectOwnership(
      stored: try await index.attribute(ObjectOwnership.attributeName, ofBucket: bucket))
  }

  /// What is to be kept beside the bytes of an object that is written, its list included.
  func newAttributes(
    _ headers: HTTPFields, in bucket: BucketInfo
  ) async throws -> ObjectAttributes {
    let attributes = try UploadHeaders.attributes(headers)
    guard let list = try await newACL(headers, in: bucket), list != .ownerOnly(tenant.ownerID)
    else { return attributes }
    return attributes.setting(acl: list)
  }

  private func newACL(
    _ headers: HTTPFields, in bucket: BucketInfo
  ) async throws -> AccessControlList? {
    let asked = try requestedACL(headers, owner: writerID)
    // Most writes are the owner's and say nothing of lists.
    if asked == nil, writerID == tenant.ownerID { return nil }
    let canned = headers.text("x-amz-acl")
    switch try await ownership(of: bucket) {
    case .bucketOwnerEnforced:
      guard asked == nil || canned == "bucket-owner-full-control" else {
        throw S3Error(.aclNotSupported)
      }
      return .ownerOnly(tenant.ownerID)
    case .bucketOwnerPreferred where canned == "bucket-owner-full-control":
      return .ownerOnly(tenant.ownerID)
    case .bucketOwnerPreferred, .objectWriter:
      if let asked { try await checkPublic(asked, in: bucket) }
      return asked ?? .ownerOnly(writerID)
    }
  }

  /// Refuses a list that the bucket's settings do not allow.
  func checkAllowed(_ list: AccessControlList, in bucket: BucketInfo) async throws {
    if try await ownership(of: bucket) == .bucketOwnerEnforced { throw S3Error(.aclNotSupported) }
    try await checkPublic(list, in: bucket)
  }

  private func checkPublic(_ list: AccessControlList, in bucket: BucketInfo) async throws {
    guard list.grants.contains(where: { $0.grantee.isGroup }) else { return }
    if try await publicAccessBlock(of: bucket).blocksPublicACLs { throw S3Error(.accessDenied) }
  }
}

extension ObjectAttributes {
  func setting(acl list: AccessControlList) -> ObjectAttributes {
    ObjectAttributes(
      contentType: contentType,
      headers: headers.filter { $0.name != AccessControlList.attributeName } + [
        NamedValue(AccessControlList.attributeName, list.text)
      ], userMetadata: userMetadata, tags: tags)
  }
}
