import HTTPTypes
import Hummingbird
import StorageService

/// Access control lists in requests and answers.
extension S3Call {
  private static let grantHeaders: [(name: String, permission: AccessControlList.Permission)] = [
    ("x-amz-grant-read", .read), ("x-amz-grant-write", .write),
    ("x-amz-grant-read-acp", .readACL), ("x-amz-grant-write-acp", .writeACL),
    ("x-amz-grant-full-control", .fullControl),
  ]

  /// Who will own what this request writes: who signed it, or the bucket's owner.
  var writerID: String { requester?.ownerID ?? tenant.ownerID }

  /// The list that the headers ask for; nil when they ask for none.
  /// - Throws: ``S3Error`` for a canned list or a grantee that is not served.
  func requestedACL(_ headers: HTTPFields, owner: String) throws(S3Error) -> AccessControlList? {
    var grants: [AccessControlList.Grant] = []
    for (name, permission) in Self.grantHeaders {
      for value in headers.texts(name) {
        for grantee in try grantees(value) {
          grants.append(AccessControlList.Grant(grantee: grantee, permission: permission))
        }
      }
    }
    guard let canned = headers.text("x-amz-acl") else {
      guard !grants.isEmpty else { return nil }
      guard grants.count <= AccessControlList.grantLimit else { throw S3Error(.malformedACL) }
      return AccessControlList(owner: owner, grants: grants)
    }
    guard grants.isEmpty else {
      throw S3Error(
        .invalidRequest, "Specifying both Canned ACLs and Header Grants is not allowed")
    }
    guard
      let list = AccessControlList.canned(canned, owner: owner, bucketOwner: tenant.ownerID)
    else {
      guard ["log-delivery-write", "aws-exec-read"].contains(canned) else {
        throw S3Error(.invalidArgument, "\"\(canned)\" is no canned ACL.")
      }
      throw S3Error(.notImplemented, "The canned ACL \(canned) is not served.")
    }
    return list
  }

  /// Reads `id="…", uri="…"`.
  private func grantees(_ value: String) throws(S3Error) -> [AccessControlList.Grantee] {
    var grantees: [AccessControlList.Grantee] = []
    for item in value.split(separator: ",") {
      let parts = item.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else {
        throw S3Error(.invalidArgument, "Argument format not recognized: \(item)")
      }
      let text = SignatureV4.canonicalValue(String(parts[1])).filter { $0 != "\"" }
      switch SignatureV4.canonicalValue(String(parts[0])).lowercased() {
      case "id": grantees.append(try account(text))
      case "uri": grantees.append(try group(text))
      case "emailaddress": throw S3Error(.unresolvableGrant)
      case let kind: throw S3Error(.invalidArgument, "A grantee cannot be named by \(kind).")
      }
    }
    return grantees
  }

  private func account(_ id: String) throws(S3Error) -> AccessControlList.Grantee {
    guard service.tenant(ownerID: id) != nil else {
      throw S3Error(
        .invalidArgument, "Invalid id: this gateway serves no account \"\(id)\".",
        details: [
          S3Error.Detail(name: "ArgumentName", value: "CanonicalUser/ID"),
          S3Error.Detail(name: "ArgumentValue", value: id),
        ])
    }
    return .account(id)
  }

  private func group(_ uri: String) throws(S3Error) -> AccessControlList.Grantee {
    guard let grantee = AccessControlList.Grantee(groupURI: uri) else {
      throw S3Error(.invalidArgument, "Invalid group uri: \(uri)")
    }
    return grantee
  }

  /// Reads an `AccessControlPolicy` document for something whose owner is `owner`.
  private func acl(_ document: [UInt8], owner: String) throws(S3Error) -> AccessControlList {
    guard let root = XMLElement(document: document), root.name == "AccessControlPolicy",
      let list = root.child("AccessControlList")
    else { throw S3Error(.malformedACL) }
    if let named = root.child("Owner")?.text("ID"), named != owner {
      throw S3Error(.accessDenied, "An access control list cannot change the owner.")
    }
    var grants: [AccessControlList.Grant] = []
    for grant in list.all("Grant") {
      guard let grantee = grant.child("Grantee"),
        let permission = grant.text("Permission")
          .flatMap(AccessControlList.Permission.init(rawValue:)),
        grants.count < AccessControlList.grantLimit
      else { throw S3Error(.malformedACL) }
      let who: AccessControlList.Grantee
      if let id = grantee.text("ID") {
        who = try account(id)
      } else if let uri = grantee.text("URI") {
        who = try group(uri)
      } else if grantee.child("EmailAddress") != nil {
        throw S3Error(.unresolvableGrant)
      } else {
        throw S3Error(.malformedACL)
      }
      grants.append(AccessControlList.Grant(grantee: who, permission: permission))
    }
    return AccessControlList(owner: owner, grants: grants)
  }

  // MARK: Operations

  func getBucketACL() async throws -> Response {
    let bucket = try await bucket()
    return reply(document(of: try await acl(of: bucket)))
  }

  func getObjectACL() async throws -> Response {
    let (_, object) = try await existingObject()
    return reply(document(of: acl(of: object)))
  }

  func putBucketACL() async throws -> Response {
    let bucket = try await bucket()
    let list = try await newACL(replacing: try await acl(of: bucket))
    try await checkAllowed(list, in: bucket)
    try await setACL(list, of: bucket)
    return Response(status: .ok)
  }

  /// Keeps a bucket's list; the one that every bucket begins with is not written down.
  func setACL(_ list: AccessControlList, of bucket: BucketInfo) async throws {
    let isStandard = list == .ownerOnly(tenant.ownerID)
    try await engine.commit(
      .setBucketAttribute(
        bucket: bucket.name, name: AccessControlList.attributeName,
        value: isStandard ? nil : Array(list.text.utf8)))
  }

  func putObjectACL() async throws -> Response {
    let (bucket, object) = try await existingObject()
    let list = try await newACL(replacing: acl(of: object))
    try await checkAllowed(list, in: bucket)
    let isStandard = list == .ownerOnly(tenant.ownerID)
    try await engine.commit(
      .setObjectAttribute(
        bucket: bucket.name, key: target.keyText, name: AccessControlList.attributeName,
        value: isStandard ? nil : Array(list.text.utf8)))
    return Response(status: .ok)
  }

  private func newACL(replacing old: AccessControlList) async throws -> AccessControlList {
    let bytes = try await document()
    if let list = try requestedACL(headers, owner: old.owner) {
      guard bytes.isEmpty else {
        throw S3Error(.unexpectedContent)
      }
      return list
    }
    guard !bytes.isEmpty else {
      throw S3Error(
        .missingSecurityHeader, "Your request was missing a required header: x-amz-acl")
    }
    return try acl(bytes, owner: old.owner)
  }

  // MARK: Documents

  private func document(of list: AccessControlList) -> [UInt8] {
    XMLWriter.document("AccessControlPolicy") { xml in
      writeAccount("Owner", list.owner, into: &xml)
      xml.element("AccessControlList") { xml in
        for grant in list.grants { write(grant, into: &xml) }
      }
    }
  }

  private func write(_ grant: AccessControlList.Grant, into xml: inout XMLWriter) {
    xml.element("Grant") { xml in
      let type = grant.grantee.isGroup ? "Group" : "CanonicalUser"
      xml.raw("<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"")
      xml.raw(" xsi:type=\"\(type)\">")
      if let uri = grant.grantee.groupURI { xml.text("URI", uri) }
      if case .account(let id) = grant.grantee { writeAccount(id, into: &xml) }
      xml.raw("</Grantee>")
      xml.text("Permission", grant.permission.rawValue)
    }
  }

  /// An account's id and, when it is an identity of this gateway, its name.
  func writeAccount(_ id: String, into xml: inout XMLWriter) {
    xml.text("ID", id)
    xml.text("DisplayName", ifPresent: service.tenant(ownerID: id)?.name)
  }

  func writeAccount(_ element: String, _ id: String, into xml: inout XMLWriter) {
    xml.element(element) { writeAccount(id, into: &$0) }
  }
}
