import HTTPTypes
import Hummingbird
import StorageService

/// Buckets themselves.
extension S3Call {
  func listBuckets() async throws -> Response {
    let limit = try number("max-buckets", default: 10_000, limit: 10_000)
    let prefix = query["prefix"] ?? ""
    let after = query["continuation-token"].flatMap(ContinuationToken.decode) ?? []
    let all = try await index.buckets().filter { bucket in
      Array(bucket.name.utf8).starts(with: prefix.utf8)
        && (after.isEmpty || KeyBytes.less(after, Array(bucket.name.utf8)))
    }
    let shown = all.prefix(limit)
    let document = XMLWriter.document("ListAllMyBucketsResult") { xml in
      writeOwner("Owner", into: &xml)
      xml.element("Buckets") { xml in
        for bucket in shown {
          xml.element("Bucket") { xml in
            xml.text("Name", bucket.name)
            xml.text("CreationDate", HTTPDate.iso8601(bucket.createdMilliseconds))
            xml.text("BucketRegion", bucket.region)
          }
        }
      }
      if let last = shown.last, shown.count < all.count {
        xml.text("ContinuationToken", ContinuationToken.encode(Array(last.name.utf8)))
      }
      if !prefix.isEmpty { xml.text("Prefix", prefix) }
    }
    return reply(document)
  }

  func writeOwner(_ name: String, into xml: inout XMLWriter) {
    writeAccount(name, tenant.ownerID, into: &xml)
  }

  func createBucket() async throws -> Response {
    let name = try bucketName()
    guard BucketName.isValid(name) else {
      throw S3Error(
        .invalidBucketName, details: [S3Error.Detail(name: "BucketName", value: name)])
    }
    try UploadHeaders.refuseUnserved(headers)
    let acl = try requestedACL(headers, owner: tenant.ownerID) ?? .ownerOnly(tenant.ownerID)
    let ownership = try headers.text("x-amz-object-ownership").map(ObjectOwnership.init(named:))
    if ownership == .bucketOwnerEnforced, acl != .ownerOnly(tenant.ownerID) {
      throw S3Error(.invalidBucketACLWithOwnership)
    }
    let bytes = try await document()
    var region = service.configuration.region
    if !bytes.isEmpty {
      if let location = try RequestDocuments.bucketLocation(bytes) { region = location }
    }
    guard region.utf8.count <= 64 else {
      throw S3Error(.invalidArgument, "The location constraint is too long.")
    }
    try await claimAndCreate(name, region: region, acl: acl, ownership: ownership)
    var headers = HTTPFields()
    headers[.location] = "/\(name)"
    return Response(status: .ok, headers: headers)
  }

  private func claimAndCreate(
    _ name: String, region: String, acl: AccessControlList, ownership: ObjectOwnership?
  ) async throws {
    let claim = service.directory.claim(name, for: requester?.name ?? tenant.name)
    guard claim.owner == requester?.name else { throw S3Error(.bucketAlreadyExists) }
    guard claim.isNew else {
      try await checkRecreation(name, region: region, acl: acl)
      return
    }
    do {
      try await engine.commit(.createBucket(bucket: name, region: region))
    } catch {
      // Whether the record came through is for the index to say.
      if try await index.bucket(named: name) == nil { service.directory.release(name) }
      throw error
    }
    // A gateway that dies here leaves a bucket that nobody else may use: the safe side.
    let bucket = try await bucket(named: name)
    if acl != .ownerOnly(tenant.ownerID) { try await setACL(acl, of: bucket) }
    if let ownership {
      try await engine.commit(
        .setBucketAttribute(
          bucket: name, name: ObjectOwnership.attributeName, value: ownership.document))
    }
  }

  /// Making one's own bucket again changes nothing, as in S3's first region; one that differs from
  /// what is asked for is a conflict.
  private func checkRecreation(
    _ name: String, region: String, acl asked: AccessControlList
  ) async throws {
    guard let bucket = try await index.bucket(named: name) else {
      throw S3Error(.operationAborted)  // Another request is making it just now.
    }
    guard bucket.region == region else { throw S3Error(.bucketAlreadyOwnedByYou) }
    guard try await acl(of: bucket) == asked else { throw S3Error(.bucketAlreadyExists) }
  }

  func headBucket() async throws -> Response {
    let bucket = try await bucket()
    var headers = HTTPFields()
    headers.set("x-amz-bucket-region", bucket.region)
    headers.set("x-amz-access-point-alias", "false")
    headers[.contentType] = "application/xml"
    return Response(status: .ok, headers: headers)
  }

  func deleteBucket() async throws -> Response {
    let bucket = try await bucket()
    var probe = ListRequest()
    probe.limit = 1
    guard try await index.list(probe, in: bucket).entries.isEmpty else {
      throw S3Error(.bucketNotEmpty)
    }
    try await engine.commit(.deleteBucket(bucket: bucket.name))
    service.directory.release(bucket.name)
    return Response(status: .noContent)
  }

  func getBucketLocation() async throws -> Response {
    let bucket = try await bucket()
    let region = bucket.region == "us-east-1" ? "" : bucket.region
    var xml = XMLWriter()
    xml.raw("<LocationConstraint xmlns=\"\(XMLWriter.namespace)\">\(region.xmlEscaped)")
    xml.raw("</LocationConstraint>")
    return reply(xml.bytes)
  }
}

extension String {
  /// With `&`, `<` and `>` as references.
  fileprivate var xmlEscaped: String {
    replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
