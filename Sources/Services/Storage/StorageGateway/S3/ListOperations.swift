import Foundation
import HTTPTypes
import Hummingbird
import Primitives
import StorageService

/// Continuation tokens: opaque to clients, the last key shown to us.
enum ContinuationToken {
  static func encode(_ key: [UInt8]) -> String { Data([1] + key).base64EncodedString() }

  static func decode(_ text: String) -> [UInt8]? {
    guard let bytes = Data(base64Encoded: text), bytes.first == 1 else { return nil }
    return Array(bytes.dropFirst())
  }
}

/// Listings.
extension S3Call {
  /// Keys as they are or percent-encoded, as the client asked.
  private func shown(_ key: [UInt8]) -> String {
    query["encoding-type"] == "url"
      ? PercentEncoding.encode(key, keepsSlash: true) : String(decoding: key, as: UTF8.self)
  }

  private func shown(_ text: String) -> String { shown(Array(text.utf8)) }

  private func listRequest(limitName: String) throws(S3Error) -> ListRequest {
    if let encoding = query["encoding-type"], encoding != "url" {
      throw S3Error(
        .invalidArgument, "Invalid Encoding Method specified in Request",
        details: [
          S3Error.Detail(name: "ArgumentName", value: "encoding-type"),
          S3Error.Detail(name: "ArgumentValue", value: encoding),
        ])
    }
    if query["allow-unordered"] == "true", !(query["delimiter"] ?? "").isEmpty {
      throw S3Error(.invalidArgument, "A listing with a delimiter is always in order.")
    }
    var request = ListRequest()
    request.prefix = Array((query["prefix"] ?? "").utf8)
    request.delimiter = Array((query["delimiter"] ?? "").utf8)
    request.limit = try number(limitName, default: 1_000, limit: 1_000)
    return request
  }

  private func writeHead(
    _ bucket: BucketInfo, _ request: ListRequest, encodesPrefix: Bool = true,
    into xml: inout XMLWriter
  ) {
    xml.text("Name", bucket.name)
    xml.text("Prefix", encodesPrefix ? shown(request.prefix) : query["prefix"] ?? "")
    if !request.delimiter.isEmpty { xml.text("Delimiter", shown(request.delimiter)) }
    xml.number("MaxKeys", request.limit)
    if query["encoding-type"] == "url" { xml.text("EncodingType", "url") }
  }

  private func writeObject(_ object: ObjectSummary, hasOwner: Bool, into xml: inout XMLWriter) {
    xml.text("Key", shown(object.key))
    xml.text("LastModified", HTTPDate.iso8601(object.modifiedMilliseconds))
    xml.text("ETag", EntityTag.quoted(object.etag))
    xml.number("Size", object.length)
    if hasOwner { writeOwner("Owner", into: &xml) }
    xml.text("StorageClass", "STANDARD")
  }

  private func writeCommonPrefixes(_ prefixes: [[UInt8]], into xml: inout XMLWriter) {
    for prefix in prefixes {
      xml.element("CommonPrefixes") { $0.text("Prefix", shown(prefix)) }
    }
  }

  func listObjects() async throws -> Response {
    let bucket = try await bucket()
    var request = try listRequest(limitName: "max-keys")
    let marker = query["marker"] ?? ""
    request.marker = Array(marker.utf8)
    let page = try await index.list(request, in: bucket)
    let document = XMLWriter.document("ListBucketResult") { xml in
      // In the first version of listings clients decode all but the prefix.
      writeHead(bucket, request, encodesPrefix: false, into: &xml)
      xml.text("Marker", shown(marker))
      xml.flag("IsTruncated", page.isTruncated)
      if page.isTruncated && !request.delimiter.isEmpty {
        xml.text("NextMarker", shown(page.lastKey))
      }
      for object in page.items {
        xml.element("Contents") { writeObject(object, hasOwner: true, into: &$0) }
      }
      writeCommonPrefixes(page.commonPrefixes, into: &xml)
    }
    return reply(document)
  }

  func listObjectsV2() async throws -> Response {
    let bucket = try await bucket()
    var request = try listRequest(limitName: "max-keys")
    let startAfter = query["start-after"] ?? ""
    request.marker = Array(startAfter.utf8)
    if let token = query["continuation-token"], !token.isEmpty {
      guard let key = ContinuationToken.decode(token) else {
        throw S3Error(.invalidArgument, "The continuation token provided is incorrect")
      }
      request.marker = key
    }
    let page = try await index.list(request, in: bucket)
    let hasOwner = query["fetch-owner"] == "true"
    let document = XMLWriter.document("ListBucketResult") { xml in
      writeHead(bucket, request, into: &xml)
      xml.number("KeyCount", page.entries.count)
      xml.flag("IsTruncated", page.isTruncated)
      xml.text("ContinuationToken", ifPresent: query["continuation-token"])
      if page.isTruncated {
        xml.text("NextContinuationToken", ContinuationToken.encode(page.lastKey))
      }
      if !startAfter.isEmpty { xml.text("StartAfter", shown(startAfter)) }
      for object in page.items {
        xml.element("Contents") { writeObject(object, hasOwner: hasOwner, into: &$0) }
      }
      writeCommonPrefixes(page.commonPrefixes, into: &xml)
    }
    return reply(document)
  }

  /// Every object has one version, named `null`.
  func listObjectVersions() async throws -> Response {
    let bucket = try await bucket()
    var request = try listRequest(limitName: "max-keys")
    let marker = query["key-marker"] ?? ""
    request.marker = Array(marker.utf8)
    let page = try await index.list(request, in: bucket)
    let document = XMLWriter.document("ListVersionsResult") { xml in
      writeHead(bucket, request, into: &xml)
      xml.text("KeyMarker", shown(marker))
      xml.text("VersionIdMarker", query["version-id-marker"] ?? "")
      xml.flag("IsTruncated", page.isTruncated)
      if page.isTruncated {
        xml.text("NextKeyMarker", shown(page.lastKey))
        xml.text("NextVersionIdMarker", "null")
      }
      for object in page.items {
        xml.element("Version") { xml in
          xml.text("VersionId", "null")
          xml.flag("IsLatest", true)
          writeObject(object, hasOwner: true, into: &xml)
        }
      }
      writeCommonPrefixes(page.commonPrefixes, into: &xml)
    }
    return reply(document)
  }

  func listMultipartUploads() async throws -> Response {
    let bucket = try await bucket()
    var request = try listRequest(limitName: "max-uploads")
    let keyMarker = query["key-marker"] ?? ""
    request.marker = Array(keyMarker.utf8)
    let uploadMarker = query["upload-id-marker"].flatMap(UploadIdentifier.parse)
    let page = try await index.listUploads(request, uploadMarker: uploadMarker, in: bucket)
    let document = XMLWriter.document("ListMultipartUploadsResult") { xml in
      xml.text("Bucket", bucket.name)
      xml.text("KeyMarker", shown(keyMarker))
      xml.text("UploadIdMarker", query["upload-id-marker"] ?? "")
      if page.isTruncated {
        xml.text("NextKeyMarker", shown(page.lastKey))
        if case .item(let last) = page.entries.last {
          xml.text("NextUploadIdMarker", last.id.description)
        }
      }
      if query["encoding-type"] == "url" { xml.text("EncodingType", "url") }
      if !request.prefix.isEmpty { xml.text("Prefix", shown(request.prefix)) }
      if !request.delimiter.isEmpty { xml.text("Delimiter", shown(request.delimiter)) }
      xml.number("MaxUploads", request.limit)
      xml.flag("IsTruncated", page.isTruncated)
      for upload in page.items { writeUpload(upload, into: &xml) }
      writeCommonPrefixes(page.commonPrefixes, into: &xml)
    }
    return reply(document)
  }

  private func writeUpload(_ upload: UploadInfo, into xml: inout XMLWriter) {
    xml.element("Upload") { xml in
      xml.text("Key", shown(upload.key))
      xml.text("UploadId", upload.id.description)
      let owner = acl(of: upload.attributes).owner
      writeAccount("Initiator", owner, into: &xml)
      writeAccount("Owner", owner, into: &xml)
      xml.text("StorageClass", "STANDARD")
      xml.text("Initiated", HTTPDate.iso8601(upload.initiatedMilliseconds))
      writeChecksumKind(upload, into: &xml)
    }
  }

  func writeChecksumKind(_ upload: UploadInfo, into xml: inout XMLWriter) {
    if !upload.checksumAlgorithm.isEmpty {
      xml.text("ChecksumAlgorithm", upload.checksumAlgorithm.uppercased())
      xml.text("ChecksumType", upload.checksumType)
    }
  }
}

/// The ids of multipart uploads: thirty-two hexadecimal digits.
enum UploadIdentifier {
  static func parse(_ text: String) -> AttemptID? {
    [UInt8](hex: text).flatMap { AttemptID(bytes: $0) }
  }

  static func random() -> AttemptID { AttemptID(number: UInt128.random(in: .min ... .max)) }
}
