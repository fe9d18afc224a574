import HTTPTypes
import Hummingbird
import Primitives
import StorageService

/// Copies: the new object names the old one's extents, so no byte moves.
extension S3Call {
  /// The object that a copy reads.
  struct CopySource: Sendable {
    let tenant: S3Tenant
    let bucket: BucketInfo
    let key: [UInt8]
    let object: ObjectInfo
  }

  /// Reads `x-amz-copy-source` and checks the conditions on it.
  func copySource() async throws -> CopySource {
    let header = headers.text("x-amz-copy-source") ?? ""
    var path = header
    if let mark = header.range(of: "?versionId=") {
      guard header[mark.upperBound...] == "null" else { throw S3Error(.noSuchVersion) }
      path = String(header[..<mark.lowerBound])
    }
    guard let decoded = PercentEncoding.decode(path.utf8),
      String(validating: decoded, as: UTF8.self) != nil
    else { throw Self.badCopySource }
    let bytes = decoded.first == UInt8(ascii: "/") ? Array(decoded.dropFirst()) : decoded
    guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")), slash > 0, slash + 1 < bytes.count
    else { throw Self.badCopySource }
    let name = String(decoding: bytes[..<slash], as: UTF8.self)
    let target = RequestTarget(bucket: name, key: Array(bytes[(slash + 1)...]))
    guard let owner = service.owner(of: target) else { throw Self.noSuchBucket(name) }
    try await owner.admit()
    let source = retargeted(target, tenant: owner)
    try source.checkExpectedOwner("x-amz-source-expected-bucket-owner")
    return try await source.readableSource()
  }

  /// This call's object, when the requester may read it and the conditions on it hold.
  private func readableSource() async throws -> CopySource {
    try await authorize(.object(.read))
    let bucket = try await bucket()
    let key = try key()
    guard let object = try await index.object(key, in: bucket, withBlobs: true) else {
      throw S3Error(.noSuchKey, details: [S3Error.Detail(name: "Key", value: target.keyText)])
    }
    let outcome = ReadConditions.ofCopySource(headers).evaluate(
      etag: object.summary.etag, modifiedMilliseconds: object.summary.modifiedMilliseconds)
    guard case .holds = outcome else { throw S3Error(.preconditionFailed) }
    return CopySource(tenant: tenant, bucket: bucket, key: key, object: object)
  }

  private static let badCopySource = S3Error(
    .invalidArgument,
    "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
    details: [S3Error.Detail(name: "ArgumentName", value: "x-amz-copy-source")])

  func copyObject() async throws -> Response {
    let key = try key()
    let bucket = try await bucket()
    let source = try await copySource()
    let attributes = try await copiedAttributes(source, key: key, bucket: bucket)
    let precondition = try UploadHeaders.precondition(headers)
    try await checkEarly(precondition, key: key, in: bucket)
    try await charge(storing: source.object.summary.length)
    let written: (etag: String, checksums: [ObjectChecksum])
    if source.tenant.name == tenant.name, !changesChecksum(of: source.object) {
      written = (source.object.summary.etag, source.object.checksums)
      let blobs = try rewrapped(source.object.blobs.map(\.blob), from: source.bucket, to: bucket)
      try await engine.commit(
        .putObject(
          LogRecord.PutObject(
            bucket: bucket.name, key: target.keyText, blobs: blobs, etag: written.etag,
            attributes: attributes, checksums: written.checksums, precondition: precondition)))
    } else {
      written = try await copyBytes(
        source, to: bucket, attributes: attributes, precondition: precondition)
    }
    let copied = try await index.object(key, in: bucket, withBlobs: false)
    let modified = copied?.summary.modifiedMilliseconds ?? service.configuration.now()
    return reply(
      XMLWriter.document("CopyObjectResult") { xml in
        xml.text("LastModified", HTTPDate.iso8601(modified))
        xml.text("ETag", EntityTag.quoted(written.etag))
        write(written.checksums, into: &xml)
      })
  }

  /// Whether a checksum is asked for that the source does not have.
  private func changesChecksum(of object: ObjectInfo) -> Bool {
    guard let name = headers.text("x-amz-checksum-algorithm")?.lowercased() else { return false }
    return !object.checksums.contains { $0.algorithm == name && !$0.isComposite }
  }

  /// Another identity's bytes lie in bundles that it pays for: a copy of one's own is written anew.
  private func copyBytes(
    _ source: CopySource, to bucket: BucketInfo, attributes: ObjectAttributes,
    precondition: WritePrecondition
  ) async throws -> (etag: String, checksums: [ObjectChecksum]) {
    let named = headers.text("x-amz-checksum-algorithm")
    let algorithm = named.flatMap(ChecksumAlgorithm.init(name:))
    guard named == nil || algorithm != nil else {
      throw S3Error(.invalidRequest, "Checksum algorithm provided is unsupported.")
    }
    let kept = source.object.checksums.first.flatMap { ChecksumAlgorithm(name: $0.algorithm) }
    let summary = try await rewrite(
      source, range: 0..<source.object.summary.length, checksum: algorithm ?? kept, in: bucket
    ) { [keyText = target.keyText] blob, summary in
      .putObject(
        LogRecord.PutObject(
          bucket: bucket.name, key: keyText, blobs: [blob], etag: summary.md5.hex,
          attributes: attributes, checksums: summary.objectChecksums, precondition: precondition))
    }
    return (summary.md5.hex, summary.objectChecksums)
  }

  /// Reads bytes of an object and writes them anew, as a mutation of this call's bucket.
  func rewrite(
    _ source: CopySource, range: Range<UInt64>, checksum: ChecksumAlgorithm?,
    in bucket: BucketInfo,
    makeMutation: @escaping @Sendable (StoredBlob, BodySummary) -> LogRecord.Mutation
  ) async throws -> BodySummary {
    let digests = BodyDigests(needsSHA256: false, checksum: checksum)
    let body = ObjectBytes(
      reader: ObjectReader(
        source.object.blobs, range: range, bucket: source.bucket.name,
        engine: source.tenant.engine), digests: digests)
    // A copy holds memory of the gateway's budget for what it reads while it waits for more for
    // what it writes: few enough at once that they can never hold all of it.
    try await service.partCopies.acquire()
    defer { service.partCopies.release() }
    _ = try await engine.put(body, bucket: bucket.name) { blob in
      makeMutation(blob, try digests.checkedSummary(of: blob))
    }
    guard let summary = digests.summary else { throw S3Error(.internalError) }
    return summary
  }

  private func copiedAttributes(
    _ source: CopySource, key: [UInt8], bucket: BucketInfo
  ) async throws -> ObjectAttributes {
    let old = source.object.attributes
    let replacesMetadata = try directive("x-amz-metadata-directive")
    let replacesTags = try directive("x-amz-tagging-directive")
    let isItself = source.bucket.name == bucket.name && source.key == key
    if isItself && !replacesMetadata {
      throw S3Error(
        .invalidRequest,
        "This copy request is illegal because it is trying to copy an object to itself without "
          + "changing the object's metadata, storage class, website redirect location or "
          + "encryption attributes.")
    }
    let new = try await newAttributes(headers, in: bucket)
    // A list is never copied: a copy is private unless the request says otherwise.
    func isACL(_ header: NamedValue) -> Bool { header.name == AccessControlList.attributeName }
    return ObjectAttributes(
      contentType: replacesMetadata ? new.contentType : old.contentType,
      headers: replacesMetadata
        ? new.headers : old.headers.filter { !isACL($0) } + new.headers.filter(isACL),
      userMetadata: replacesMetadata ? new.userMetadata : old.userMetadata,
      tags: replacesTags ? new.tags : old.tags)
  }

  private func directive(_ name: String) throws(S3Error) -> Bool {
    switch headers.text(name)?.uppercased() {
    case nil, "COPY": false
    case "REPLACE": true
    case .some(let value): throw S3Error(.invalidArgument, "Unknown \(name): \(value)")
    }
  }

  /// The blobs with their data keys wrapped under the new bucket's key.
  private func rewrapped(
    _ blobs: [StoredBlob], from source: BucketInfo, to bucket: BucketInfo
  ) throws -> [StoredBlob] {
    if source.name == bucket.name { return blobs }
    let oldKey = tenant.bucketKey(source.name)
    let newKey = tenant.bucketKey(bucket.name)
    return try blobs.map { blob in
      let dataKey = try blob.wrappedKey.unwrap(attempt: blob.attempt, bucketKey: oldKey)
      return StoredBlob(
        attempt: blob.attempt,
        wrappedKey: WrappedDataKey(dataKey, attempt: blob.attempt, bucketKey: newKey),
        length: blob.length, extents: blob.extents)
    }
  }
}
