import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Primitives
import StorageService

/// Multipart uploads.
extension S3Call {
  /// Every part but the last has at least so many bytes: 5 MiB.
  static let smallestPartBytes: UInt64 = 5 << 20

  func createMultipartUpload() async throws -> Response {
    let key = try key()
    let (algorithm, type) = try checksumKind()
    let bucket = try await bucket()
    let attributes = try await newAttributes(headers, in: bucket)
    let upload = UploadIdentifier.random()
    try await engine.commit(
      .createUpload(
        LogRecord.CreateUpload(
          bucket: bucket.name, key: String(decoding: key, as: UTF8.self), upload: upload,
          attributes: attributes, checksumAlgorithm: algorithm?.rawValue ?? "",
          checksumType: type)))
    var fields = HTTPFields()
    if let algorithm {
      fields.set("x-amz-checksum-algorithm", algorithm.apiName)
      fields.set("x-amz-checksum-type", type)
    }
    let document = XMLWriter.document("InitiateMultipartUploadResult") { xml in
      xml.text("Bucket", bucket.name)
      xml.text("Key", target.keyText)
      xml.text("UploadId", upload.description)
    }
    return reply(document, headers: fields)
  }

  private func checksumKind() throws(S3Error) -> (ChecksumAlgorithm?, String) {
    let asked = headers.text("x-amz-checksum-type")?.uppercased()
    guard let text = headers.text("x-amz-checksum-algorithm") else {
      guard asked == nil else {
        throw S3Error(
          .invalidRequest,
          "The x-amz-checksum-type header can only be used with "
            + "the x-amz-checksum-algorithm header."
        )
      }
      return (nil, "")
    }
    guard let algorithm = ChecksumAlgorithm(name: text) else {
      throw S3Error(.invalidRequest, "Checksum algorithm provided is unsupported.")
    }
    let type = asked ?? (algorithm == .crc64nvme ? "FULL_OBJECT" : "COMPOSITE")
    let isPossible =
      type == "FULL_OBJECT"
      ? algorithm.redundancyCheck != nil : type == "COMPOSITE" && algorithm != .crc64nvme
    guard isPossible else {
      throw S3Error(
        .invalidRequest,
        "The \(type) checksum type cannot be used with the \(algorithm.rawValue) "
          + "checksum algorithm."
      )
    }
    return (algorithm, type)
  }

  private func uploadID() throws(S3Error) -> AttemptID {
    guard let id = query["uploadId"].flatMap(UploadIdentifier.parse) else {
      throw S3Error(.noSuchUpload)
    }
    return id
  }

  /// The upload that the request names.
  private func upload() async throws -> (bucket: BucketInfo, upload: UploadInfo) {
    let bucket = try await bucket()
    guard let upload = try await index.upload(try uploadID(), key: try key(), in: bucket) else {
      throw S3Error(.noSuchUpload)
    }
    return (bucket, upload)
  }

  private func partNumber() throws(S3Error) -> UInt32 {
    guard let number = query["partNumber"].flatMap({ UInt32($0) }),
      (1...UInt32(LogLimits.parts)).contains(number)
    else {
      throw S3Error(
        .invalidArgument, "Part number must be an integer between 1 and 10000, inclusive")
    }
    return number
  }

  func uploadPart() async throws -> Response {
    let number = try partNumber()
    var promise = try UploadHeaders.objectPromise(
      of: request, protection: protection)
    let (bucket, upload) = try await upload()
    if promise.checksum == nil {
      promise.checksum = ChecksumAlgorithm(name: upload.checksumAlgorithm)
    }
    let body = UploadBody(
      source: request.body, protection: protection, promise: promise)
    let keyText = target.keyText
    _ = try await engine.put(body, bucket: bucket.name) { blob in
      let summary = try body.digests.checkedSummary(of: blob)
      return .putPart(
        LogRecord.PutPart(
          bucket: bucket.name, key: keyText, upload: upload.id, partNumber: number, blobs: [blob],
          etag: summary.md5.hex, checksums: summary.objectChecksums))
    }
    guard let summary = body.digests.summary else { throw S3Error(.internalError) }
    var fields = HTTPFields()
    fields.set("etag", EntityTag.quoted(summary.md5.hex))
    for checksum in summary.objectChecksums {
      fields.set("x-amz-checksum-\(checksum.algorithm)", checksum.value)
    }
    return Response(status: .ok, headers: fields)
  }

  /// Copies bytes of an object into a part. They are read and written anew: a range need not begin
  /// where a sealed record does.
  func uploadPartCopy() async throws -> Response {
    let number = try partNumber()
    let (bucket, upload) = try await upload()
    let source = try await copySource()
    let range = try copyRange(length: source.object.summary.length)
    try await charge(storing: UInt64(range.count))
    let summary = try await rewrite(
      source, range: range, checksum: ChecksumAlgorithm(name: upload.checksumAlgorithm),
      in: bucket
    ) { [keyText = target.keyText] blob, summary in
      .putPart(
        LogRecord.PutPart(
          bucket: bucket.name, key: keyText, upload: upload.id, partNumber: number, blobs: [blob],
          etag: summary.md5.hex, checksums: summary.objectChecksums))
    }
    return reply(
      XMLWriter.document("CopyPartResult") { xml in
        xml.text("LastModified", HTTPDate.iso8601(service.configuration.now()))
        xml.text("ETag", EntityTag.quoted(summary.md5.hex))
        if let checksum = summary.checksum {
          xml.text(checksum.algorithm.element, checksum.value.base64)
        }
      })
  }

  private func copyRange(length: UInt64) throws(S3Error) -> Range<UInt64> {
    guard let header = headers.text("x-amz-copy-source-range") else { return 0..<length }
    let parts = header.dropFirst("bytes=".count).split(
      separator: "-", omittingEmptySubsequences: false)
    guard header.hasPrefix("bytes="), parts.count == 2, let first = UInt64(parts[0]),
      let last = UInt64(parts[1]), first <= last
    else {
      throw S3Error(
        .invalidArgument,
        "The x-amz-copy-source-range value must be of the form bytes=first-last where first and "
          + "last are the zero-based offsets of the first and last bytes to copy")
    }
    guard last < length else {
      throw S3Error(
        .invalidRange, "Range specified is not valid for source object of size: \(length)")
    }
    return first..<last + 1
  }

  func abortMultipartUpload() async throws -> Response {
    let (bucket, upload) = try await upload()
    try await engine.commit(
      .abortUpload(bucket: bucket.name, key: target.keyText, upload: upload.id))
    return Response(status: .noContent)
  }

  func listParts() async throws -> Response {
    let (bucket, upload) = try await upload()
    let limit = try number("max-parts", default: 1_000, limit: 1_000)
    let marker = try number("part-number-marker", default: 0, limit: Int(Int32.max))
    let rows = try await index.parts(of: upload.id, after: marker, limit: limit + 1)
    let shown = rows.prefix(limit)
    let document = XMLWriter.document("ListPartsResult") { xml in
      xml.text("Bucket", bucket.name)
      xml.text("Key", target.keyText)
      xml.text("UploadId", upload.id.description)
      let owner = acl(of: upload.attributes).owner
      writeAccount("Initiator", owner, into: &xml)
      writeAccount("Owner", owner, into: &xml)
      xml.text("StorageClass", "STANDARD")
      writeChecksumKind(upload, into: &xml)
      xml.number("PartNumberMarker", marker)
      xml.number("NextPartNumberMarker", shown.last?.number ?? 0)
      xml.number("MaxParts", limit)
      xml.flag("IsTruncated", rows.count > shown.count)
      for part in shown { writePart(part, into: &xml) }
    }
    return reply(document)
  }

  private func writePart(_ part: PartInfo, into xml: inout XMLWriter) {
    xml.element("Part") { xml in
      xml.number("PartNumber", part.number)
      xml.text("LastModified", HTTPDate.iso8601(part.modifiedMilliseconds))
      xml.text("ETag", EntityTag.quoted(part.etag))
      xml.number("Size", part.length)
      for checksum in part.checksums {
        if let algorithm = ChecksumAlgorithm(name: checksum.algorithm) {
          xml.text(algorithm.element, checksum.value)
        }
      }
    }
  }
}
