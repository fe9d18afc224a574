import HTTPTypes
import Hummingbird
import Primitives
import StorageService

/// Copies: the new object names the old one's extents, so no byte moves.
extension S3Call {
  /// The object that a copy reads.
  struct CopySource: Sendable {
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
    let bucket = try await bucket(named: String(decoding: bytes[..<slash], as: UTF8.self))
    let key = Array(bytes[(slash + 1)...])
    guard let object = try await index.object(key, in: bucket, withBlobs: true) else {
      throw S3Error(
        .noSuchKey,
        details: [S3Error.Detail(name: "Key", value: String(decoding: key, as: UTF8.self))])
    }
    let outcome = ReadConditions.ofCopySource(headers).evaluate(
      etag: object.summary.etag, modifiedMilliseconds: object.summary.modifiedMilliseconds)
    guard case .holds = outcome else { throw S3Error(.preconditionFailed) }
    return CopySource(bucket: bucket, key: key, object: object)
  }

  private static let badCopySource = S3Error(
    .invalidArgument,
    "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
    details: [S3Error.Detail(name: "ArgumentName", value: "x-amz-copy-source")])

  func copyObject() async throws -> Response {
    let key = try key()
    let bucket = try await bucket()
    let source = try await copySource()
    let attributes = try copiedAttributes(source, key: key, bucket: bucket)
    let precondition = try UploadHeaders.precondition(headers)
    try await checkEarly(precondition, key: key, in: bucket)
    let blobs = try rewrapped(source.object.blobs.map(\.blob), from: source.bucket, to: bucket)
    let checksums = source.object.checksums
    try await engine.commit(
      .putObject(
        LogRecord.PutObject(
          bucket: bucket.name, key: target.keyText, blobs: blobs, etag: source.object.summary.etag,
          attributes: attributes, checksums: checksums, precondition: precondition)))
    let copied = try await index.object(key, in: bucket, withBlobs: false)
    let modified = copied?.summary.modifiedMilliseconds ?? service.configuration.now()
    return reply(
      XMLWriter.document("CopyObjectResult") { xml in
        xml.text("LastModified", HTTPDate.iso8601(modified))
        xml.text("ETag", EntityTag.quoted(source.object.summary.etag))
        for checksum in checksums {
          if let algorithm = ChecksumAlgorithm(name: checksum.algorithm) {
            xml.text(algorithm.element, checksum.value)
            xml.text("ChecksumType", checksum.isComposite ? "COMPOSITE" : "FULL_OBJECT")
          }
        }
      })
  }

  private func copiedAttributes(
    _ source: CopySource, key: [UInt8], bucket: BucketInfo
  ) throws(S3Error) -> ObjectAttributes {
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
    let new = try UploadHeaders.attributes(headers)
    return ObjectAttributes(
      contentType: replacesMetadata ? new.contentType : old.contentType,
      headers: replacesMetadata ? new.headers : old.headers,
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
