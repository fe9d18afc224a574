import StorageService

/// The documents that clients send.
enum RequestDocuments {
  /// The longest document, in bytes: a thousand keys, each character escaped.
  static let byteLimit = 8 << 20

  /// Reads a document whose root element has that name.
  /// - Throws: ``S3Error`` `MalformedXML`.
  static func root(_ name: String, of bytes: [UInt8]) throws(S3Error) -> XMLElement {
    guard let root = XMLElement(document: bytes), root.name == name else {
      throw S3Error(.malformedXML)
    }
    return root
  }

  /// `POST ?delete`.
  struct Delete: Sendable {
    struct Item: Sendable {
      let key: String
      let versionID: String?
      let etag: String?
      let modifiedTime: String?
      let size: String?
    }

    let objects: [Item]
    let isQuiet: Bool

    /// - Throws: ``S3Error`` `MalformedXML`; also for no key, or more than a thousand.
    init(_ bytes: [UInt8]) throws(S3Error) {
      let root = try RequestDocuments.root("Delete", of: bytes)
      var objects: [Item] = []
      for object in root.all("Object") {
        guard let key = object.text("Key"), !key.isEmpty else { throw S3Error(.malformedXML) }
        objects.append(
          Item(
            key: key, versionID: object.text("VersionId"), etag: object.text("ETag"),
            modifiedTime: object.text("LastModifiedTime"), size: object.text("Size")))
      }
      guard (1...1_000).contains(objects.count) else { throw S3Error(.malformedXML) }
      self.objects = objects
      isQuiet = root.text("Quiet")?.lowercased() == "true"
    }
  }

  /// The end of a multipart upload.
  struct CompleteUpload: Sendable {
    struct Part: Sendable {
      let number: UInt32
      /// Without quotes.
      let etag: String
      private let element: XMLElement

      init(_ element: XMLElement) throws(S3Error) {
        guard let text = element.text("PartNumber"), let etag = element.text("ETag"),
          let number = UInt32(text.filter { !$0.isWhitespace })
        else { throw S3Error(.malformedXML) }
        self.number = number
        self.etag = EntityTag.unquoted(etag)
        self.element = element
      }

      /// The part's checksum, as far as it is given.
      func checksum(_ algorithm: ChecksumAlgorithm) -> String? {
        element.text(algorithm.element)
      }
    }

    let parts: [Part]

    /// - Throws: ``S3Error`` `MalformedXML`; also for no part, or more than ten thousand.
    init(_ bytes: [UInt8]) throws(S3Error) {
      let root = try RequestDocuments.root("CompleteMultipartUpload", of: bytes)
      var parts: [Part] = []
      for element in root.all("Part") { parts.append(try Part(element)) }
      guard (1...10_000).contains(parts.count) else { throw S3Error(.malformedXML) }
      self.parts = parts
    }
  }

  /// The region that a bucket is wanted in; nil when the document names none.
  static func bucketLocation(_ bytes: [UInt8]) throws(S3Error) -> String? {
    let root = try root("CreateBucketConfiguration", of: bytes)
    let text = root.text("LocationConstraint") ?? ""
    return text.isEmpty ? nil : text
  }

  /// A set of tags: keys and values.
  static func tags(_ root: XMLElement) throws(S3Error) -> [(key: String, value: String)] {
    guard root.name == "Tagging", let set = root.child("TagSet") else {
      throw S3Error(.malformedXML)
    }
    var tags: [(key: String, value: String)] = []
    for tag in set.all("Tag") {
      guard let key = tag.text("Key"), let value = tag.text("Value") else {
        throw S3Error(.malformedXML)
      }
      tags.append((key, value))
    }
    return tags
  }

  /// The document of a set of tags.
  static func document(ofTags tags: [NamedValue]) -> [UInt8] {
    XMLWriter.document("Tagging") { xml in
      xml.element("TagSet") { xml in
        for tag in tags {
          xml.element("Tag") { xml in
            xml.text("Key", tag.name)
            xml.text("Value", tag.value)
          }
        }
      }
    }
  }
}
