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
    xml.element(name) { xml in
      xml.text("ID", tenant.ownerID)
      xml.text("DisplayName", tenant.name)
    }
  }

  func createBucket() async throws -> Response {
    let name = try bucketName()
    guard BucketName.isValid(name) else {
      throw S3Error(
        .invalidBucketName, details: [S3Error.Detail(name: "BucketName", value: name)])
    }
    try UploadHeaders.refuseUnserved(headers)
    let bytes = try await document()
    var region = service.configuration.region
    if !bytes.isEmpty {
      if let location = try RequestDocuments.bucketLocation(bytes) { region = location }
    }
    guard region.utf8.count <= 64 else {
      throw S3Error(.invalidArgument, "The location constraint is too long.")
    }
    try await claimAndCreate(name, region: region)
    var headers = HTTPFields()
    headers[.location] = "/\(name)"
    return Response(status: .ok, headers: headers)
  }

  private func claimAndCreate(_ name: String, region: String) async throws {
    let claim = service.directory.claim(name, for: tenant.name)
    guard claim.owner == tenant.name else { throw S3Error(.bucketAlreadyExists) }
    guard claim.isNew else { throw S3Error(.bucketAlreadyOwnedByYou) }
    do {
      try await engine.commit(.createBucket(bucket: name, region: region))
    } catch {
      // Whether the record came through is for the index to say.
      if try await index.bucket(named: name) == nil { service.directory.release(name) }
      throw error
    }
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

  /// The bucket's configurations: those that every bucket has, and for the others the answer that
  /// there is none.
  func getBucketProperty() async throws -> Response {
    let bucket = try await bucket()
    if query.contains("location") {
      let region = bucket.region == "us-east-1" ? "" : bucket.region
      var xml = XMLWriter()
      xml.raw("<LocationConstraint xmlns=\"\(XMLWriter.namespace)\">\(region.xmlEscaped)")
      xml.raw("</LocationConstraint>")
      return reply(xml.bytes)
    }
    if query.contains("acl") { return reply(accessControlDocument()) }
    if query.contains("versioning") { return reply(emptyDocument("VersioningConfiguration")) }
    if query.contains("logging") { return reply(emptyDocument("BucketLoggingStatus")) }
    if query.contains("notification") { return reply(emptyDocument("NotificationConfiguration")) }
    if query.contains("accelerate") { return reply(emptyDocument("AccelerateConfiguration")) }
    if query.contains("requestPayment") {
      return reply(
        XMLWriter.document("RequestPaymentConfiguration") { $0.text("Payer", "BucketOwner") })
    }
    for (name, code) in Self.absentConfigurations where query.contains(name) {
      throw S3Error(code, details: [S3Error.Detail(name: "BucketName", value: bucket.name)])
    }
    throw S3Error(.notImplemented)
  }

  private static let absentConfigurations: [(String, S3Error.Code)] = [
    ("cors", .noSuchCORSConfiguration), ("encryption", .encryptionNotFound),
    ("lifecycle", .noSuchLifecycleConfiguration), ("object-lock", .objectLockNotFound),
    ("ownershipControls", .ownershipControlsNotFound), ("policy", .noSuchBucketPolicy),
    ("policyStatus", .noSuchBucketPolicy), ("publicAccessBlock", .noSuchPublicAccessBlock),
    ("replication", .replicationNotFound), ("tagging", .noSuchTagSet),
    ("website", .noSuchWebsiteConfiguration),
  ]

  private func emptyDocument(_ name: String) -> [UInt8] { XMLWriter.document(name) { _ in } }

  /// The access control list of everything: its owner may do all.
  func accessControlDocument() -> [UInt8] {
    XMLWriter.document("AccessControlPolicy") { xml in
      writeOwner("Owner", into: &xml)
      xml.element("AccessControlList") { xml in
        xml.element("Grant") { xml in
          xml.raw("<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"")
          xml.raw(" xsi:type=\"CanonicalUser\">")
          xml.text("ID", tenant.ownerID)
          xml.text("DisplayName", tenant.name)
          xml.raw("</Grantee>")
          xml.text("Permission", "FULL_CONTROL")
        }
      }
    }
  }

  /// Setting the only access control list that is served changes nothing.
  func putACL() async throws -> Response {
    let bucket = try await bucket()
    if target.key != nil {
      guard try await index.object(try key(), in: bucket, withBlobs: false) != nil else {
        throw S3Error(.noSuchKey)
      }
    }
    try UploadHeaders.refuseUnserved(headers)
    guard headers.text("x-amz-acl") == "private" else {
      throw S3Error(.notImplemented, "Only the canned ACL private is served.")
    }
    return Response(status: .ok)
  }
}

extension String {
  /// With `&`, `<` and `>` as references.
  fileprivate var xmlEscaped: String {
    replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
