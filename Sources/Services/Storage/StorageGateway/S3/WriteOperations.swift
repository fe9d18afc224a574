import HTTPTypes
import Hummingbird
import NIOCore
import Primitives
import StorageService

/// PUT and DELETE of objects, and their tags.
extension S3Call {
  func putObject() async throws -> Response {
    let key = try key()
    let promise = try UploadHeaders.objectPromise(
      of: request, protection: protection)
    let precondition = try UploadHeaders.precondition(headers)
    let bucket = try await bucket()
    let attributes = try await newAttributes(headers, in: bucket)
    try await checkEarly(precondition, key: key, in: bucket)
    let body = UploadBody(
      source: request.body, protection: protection, promise: promise)
    let keyText = target.keyText
    _ = try await engine.put(body, bucket: bucket.name) { blob in
      let summary = try body.digests.checkedSummary(of: blob)
      return .putObject(
        LogRecord.PutObject(
          bucket: bucket.name, key: keyText, blobs: [blob], etag: summary.md5.hex,
          attributes: attributes, checksums: summary.objectChecksums, precondition: precondition))
    }
    guard let summary = body.digests.summary else { throw S3Error(.internalError) }
    var fields = HTTPFields()
    fields.set("etag", EntityTag.quoted(summary.md5.hex))
    for checksum in summary.objectChecksums {
      fields.set("x-amz-checksum-\(checksum.algorithm)", checksum.value)
      fields.set("x-amz-checksum-type", "FULL_OBJECT")
    }
    return Response(status: .ok, headers: fields)
  }

  /// Spares a client the sending of a body that cannot take effect. What counts is the check in the
  /// transaction that publishes the object.
  func checkEarly(
    _ precondition: WritePrecondition, key: [UInt8], in bucket: BucketInfo
  ) async throws {
    guard precondition != .none else { return }
    let current = try await index.object(key, in: bucket, withBlobs: false)?.summary
    switch precondition.evaluate(
      current.map { ($0.etag, $0.modifiedMilliseconds, $0.length) })
    {
    case .holds: return
    case .failed: throw S3Error(.preconditionFailed)
    case .noSuchKey: throw S3Error(.noSuchKey)
    }
  }

  func deleteObject() async throws -> Response {
    let key = try key()
    let precondition = try UploadHeaders.deletePrecondition(headers)
    let bucket = try await bucket()
    try await delete(key, precondition: precondition, in: bucket)
    return Response(status: .noContent)
  }

  /// Deletes one object; one that is not there is no failure.
  private func delete(
    _ key: [UInt8], precondition: WritePrecondition, in bucket: BucketInfo
  ) async throws {
    guard try await index.object(key, in: bucket, withBlobs: false) != nil else { return }
    try await checkEarly(precondition, key: key, in: bucket)
    try await engine.commit(
      .deleteObject(
        bucket: bucket.name, key: String(decoding: key, as: UTF8.self), precondition: precondition))
  }

  func deleteObjects() async throws -> Response {
    let bucket = try await bucket()
    let bytes = try await document()
    guard !bytes.isEmpty else { throw S3Error(.missingRequestBody) }
    let request = try RequestDocuments.Delete(bytes)
    let failures = await deleteAll(request.objects, in: bucket)
    let document = XMLWriter.document("DeleteResult") { xml in
      for (item, failure) in zip(request.objects, failures) {
        if let failure {
          xml.element("Error") { xml in
            xml.text("Key", item.key)
            xml.text("Code", failure.code.rawValue)
            xml.text("Message", failure.message)
          }
        } else if !request.isQuiet {
          xml.element("Deleted") { xml in
            xml.text("Key", item.key)
            xml.text("VersionId", ifPresent: item.versionID)
          }
        }
      }
    }
    return reply(document)
  }

  /// How many deletions of one request are under way at once.
  private static let parallelDeletions = 64

  private func deleteAll(
    _ items: [RequestDocuments.Delete.Item], in bucket: BucketInfo
  ) async -> [S3Error?] {
    var failures = [S3Error?](repeating: nil, count: items.count)
    await withTaskGroup(of: (Int, S3Error?).self) { group in
      for (index, item) in items.enumerated() {
        if index >= Self.parallelDeletions, let (done, failure) = await group.next() {
          failures[done] = failure
        }
        group.addTask { (index, await deleteOne(item, in: bucket)) }
      }
      for await (done, failure) in group { failures[done] = failure }
    }
    return failures
  }

  private func deleteOne(
    _ item: RequestDocuments.Delete.Item, in bucket: BucketInfo
  ) async -> S3Error? {
    do {
      guard item.key.utf8.count <= Self.keyByteLimit else { throw S3Error(.keyTooLong) }
      try checkPlace(bucket: bucket.name, key: Array(item.key.utf8))
      guard item.versionID ?? "null" == "null" else { throw S3Error(.noSuchVersion) }
      let precondition = try UploadHeaders.deletePrecondition(
        etag: item.etag, modifiedTime: item.modifiedTime, size: item.size)
      try await delete(Array(item.key.utf8), precondition: precondition, in: bucket)
      return nil
    } catch { return S3Error(mapping: error) }
  }

  // MARK: Tags

  func getObjectTagging() async throws -> Response {
    let (_, object) = try await existingObject()
    // In the order of their names, whatever order they came in.
    return reply(
      RequestDocuments.document(
        ofTags: object.attributes.tags.sorted {
          $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }))
  }

  func putObjectTagging() async throws -> Response {
    let (bucket, _) = try await existingObject()
    let asked = try RequestDocuments.tags(
      try RequestDocuments.root("Tagging", of: try await document()))
    let tags = try UploadHeaders.checkedTags(asked.map { NamedValue($0.key, $0.value) })
    try await engine.commit(
      .setObjectAttribute(
        bucket: bucket.name, key: target.keyText, name: "tagging",
        value: CanonicalValues(tags).canonicalBytes()))
    return Response(status: .ok)
  }

  func deleteObjectTagging() async throws -> Response {
    let (bucket, _) = try await existingObject()
    try await engine.commit(
      .setObjectAttribute(bucket: bucket.name, key: target.keyText, name: "tagging", value: nil))
    return Response(status: .noContent)
  }
}

extension BodyDigests {
  /// The digests of a body that has ended, when the engine stored as much as came.
  func checkedSummary(of blob: StoredBlob) throws(S3Error) -> BodySummary {
    guard let summary, summary.length == blob.length else { throw S3Error(.internalError) }
    return summary
  }
}

extension BodySummary {
  /// The checksum as an object keeps it.
  var objectChecksums: [ObjectChecksum] {
    checksum.map {
      [
        ObjectChecksum(
          algorithm: $0.algorithm.rawValue, value: $0.value.base64, isComposite: false)
      ]
    } ?? []
  }
}
