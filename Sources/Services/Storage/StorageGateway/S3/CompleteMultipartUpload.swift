import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Primitives
import StorageService

/// The end of a multipart upload.
extension S3Call {
  func completeMultipartUpload() async throws -> Response {
    let bucket = try await bucket()
    let key = try key()
    guard let id = query["uploadId"].flatMap(UploadIdentifier.parse) else {
      throw S3Error(.noSuchUpload)
    }
    let bytes = try await document(isPlain: true)
    guard let upload = try await index.upload(id, key: key, in: bucket) else {
      // A client that lost the answer asks again.
      guard let etag = try await index.finishedUpload(id, key: key, in: bucket) else {
        throw S3Error(.noSuchUpload)
      }
      let object = try await index.object(key, in: bucket, withBlobs: false)
      let isStillIt = object?.summary.etag == etag
      return completed(
        bucket, etag: etag, checksums: isStillIt ? object?.checksums ?? [] : [])
    }
    guard !bytes.isEmpty else { throw S3Error(.malformedXML) }
    let request = try RequestDocuments.CompleteUpload(bytes)
    let parts = try await chosenParts(request, of: upload)
    let precondition = try UploadHeaders.precondition(headers)
    try await checkEarly(precondition, key: key, in: bucket)
    let etag = Self.etag(of: parts)
    let checksums = try wholeChecksums(parts, upload: upload)
    try await engine.commit(
      .completeUpload(
        LogRecord.CompleteUpload(
          bucket: bucket.name, key: target.keyText, upload: id, partNumbers: parts.map(\.number),
          partsDigest: LogRecord.CompleteUpload.partsDigest(
            parts.map { (number: $0.number, etag: $0.etag) }),
          etag: etag, checksums: checksums, precondition: precondition)))
    return completed(bucket, etag: etag, checksums: checksums)
  }

  private func completed(
    _ bucket: BucketInfo, etag: String, checksums: [ObjectChecksum]
  ) -> Response {
    let host = request.head.authority ?? "localhost"
    let path = PercentEncoding.encode(target.path, keepsSlash: true)
    return reply(
      XMLWriter.document("CompleteMultipartUploadResult") { xml in
        xml.text("Location", "http://\(host)\(path)")
        xml.text("Bucket", bucket.name)
        xml.text("Key", target.keyText)
        xml.text("ETag", EntityTag.quoted(etag))
        write(checksums, into: &xml)
      })
  }

  /// The parts that the client lists, checked: in order, there, as they were, and long enough.
  private func chosenParts(
    _ request: RequestDocuments.CompleteUpload, of upload: UploadInfo
  ) async throws -> [PartInfo] {
    var stored: [UInt32: PartInfo] = [:]
    for part in try await index.parts(of: upload.id) { stored[part.number] = part }
    let algorithm = ChecksumAlgorithm(name: upload.checksumAlgorithm)
    var chosen: [PartInfo] = []
    for (index, asked) in request.parts.enumerated() {
      if let last = chosen.last, asked.number <= last.number { throw S3Error(.invalidPartOrder) }
      // Who sent a part twice and lists both means the one it lists last.
      if index + 1 < request.parts.count, request.parts[index + 1].number == asked.number {
        continue
      }
      guard let part = stored[asked.number], asked.etag == part.etag else {
        throw S3Error(
          .invalidPart,
          details: [
            S3Error.Detail(name: "UploadId", value: upload.id.description),
            S3Error.Detail(name: "PartNumber", value: "\(asked.number)"),
            S3Error.Detail(name: "ETag", value: asked.etag),
          ])
      }
      if let algorithm, let claimed = asked.checksum(algorithm),
        !part.checksums.contains(where: {
          $0.algorithm == algorithm.rawValue && $0.value == claimed
        })
      {
        throw S3Error(.invalidPart)
      }
      chosen.append(part)
    }
    for part in chosen.dropLast() where part.length < Self.smallestPartBytes {
      throw S3Error(
        .entityTooSmall,
        details: [
          S3Error.Detail(name: "PartNumber", value: "\(part.number)"),
          S3Error.Detail(name: "ProposedSize", value: "\(part.length)"),
          S3Error.Detail(name: "MinSizeAllowed", value: "\(Self.smallestPartBytes)"),
        ])
    }
    return chosen
  }

  /// MD5 over the parts' MD5s, and how many there are.
  static func etag(of parts: [PartInfo]) -> String {
    var hasher = Insecure.MD5()
    for part in parts { hasher.update(data: [UInt8](hex: part.etag) ?? []) }
    return "\(Array(hasher.finalize()).hex)-\(parts.count)"
  }

  /// The object's checksum of the kind that the upload was begun with.
  private func wholeChecksums(
    _ parts: [PartInfo], upload: UploadInfo
  ) throws(S3Error) -> [ObjectChecksum] {
    guard let algorithm = ChecksumAlgorithm(name: upload.checksumAlgorithm) else { return [] }
    var values: [(bytes: [UInt8], length: UInt64)] = []
    for part in parts {
      let value = part.checksums.first { $0.algorithm == algorithm.rawValue }?.value
      guard let value, let bytes = Data(base64Encoded: value) else {
        throw S3Error(
          .invalidRequest,
          "The upload was created using a \(algorithm.rawValue) checksum. Part \(part.number) was "
            + "uploaded without it.")
      }
      values.append((Array(bytes), part.length))
    }
    let whole: ObjectChecksum?
    if upload.checksumType == "FULL_OBJECT" {
      whole = MultipartChecksum.fullObject(algorithm, parts: values)
    } else {
      whole = MultipartChecksum.composite(algorithm, parts: values.map(\.bytes))
    }
    guard let whole else { return [] }
    if let claimed = headers.text(algorithm.header), claimed != whole.value {
      throw S3Error(
        .badDigest,
        "The \(algorithm.apiName) you specified did not match the calculated checksum.")
    }
    return [whole]
  }
}
