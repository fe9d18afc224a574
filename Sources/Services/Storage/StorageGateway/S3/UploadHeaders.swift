import Foundation
import HTTPTypes
import Hummingbird
import Primitives
import StorageService

/// Reads what an upload's headers say about its body and its object.
enum UploadHeaders {
  /// The most bytes that one PUT may carry: 5 GiB.
  static let bodyByteLimit: UInt64 = 5 << 30
  /// The most bytes of user metadata, names and values together.
  static let metadataByteLimit = 2_048
  /// Headers that are kept and answered back as they came.
  private static let keptHeaders = [
    "cache-control", "content-disposition", "content-encoding", "content-language", "expires",
    "x-amz-website-redirect-location",
  ]

  /// What is promised about the body.
  /// - Throws: ``S3Error`` for what contradicts itself.
  static func promise(
    of request: Request, protection: PayloadProtection, readsChecksum: Bool = true
  ) throws(S3Error) -> BodyPromise {
    var promise = try formPromise(request.headers, readsChecksum: readsChecksum)
    promise.length = try bodyLength(request.headers, protection: protection)
    return promise
  }

  /// What headers, or a form's fields, say about the bytes themselves.
  static func formPromise(
    _ headers: HTTPFields, readsChecksum: Bool = true
  ) throws(S3Error) -> BodyPromise {
    var promise = BodyPromise()
    if let text = headers.text("content-md5") {
      guard let bytes = Data(base64Encoded: text), bytes.count == 16 else {
        throw S3Error(.invalidDigest)
      }
      promise.md5 = Array(bytes)
    }
    if readsChecksum { try readChecksum(headers, into: &promise) }
    return promise
  }

  /// The bytes without framing; nil when the client does not say.
  private static func bodyLength(
    _ headers: HTTPFields, protection: PayloadProtection
  ) throws(S3Error) -> UInt64? {
    var text = headers[.contentLength]
    if case .chunked = protection {
      text = headers.text("x-amz-decoded-content-length")
      if text == nil { throw S3Error(.missingContentLength) }
    }
    guard let text else { return nil }
    guard let length = UInt64(text) else {
      throw S3Error(.invalidArgument, "The length \"\(text)\" is not a number.")
    }
    return length
  }

  private static func readChecksum(
    _ headers: HTTPFields, into promise: inout BodyPromise
  ) throws(S3Error) {
    for algorithm in ChecksumAlgorithm.allCases {
      guard let value = headers.text(algorithm.header) else { continue }
      guard promise.checksum == nil else {
        throw S3Error(
          .invalidRequest,
          "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
      }
      guard algorithm.isValid(value) else {
        throw S3Error(.badDigest, "Value for \(algorithm.header) header is invalid.")
      }
      promise.checksum = algorithm
      promise.checksumValue = value
    }
    if let trailer = headers.text("x-amz-trailer") {
      let prefix = "x-amz-checksum-"
      let name = trailer.lowercased().trimmingCharacters(in: .whitespaces)
      guard name.hasPrefix(prefix),
        let algorithm = ChecksumAlgorithm(name: String(name.dropFirst(prefix.count))),
        promise.checksum == nil
      else {
        throw S3Error(
          .invalidRequest, "The value specified in the x-amz-trailer header is not supported")
      }
      promise.checksum = algorithm
      promise.checksumInTrailer = true
    }
    try readNamedAlgorithm(headers, into: &promise)
  }

  private static func readNamedAlgorithm(
    _ headers: HTTPFields, into promise: inout BodyPromise
  ) throws(S3Error) {
    let text =
      headers.text("x-amz-sdk-checksum-algorithm") ?? headers.text("x-amz-checksum-algorithm")
    guard let text, promise.checksum == nil, text.uppercased() != "MD5" else { return }
    guard let algorithm = ChecksumAlgorithm(name: text) else {
      throw S3Error(
        .invalidRequest,
        "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
          + "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
    }
    promise.checksum = algorithm
  }

  /// The same for an object or part, whose length must be known or show itself.
  static func objectPromise(
    of request: Request, protection: PayloadProtection
  ) throws(S3Error) -> BodyPromise {
    var promise = try promise(of: request, protection: protection)
    guard let length = promise.length else {
      // A body in chunks of HTTP says itself where it ends.
      guard request.headers[.transferEncoding] != nil else {
        throw S3Error(.missingContentLength)
      }
      promise.lengthRange = 0...bodyByteLimit
      return promise
    }
    guard length <= bodyByteLimit else {
      throw S3Error(
        .entityTooLarge,
        details: [
          S3Error.Detail(name: "ProposedSize", value: "\(length)"),
          S3Error.Detail(name: "MaxSizeAllowed", value: "\(bodyByteLimit)"),
        ])
    }
    return promise
  }

  /// What is to be kept beside the bytes.
  static func attributes(_ headers: HTTPFields) throws(S3Error) -> ObjectAttributes {
    try refuseUnserved(headers)
    var kept: [NamedValue] = []
    for name in keptHeaders {
      guard var value = headers.text(name) else { continue }
      if name == "content-encoding" {
        value = value.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
          .filter { $0 != "aws-chunked" }.joined(separator: ", ")
        if value.isEmpty { continue }
      }
      kept.append(NamedValue(name, value))
    }
    if let location = headers.text("x-amz-storage-class"), location != "STANDARD" {
      throw S3Error(.invalidStorageClass, "The storage class you specified is not valid")
    }
    return ObjectAttributes(
      contentType: headers[.contentType] ?? "binary/octet-stream", headers: kept,
      userMetadata: try userMetadata(headers), tags: try tags(headers))
  }

  private static func userMetadata(_ headers: HTTPFields) throws(S3Error) -> [NamedValue] {
    let prefix = "x-amz-meta-"
    var metadata: [NamedValue] = []
    var bytes = 0
    for field in headers where field.name.canonicalName.hasPrefix(prefix) {
      let name = String(field.name.canonicalName.dropFirst(prefix.count))
      bytes += name.utf8.count + field.value.utf8.count
      if let index = metadata.firstIndex(where: { $0.name == name }) {
        metadata[index] = NamedValue(name, metadata[index].value + "," + field.value)
      } else {
        metadata.append(NamedValue(name, field.value))
      }
    }
    guard bytes <= metadataByteLimit, metadata.count <= ObjectAttributes.entryLimit else {
      throw S3Error(
        .metadataTooLarge,
        details: [
          S3Error.Detail(name: "Size", value: "\(bytes)"),
          S3Error.Detail(name: "MaxSizeAllowed", value: "\(metadataByteLimit)"),
        ])
    }
    return metadata
  }

  private static func tags(_ headers: HTTPFields) throws(S3Error) -> [NamedValue] {
    guard let text = headers.text("x-amz-tagging") else { return [] }
    let query = try Query(text)
    return try checkedTags(query.items.map { NamedValue($0.name, $0.value) })
  }

  /// Tags within S3's limits: ten (of a bucket fifty), keys of 128 and values of 256 characters, no
  /// key twice.
  static func checkedTags(
    _ tags: [NamedValue], limit: Int = 10
  ) throws(S3Error) -> [NamedValue] {
    guard tags.count <= limit else {
      throw S3Error(.invalidTag, "Tags cannot be greater than \(limit)")
    }
    for (index, tag) in tags.enumerated() {
      guard !tag.name.isEmpty, tag.name.unicodeScalars.count <= 128 else {
        throw S3Error(.invalidTag, "The TagKey you have provided is invalid")
      }
      guard tag.value.unicodeScalars.count <= 256 else {
        throw S3Error(.invalidTag, "The TagValue you have provided is invalid")
      }
      guard !tags[..<index].contains(where: { $0.name == tag.name }) else {
        throw S3Error(.invalidTag, "Cannot provide multiple Tags with the same key")
      }
    }
    return tags
  }

  /// Refuses what would be silently ignored otherwise.
  static func refuseUnserved(_ headers: HTTPFields) throws(S3Error) {
    try refuseContradictions(headers)
    for field in headers {
      let name = field.name.canonicalName
      let isUnserved =
        name.hasPrefix("x-amz-object-lock-")
        || name.hasPrefix("x-amz-server-side-encryption-customer-")
        || name.hasPrefix("x-amz-server-side-encryption-aws-kms")
        || (name == "x-amz-server-side-encryption" && field.value != "AES256")
        || (name == "x-amz-bucket-object-lock-enabled" && field.value.lowercased() == "true")
      if isUnserved { throw S3Error(.notImplemented, "The header \(name) is not served.") }
    }
  }

  private static func refuseContradictions(_ headers: HTTPFields) throws(S3Error) {
    let parts = ["algorithm", "key", "key-md5"].filter {
      headers.text("x-amz-server-side-encryption-customer-\($0)") != nil
    }
    guard parts.isEmpty || parts.count == 3 else {
      throw S3Error(
        .invalidArgument,
        "A customer's key comes with x-amz-server-side-encryption-customer-algorithm, -key and "
          + "-key-md5.")
    }
    guard let encryption = headers.text("x-amz-server-side-encryption") else { return }
    guard ["AES256", "aws:kms", "aws:kms:dsse"].contains(encryption) else {
      throw S3Error(.invalidArgument, "\"\(encryption)\" is no server side encryption.")
    }
    let names = headers.map(\.name.canonicalName)
    if names.contains(where: { $0.hasPrefix("x-amz-server-side-encryption-customer-") }) {
      throw S3Error(
        .invalidArgument, "Server side encryption and a customer's key exclude each other.")
    }
    if encryption == "AES256",
      names.contains(where: { $0.hasPrefix("x-amz-server-side-encryption-aws-kms-key") })
    {
      throw S3Error(.invalidArgument, "A KMS key goes with aws:kms only.")
    }
  }
}

/// Entity tags with and without their quotes.
enum EntityTag {
  static func quoted(_ tag: String) -> String { "\"\(tag)\"" }

  static func unquoted(_ text: String) -> String {
    var text = text.trimmingCharacters(in: .whitespaces)
    if text.hasPrefix("W/") { text.removeFirst(2) }
    if text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"") {
      text.removeFirst()
      text.removeLast()
    }
    return text
  }
}
