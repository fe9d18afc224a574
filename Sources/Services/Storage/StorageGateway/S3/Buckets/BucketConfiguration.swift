import Hummingbird
import StorageService

/// A bucket's configurations that are kept and given back: each a document under the name of its
/// sub-resource. It is read, checked and written anew before it is kept.
enum BucketConfiguration: String, CaseIterable, Sendable {
  case cors
  case encryption
  case ownershipControls
  case publicAccessBlock
  case tagging
  case versioning

  /// Reads what a client sends.
  /// - Throws: ``S3Error`` for what is broken or not served.
  func document(from bytes: [UInt8]) throws(S3Error) -> [UInt8] {
    guard let root = XMLElement(document: bytes) else { throw S3Error(.malformedXML) }
    switch self {
    case .cors:
      let rules = try CrossOriginRules(root)
      return XMLWriter.document("CORSConfiguration") { rules.write(into: &$0) }
    case .encryption: return try Self.encryption(root)
    case .ownershipControls: return try ObjectOwnership(document: root).document
    case .publicAccessBlock: return try PublicAccessBlock(document: root).document
    case .tagging:
      let tags = try UploadHeaders.checkedTags(
        RequestDocuments.tags(root).map { NamedValue($0.key, $0.value) }, limit: 50)
      return RequestDocuments.document(ofTags: tags)
    case .versioning: return try Self.versioning(root)
    }
  }

  /// Objects have one version, so versioning may be said to be off and cannot be turned on.
  private static func versioning(_ root: XMLElement) throws(S3Error) -> [UInt8] {
    guard root.name == "VersioningConfiguration", let status = root.text("Status") else {
      throw S3Error(.malformedXML)
    }
    if root.text("MfaDelete") == "Enabled" { throw S3Error(.notImplemented) }
    switch status {
    case "Suspended":
      return XMLWriter.document("VersioningConfiguration") { $0.text("Status", status) }
    case "Enabled":
      throw S3Error(
        .notImplemented, "Versioning is not served: an object has one version, named null.")
    default: throw S3Error(.malformedXML)
    }
  }

  /// Everything is sealed with AES-256 whether asked for or not; other keys are not served.
  private static func encryption(_ root: XMLElement) throws(S3Error) -> [UInt8] {
    guard root.name == "ServerSideEncryptionConfiguration", root.all("Rule").count == 1,
      let algorithm = root.child("Rule")?.child("ApplyServerSideEncryptionByDefault")?
        .text("SSEAlgorithm")
    else { throw S3Error(.malformedXML) }
    guard algorithm == "AES256" else {
      throw S3Error(.notImplemented, "The encryption \(algorithm) is not served; AES256 is.")
    }
    return XMLWriter.document("ServerSideEncryptionConfiguration") { xml in
      xml.element("Rule") { xml in
        xml.element("ApplyServerSideEncryptionByDefault") { $0.text("SSEAlgorithm", algorithm) }
        xml.flag("BucketKeyEnabled", false)
      }
    }
  }
}

/// Reading and setting configurations.
extension S3Call {
  /// What there is when nothing was set: an empty document.
  private static let emptyConfigurations = [
    ("versioning", "VersioningConfiguration"), ("logging", "BucketLoggingStatus"),
    ("notification", "NotificationConfiguration"), ("accelerate", "AccelerateConfiguration"),
  ]
  /// What there is when nothing was set: the answer that there is none.
  private static let absentConfigurations: [(String, S3Error.Code)] = [
    ("cors", .noSuchCORSConfiguration), ("encryption", .encryptionNotFound),
    ("lifecycle", .noSuchLifecycleConfiguration), ("object-lock", .objectLockNotFound),
    ("ownershipControls", .ownershipControlsNotFound), ("policy", .noSuchBucketPolicy),
    ("policyStatus", .noSuchBucketPolicy), ("publicAccessBlock", .noSuchPublicAccessBlock),
    ("replication", .replicationNotFound), ("tagging", .noSuchTagSet),
    ("website", .noSuchWebsiteConfiguration),
  ]

  private func configuration() -> BucketConfiguration? {
    BucketConfiguration.allCases.first { query.contains($0.rawValue) }
  }

  func getBucketConfiguration() async throws -> Response {
    let bucket = try await bucket()
    if let configuration = configuration(),
      let bytes = try await index.attribute(configuration.rawValue, ofBucket: bucket)
    {
      return reply(bytes)
    }
    if query.contains("requestPayment") {
      return reply(
        XMLWriter.document("RequestPaymentConfiguration") { $0.text("Payer", "BucketOwner") })
    }
    for (name, root) in Self.emptyConfigurations where query.contains(name) {
      return reply(XMLWriter.document(root) { _ in })
    }
    for (name, code) in Self.absentConfigurations where query.contains(name) {
      throw S3Error(code, details: [S3Error.Detail(name: "BucketName", value: bucket.name)])
    }
    throw S3Error(.notImplemented)
  }

  func putBucketConfiguration() async throws -> Response {
    let bucket = try await bucket()
    guard let configuration = configuration() else {
      throw S3Error(.notImplemented, "This bucket configuration is not served.")
    }
    let document = try configuration.document(from: try await document())
    guard document.count <= LogLimits.attributeBytes else {
      throw S3Error(
        .entityTooLarge,
        "The configuration is longer than \(LogLimits.attributeBytes) bytes.")
    }
    if configuration == .ownershipControls { try await checkOwnership(document, of: bucket) }
    try await engine.commit(
      .setBucketAttribute(bucket: bucket.name, name: configuration.rawValue, value: document))
    return Response(status: configuration == .tagging ? .noContent : .ok)
  }

  /// A bucket that others were granted something of cannot turn its lists off.
  private func checkOwnership(_ document: [UInt8], of bucket: BucketInfo) async throws {
    guard ObjectOwnership(stored: document) == .bucketOwnerEnforced,
      try await acl(of: bucket) != .ownerOnly(tenant.ownerID)
    else { return }
    throw S3Error(.invalidBucketACLWithOwnership)
  }

  func deleteBucketConfiguration() async throws -> Response {
    let bucket = try await bucket()
    if let configuration = configuration(), configuration != .versioning {
      try await engine.commit(
        .setBucketAttribute(bucket: bucket.name, name: configuration.rawValue, value: nil))
      return Response(status: .noContent)
    }
    // To delete what cannot be set changes nothing.
    guard ["lifecycle", "policy", "replication", "website"].contains(where: query.contains) else {
      throw S3Error(.notImplemented, "This bucket configuration is not served.")
    }
    return Response(status: .noContent)
  }
}
