import StorageService

/// What a requester needs who does not own the bucket.
enum RequiredAccess: Sendable {
  /// Nothing: the operation concerns the requester's own account.
  case none
  /// A permission on the bucket.
  case bucket(AccessControlList.Permission)
  /// A permission on the object at the key.
  case object(AccessControlList.Permission)
  /// To be the bucket's owner.
  case owner
}

extension S3Operation {
  /// What is needed for it. The default is the strictest.
  var requiredAccess: RequiredAccess {
    switch self {
    case .listBuckets, .createBucket, .revokeKey, .listRevokedKeys: .none
    case .headBucket, .getBucketLocation, .listObjects, .listObjectsV2, .listObjectVersions,
      .listMultipartUploads:
      .bucket(.read)
    case .getBucketACL: .bucket(.readACL)
    case .putBucketACL: .bucket(.writeACL)
    case .putObject, .copyObject, .deleteObject, .deleteObjects, .createMultipartUpload,
      .uploadPart, .uploadPartCopy, .completeMultipartUpload, .abortMultipartUpload, .listParts:
      .bucket(.write)
    case .getObject, .headObject, .getObjectAttributes: .object(.read)
    case .getObjectACL: .object(.readACL)
    case .putObjectACL: .object(.writeACL)
    default: .owner
    }
  }
}

/// Whether a requester may do what it asks for.
extension S3Call {
  /// - Throws: ``S3Error`` `AccessDenied`, or `NoSuchBucket` and `NoSuchKey` for who may know that.
  func authorize(_ access: RequiredAccess) async throws {
    try checkPlace()
    if case .none = access {
      guard requester != nil else { throw S3Error(.accessDenied) }
      return
    }
    if let requester, requester.name == tenant.name { return }
    let bucket = try await bucket()
    switch access {
    case .none: return
    case .owner: throw S3Error(.accessDenied)
    case .bucket(let permission):
      guard try await effectiveACL(of: bucket).allows(permission, to: requester?.ownerID) else {
        throw S3Error(.accessDenied)
      }
    case .object(let permission):
      try await authorizeObject(permission, key: try key(), in: bucket)
    }
  }

  /// Whether the requester has a permission on an object in a bucket that is another's.
  private func authorizeObject(
    _ permission: AccessControlList.Permission, key: [UInt8], in bucket: BucketInfo
  ) async throws {
    if let object = try await index.object(key, in: bucket, withBlobs: false) {
      let list = try await effective(acl(of: object), in: bucket)
      guard list.allows(permission, to: requester?.ownerID) else { throw S3Error(.accessDenied) }
      return
    }
    // Only who may list the bucket may learn that there is no such object.
    guard try await effectiveACL(of: bucket).allows(.read, to: requester?.ownerID) else {
      throw S3Error(.accessDenied)
    }
    throw S3Error(.noSuchKey, details: [S3Error.Detail(name: "Key", value: target.keyText)])
  }

  private func effectiveACL(of bucket: BucketInfo) async throws -> AccessControlList {
    try await effective(try await acl(of: bucket), in: bucket)
  }

  /// What counts of a list: nothing where lists are off, no groups where those are ignored.
  private func effective(
    _ list: AccessControlList, in bucket: BucketInfo
  ) async throws -> AccessControlList {
    if try await ownership(of: bucket) == .bucketOwnerEnforced {
      return .ownerOnly(tenant.ownerID)
    }
    guard try await publicAccessBlock(of: bucket).ignoresPublicACLs else { return list }
    return AccessControlList(
      owner: list.owner, grants: list.grants.filter { !$0.grantee.isGroup })
  }

  /// The bucket's list.
  func acl(of bucket: BucketInfo) async throws -> AccessControlList {
    let bytes = try await index.attribute(AccessControlList.attributeName, ofBucket: bucket)
    guard let bytes else { return .ownerOnly(tenant.ownerID) }
    guard let list = AccessControlList(text: String(decoding: bytes, as: UTF8.self)) else {
      throw IndexError.damaged("the access control list of bucket \(bucket.name)")
    }
    return list
  }

  /// The object's list.
  func acl(of object: ObjectInfo) -> AccessControlList { acl(of: object.attributes) }

  /// The list that is kept with an object or an upload.
  func acl(of attributes: ObjectAttributes) -> AccessControlList {
    let text = attributes.headers.first { $0.name == AccessControlList.attributeName }?.value
    // What does not read back lets nobody else in.
    return text.flatMap(AccessControlList.init(text:)) ?? .ownerOnly(tenant.ownerID)
  }
}
