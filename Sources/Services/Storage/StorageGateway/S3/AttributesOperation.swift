import HTTPTypes
import Hummingbird
import StorageService

/// GetObjectAttributes: what clients ask to see checksums and parts without reading bytes.
extension S3Call {
  private static let attributeNames: Set<String> = [
    "ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize",
  ]

  func getObjectAttributes() async throws -> Response {
    let asked = try askedAttributes()
    let (bucket, object) = try await existingObject()
    try check(ReadConditions(headers), object)
    let parts =
      asked.contains("ObjectParts")
      ? try await index.partsOfObject(object.summary.key, in: bucket) : []
    let limit = try headerNumber("x-amz-max-parts", default: 1_000)
    let marker = try headerNumber("x-amz-part-number-marker", default: 0)
    let document = XMLWriter.document("GetObjectAttributesResponse") { xml in
      if asked.contains("ETag") { xml.text("ETag", object.summary.etag) }
      if asked.contains("Checksum"), !object.checksums.isEmpty {
        xml.element("Checksum") { write(object.checksums, into: &$0) }
      }
      if !parts.isEmpty {
        write(parts, of: object, limit: min(limit, 1_000), marker: marker, into: &xml)
      }
      if asked.contains("StorageClass") { xml.text("StorageClass", "STANDARD") }
      if asked.contains("ObjectSize") { xml.number("ObjectSize", object.summary.length) }
    }
    var fields = HTTPFields()
    fields.set("last-modified", HTTPDate.httpDate(object.summary.modifiedMilliseconds))
    return reply(document, headers: fields)
  }

  private func askedAttributes() throws(S3Error) -> Set<String> {
    var asked: Set<String> = []
    for value in headers.texts("x-amz-object-attributes") {
      for name in value.split(separator: ",") {
        let name = SignatureV4.canonicalValue(String(name))
        guard Self.attributeNames.contains(name) else {
          throw S3Error(.invalidArgument, "Invalid attribute name specified: \(name)")
        }
        asked.insert(name)
      }
    }
    guard !asked.isEmpty else {
      throw S3Error(
        .invalidArgument, "The x-amz-object-attributes header must name at least one attribute")
    }
    return asked
  }

  private func headerNumber(_ name: String, default standard: Int) throws(S3Error) -> Int {
    guard let text = headers.text(name) else { return standard }
    guard let number = Int(text), number >= 0 else {
      throw S3Error(.invalidArgument, "\(name): \(text) is not a number.")
    }
    return number
  }

  private func write(
    _ parts: [ObjectPart], of object: ObjectInfo, limit: Int, marker: Int,
    into xml: inout XMLWriter
  ) {
    let rest = parts.filter { $0.number > marker }
    let shown = rest.prefix(limit)
    xml.element("ObjectParts") { xml in
      xml.number("PartsCount", parts.count)
      xml.number("PartNumberMarker", marker)
      xml.number("NextPartNumberMarker", shown.last?.number ?? marker)
      xml.number("MaxParts", limit)
      xml.flag("IsTruncated", rest.count > shown.count)
      for part in shown {
        xml.element("Part") { xml in
          xml.number("PartNumber", part.number)
          xml.number("Size", part.length)
          for checksum in part.checksums
          where checksum.algorithm == object.checksums.first?.algorithm {
            if let algorithm = ChecksumAlgorithm(name: checksum.algorithm) {
              xml.text(algorithm.element, checksum.value)
            }
          }
        }
      }
    }
  }
}
