import HTTPTypes
import Hummingbird
import NIOCore
import StorageService

/// GET and HEAD of objects.
extension S3Call {
  func getObject() async throws -> Response {
    let bucket = try await bucket()
    let isHead = request.method == .head
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
    if !selection.isPartial || partNumber != nil { addChecksums(object, to: &fields) }
    if isHead { return Response(status: status, headers: fields) }
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
        throw S3Error(.invalidPartNumber, "The requested partnumber is not satisfiable")
      }
      return 0..<object.summary.length
    }
    guard number <= parts else {
      throw S3Error(.invalidPartNumber, "The requested partnumber is not satisfiable")
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
    for header in object.attributes.headers { fields.set(header.name, header.value) }
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

  private func addChecksums(_ object: ObjectInfo, to fields: inout HTTPFields) {
    guard headers.text("x-amz-checksum-mode")?.uppercased() == "ENABLED",
      query["partNumber"] == nil
    else { return }
    for checksum in object.checksums {
      fields.set("x-amz-checksum-\(checksum.algorithm)", checksum.value)
      fields.set("x-amz-checksum-type", checksum.isComposite ? "COMPOSITE" : "FULL_OBJECT")
    }
  }

  func getObjectACL() async throws -> Response {
    _ = try await existingObject()
    return reply(accessControlDocument())
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
