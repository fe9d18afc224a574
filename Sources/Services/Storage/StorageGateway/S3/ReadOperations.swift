import HTTPTypes
import Hummingbird
import NIOCore
import StorageService

/// GET and HEAD of objects.
extension S3Call {
  func getObject() async throws -> Response {
    let bucket = try await bucket()
    let isHead = request.method == .head
    if headers.text("x-amz-server-side-encryption") != nil {
      throw S3Error(
        .invalidArgument, "x-amz-server-side-encryption header is not supported for this operation."
      )
    }
    try UploadHeaders.refuseUnserved(headers)
    let partNumber = try partNumberOfRead()
    guard
      let object = try await index.object(
        try key(), in: bucket, withBlobs: !isHead || partNumber != nil)
    else {
      throw S3Error(.noSuchKey, details: [S3Error.Detail(name: "Key", value: target.keyText)])
    }
    try check(ReadConditions(headers), object)
    var fields = objectHeaders(object)
    let selection = try select(object, partNumber: partNumber, headers: &fields)
    fields[.contentLength] = "\(selection.range.count)"
    let status: HTTPResponse.Status = selection.isPartial ? .partialContent : .ok
    if let partNumber {
      try await addChecksums(ofPart: partNumber, of: object, in: bucket, to: &fields)
    } else if !selection.isPartial {
      addChecksums(object.checksums, to: &fields)
    }
    if isHead { return Response(status: status, headers: fields) }
    try await charge(reading: UInt64(selection.range.count))
    let reader = ObjectReader(
      object.blobs, range: selection.range, bucket: bucket.name, engine: engine)
    try await reader.prefetch()
    let body = ResponseBody(contentLength: selection.range.count) { writer in
      while let buffer = try await reader.next() { try await writer.write(buffer) }
      try await writer.finish(nil)
    }
    return Response(status: status, headers: fields, body: body)
  }

  private func partNumberOfRead() throws(S3Error) -> Int? {
    guard let text = query["partNumber"] else { return nil }
    guard let number = Int(text), (1...LogLimits.parts).contains(number) else {
      throw S3Error(
        .invalidArgument, "Part number must be an integer between 1 and 10000, inclusive")
    }
    if headers[.range] != nil {
      throw S3Error(
        .invalidRequest, "Cannot specify both Range header and partNumber query parameter")
    }
    return number
  }

  func check(_ conditions: ReadConditions, _ object: ObjectInfo) throws(S3Error) {
    switch conditions.evaluate(
      etag: object.summary.etag, modifiedMilliseconds: object.summary.modifiedMilliseconds)
    {
    case .holds: return
    case .failed: throw S3Error(.preconditionFailed)
    case .notModified:
      throw S3Error(
        .notModified,
        details: [
          S3Error.Detail(name: "ETag", value: EntityTag.quoted(object.summary.etag)),
          S3Error.Detail(
            name: "Last-Modified", value: HTTPDate.httpDate(object.summary.modifiedMilliseconds)),
        ])
    }
  }

  /// Which bytes are asked for.
  private func select(
    _ object: ObjectInfo, partNumber: Int?, headers fields: inout HTTPFields
  ) throws(S3Error) -> (range: Range<UInt64>, isPartial: Bool) {
    let length = object.summary.length
    if let partNumber {
      let range = try rangeOfPart(partNumber, in: object, headers: &fields)
      if range.isEmpty { return (range, false) }
      fields.set(
        "content-range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length)")
      return (range, true)
    }
    switch ByteRange(headers[.range], length: length) {
    case .whole: return (0..<length, false)
    case .some(let range):
      fields.set(
        "content-range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length)")
      return (range, true)
    case .unsatisfiable:
      throw S3Error(
        .invalidRange,
        details: [
          S3Error.Detail(name: "Content-Range", value: "bytes */\(length)"),
          S3Error.Detail(name: "RangeRequested", value: headers[.range] ?? ""),
          S3Error.Detail(name: "ActualObjectSize", value: "\(length)"),
        ])
    }
  }

  private func rangeOfPart(
    _ number: Int, in object: ObjectInfo, headers fields: inout HTTPFields
  ) throws(S3Error) -> Range<UInt64> {
    let parts = object.blobs.last?.part ?? 0
    if parts == 0 {
      guard number == 1 else {
        throw S3Error(.invalidPart, "The requested partnumber is not satisfiable")
      }
      return 0..<object.summary.length
    }
    guard number <= parts else {
      throw S3Error(.invalidPart, "The requested partnumber is not satisfiable")
    }
    fields.set("x-amz-mp-parts-count", "\(parts)")
    var start: UInt64 = 0
    var length: UInt64 = 0
    for item in object.blobs where item.part <= number {
      if item.part < number { start += item.blob.length } else { length += item.blob.length }
    }
    return start..<start + length
  }

  /// The headers that describe an object.
  private func objectHeaders(_ object: ObjectInfo) -> HTTPFields {
    var fields = HTTPFields()
    fields[.contentType] = object.attributes.contentType
    for header in object.attributes.headers where header.name != AccessControlList.attributeName {
      fields.set(header.name, header.value)
    }
    for item in object.attributes.userMetadata { fields.set("x-amz-meta-\(item.name)", item.value) }
    if !object.attributes.tags.isEmpty {
      fields.set("x-amz-tagging-count", "\(object.attributes.tags.count)")
    }
    fields.set("etag", EntityTag.quoted(object.summary.etag))
    fields.set("last-modified", HTTPDate.httpDate(object.summary.modifiedMilliseconds))
    fields.set("accept-ranges", "bytes")
    for name in [
      "content-type", "content-language", "expires", "cache-control", "content-disposition",
      "content-encoding",
    ] {
      if let value = query["response-\(name)"] { fields.set(name, value) }
    }
    return fields
  }

  private func addChecksums(_ checksums: [ObjectChecksum], to fields: inout HTTPFields) {
    guard headers.text("x-amz-checksum-mode")?.uppercased() == "ENABLED" else { return }
    for checksum in checksums {
      fields.set("x-amz-checksum-\(checksum.algorithm)", checksum.value)
      fields.set("x-amz-checksum-type", checksum.type)
    }
  }

  /// A part's own checksums; their type is the object's.
  private func addChecksums(
    ofPart number: Int, of object: ObjectInfo, in bucket: BucketInfo, to fields: inout HTTPFields
  ) async throws {
    let parts = try await index.partsOfObject(object.summary.key, in: bucket)
    guard !parts.isEmpty else { return addChecksums(object.checksums, to: &fields) }
    // Only what the object as a whole has: other parts may have been sent with anything.
    let type = object.checksums.first
    let checksums = parts.first { $0.number == number }?.checksums ?? []
    addChecksums(checksums.filter { $0.algorithm == type?.algorithm }, to: &fields)
    if let type, fields.text("x-amz-checksum-type") != nil {
      fields.set("x-amz-checksum-type", type.type)
    }
  }

  /// Checksums as documents show them.
  func write(_ checksums: [ObjectChecksum], into xml: inout XMLWriter) {
    for checksum in checksums {
      if let algorithm = ChecksumAlgorithm(name: checksum.algorithm) {
        xml.text(algorithm.element, checksum.value)
        xml.text("ChecksumType", checksum.type)
      }
    }
  }

  /// The object at the key, without the places of its bytes.
  func existingObject() async throws -> (bucket: BucketInfo, object: ObjectInfo) {
    let bucket = try await bucket()
    guard let object = try await index.object(try key(), in: bucket, withBlobs: false) else {
      throw S3Error(.noSuchKey, details: [S3Error.Detail(name: "Key", value: target.keyText)])
    }
    return (bucket, object)
  }
}

extension ObjectChecksum {
  /// As in `x-amz-checksum-type`.
  var type: String { isComposite ? "COMPOSITE" : "FULL_OBJECT" }
}
