import Crypto
import Cryptography
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import StorageService

/// Uploads by an HTML form.
extension S3Call {
  func postObject() async throws -> Response {
    let reader = try FormReader(request)
    let form = try await reader.fields()
    var call = self
    let lengthRange = try await call.admit(form)
    try await call.authorize(.bucket(.write))
    return try await call.store(form, reader: reader, lengthRange: lengthRange)
  }

  /// Finds out who signed the form, and checks it against its policy.
  /// - Returns: how long the file may be.
  private mutating func admit(_ form: FormFields) async throws -> ClosedRange<UInt64> {
    guard form["key"] != nil else {
      throw S3Error(.userKeyMustBeSpecified)
    }
    let longest: ClosedRange<UInt64> = 0...UploadHeaders.bodyByteLimit
    guard let text = form["policy"] else {
      guard form["signature"] == nil, form["x-amz-signature"] == nil else {
        throw S3Error(.invalidArgument, "A signed form must have a policy.")
      }
      return longest
    }
    let credential = try await service.authenticator.authenticate(form)
    requester = try service.requester(credential)
    grant = credential.grant
    try await checkNotRevoked()
    try checkGrant(.putObject)
    let policy = try PostPolicy(base64: text)
    var fields = form.fields.map { field in
      // What counts is the key that the object gets.
      (name: field.name, value: field.name == "key" ? form.key : field.value)
    }
    fields.removeAll { $0.name == "bucket" }
    fields.append((name: "bucket", value: try bucketName()))
    try policy.check(fields, nowSeconds: Int64(clamping: service.configuration.now() / 1_000))
    return policy.lengthRange?.clamped(to: longest) ?? longest
  }

  private func store(
    _ form: FormFields, reader: FormReader, lengthRange: ClosedRange<UInt64>
  ) async throws -> Response {
    let keyText = form.key
    let stored = retargeted(
      RequestTarget(bucket: try bucketName(), key: Array(keyText.utf8)), tenant: tenant)
    let key = try stored.key()
    try stored.checkPlace()
    guard !key.isEmpty else { throw S3Error(.userKeyMustBeSpecified) }
    let headers = Self.headers(of: form)
    let bucket = try await bucket()
    let attributes = try await newAttributes(headers, in: bucket).adding(tags: Self.tags(of: form))
    var promise = try UploadHeaders.formPromise(headers)
    promise.lengthRange = lengthRange
    let charge = try await chargeUpload(.putObject)
    let body = UploadBody(
      source: RequestBody(asyncSequence: FormFileBytes(reader: reader)), protection: .unsigned,
      promise: promise)
    do {
      _ = try await engine.put(body, bucket: bucket.name) { blob in
        let summary = try body.digests.checkedSummary(of: blob)
        return .putObject(
          LogRecord.PutObject(
            bucket: bucket.name, key: keyText, blobs: [blob], etag: summary.md5.hex,
            attributes: attributes, checksums: summary.objectChecksums))
      }
    } catch {
      if let charge { await service.budgets.giveBack(charge) }
      throw error
    }
    guard let summary = body.digests.summary else { throw S3Error(.internalError) }
    return stored.answer(form, bucket: bucket, etag: summary.md5.hex)
  }

  /// The form's fields as the headers that a PUT would have.
  private static func headers(of form: FormFields) -> HTTPFields {
    var headers = HTTPFields()
    for field in form.fields {
      switch field.name {
      case "acl": headers.set("x-amz-acl", field.value)
      case "content-type", "cache-control", "content-disposition", "content-encoding",
        "content-language", "expires", "content-md5":
        headers.set(field.name, field.value)
      case let name where name.hasPrefix("x-amz-"): headers.set(name, field.value)
      default: continue
      }
    }
    if headers[.contentType] == nil { headers[.contentType] = form.file.contentType }
    return headers
  }

  private static func tags(of form: FormFields) throws(S3Error) -> [NamedValue] {
    guard let text = form["tagging"] else { return [] }
    let root = try RequestDocuments.root("Tagging", of: Array(text.utf8))
    return try UploadHeaders.checkedTags(
      RequestDocuments.tags(root).map { NamedValue($0.key, $0.value) })
  }

  private func answer(_ form: FormFields, bucket: BucketInfo, etag: String) -> Response {
    var fields = HTTPFields()
    fields.set("etag", EntityTag.quoted(etag))
    fields.set("x-amz-server-side-encryption", "AES256")
    if let address = form["success_action_redirect"] ?? form["redirect"],
      let location = redirect(address, bucket: bucket, etag: etag)
    {
      fields[.location] = location
      return Response(status: .seeOther, headers: fields)
    }
    let host = request.head.authority ?? "localhost"
    let location = "http://\(host)\(PercentEncoding.encode(target.path, keepsSlash: true))"
    fields[.location] = location
    switch form["success_action_status"] {
    case "200": return Response(status: .ok, headers: fields)
    case "201":
      let document = XMLWriter.document("PostResponse", hasNamespace: false) { xml in
        xml.text("Location", location)
        xml.text("Bucket", bucket.name)
        xml.text("Key", target.keyText)
        xml.text("ETag", EntityTag.quoted(etag))
      }
      return reply(document, status: .created, headers: fields)
    default: return Response(status: .noContent, headers: fields)
    }
  }

  /// Where a browser goes on; nil for what is no web address.
  private func redirect(_ address: String, bucket: BucketInfo, etag: String) -> String? {
    guard let url = URL(string: address), ["http", "https"].contains(url.scheme?.lowercased())
    else { return nil }
    let mark = address.contains("?") ? "&" : "?"
    let key = PercentEncoding.encode(target.key ?? [])
    return "\(address)\(mark)bucket=\(PercentEncoding.encode(bucket.name.utf8))&key=\(key)"
      + "&etag=%22\(etag)%22"
  }
}

extension ObjectAttributes {
  fileprivate func adding(tags more: [NamedValue]) -> ObjectAttributes {
    ObjectAttributes(
      contentType: contentType, headers: headers, userMetadata: userMetadata, tags: tags + more)
  }
}

extension RequestAuthenticator {
  /// Whose signature a form carries: Version 4, or Version 2.
  /// - Throws: ``S3Error`` when it is missing, unknown or wrong.
  func authenticate(_ form: FormFields) async throws -> S3Credential {
    let policy = form["policy"] ?? ""
    let isModern = form["x-amz-signature"] != nil || form["x-amz-algorithm"] != nil
    let signatureField = isModern ? "x-amz-signature" : "signature"
    let idField = isModern ? "x-amz-credential" : "awsaccesskeyid"
    guard let signature = form[signatureField], let id = form[idField] else {
      throw S3Error(
        .invalidArgument, "Bucket POST must contain the fields \(idField) and \(signatureField).")
    }
    let expected: String
    let credential: S3Credential
    if isModern {
      guard form["x-amz-algorithm"] == SignatureV4.algorithm else {
        throw S3Error(.invalidArgument, "x-amz-algorithm must be \(SignatureV4.algorithm)")
      }
      let (accessKeyID, scope) = try SignatureClaim.credential(id) {
        S3Error(.invalidArgument, "x-amz-credential is malformed: \($0)")
      }
      credential = try await self.credential(accessKeyID)
      expected = SignatureV4.sign(
        policy, key: SignatureV4.signingKey(secret: credential.secretKey, scope: scope))
    } else {
      credential = try await self.credential(id)
      expected = LegacyPresignedURL.sign(policy, secret: credential.secretKey)
    }
    guard constantTimeEquals(Array(expected.utf8), Array(signature.utf8)) else {
      throw S3Error(
        .signatureDoesNotMatch, details: [S3Error.Detail(name: "StringToSign", value: policy)])
    }
    return credential
  }
}
