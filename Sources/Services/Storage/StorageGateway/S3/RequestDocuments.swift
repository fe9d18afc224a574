import Foundation
import XMLCoder

/// The documents that clients send.
enum RequestDocuments {
  /// `POST ?delete`.
  struct Delete: Decodable {
    struct Item: Decodable {
      let key: String
      let versionID: String?
      let etag: String?

      enum CodingKeys: String, CodingKey {
        case key = "Key"
        case versionID = "VersionId"
        case etag = "ETag"
      }
    }

    let objects: [Item]
    let quiet: String?

    enum CodingKeys: String, CodingKey {
      case objects = "Object"
      case quiet = "Quiet"
    }
  }

  /// The end of a multipart upload.
  struct CompleteUpload: Decodable {
    struct Part: Decodable {
      let number: String
      let etag: String
      let crc32: String?
      let crc32c: String?
      let crc64nvme: String?
      let sha1: String?
      let sha256: String?

      enum CodingKeys: String, CodingKey {
        case number = "PartNumber"
        case etag = "ETag"
        case crc32 = "ChecksumCRC32"
        case crc32c = "ChecksumCRC32C"
        case crc64nvme = "ChecksumCRC64NVME"
        case sha1 = "ChecksumSHA1"
        case sha256 = "ChecksumSHA256"
      }

      /// The part's checksum, as far as it is given.
      func checksum(_ algorithm: ChecksumAlgorithm) -> String? {
        switch algorithm {
        case .crc32: crc32
        case .crc32c: crc32c
        case .crc64nvme: crc64nvme
        case .sha1: sha1
        case .sha256: sha256
        }
      }
    }

    let parts: [Part]

    enum CodingKeys: String, CodingKey { case parts = "Part" }
  }

  /// The making of a bucket.
  struct CreateBucket: Decodable {
    let location: String?

    enum CodingKeys: String, CodingKey { case location = "LocationConstraint" }
  }

  /// A set of tags.
  struct Tagging: Decodable {
    struct Tag: Decodable {
      let key: String
      let value: String

      enum CodingKeys: String, CodingKey {
        case key = "Key"
        case value = "Value"
      }
    }

    struct Tags: Decodable {
      let tags: [Tag]

      enum CodingKeys: String, CodingKey { case tags = "Tag" }
    }

    let set: Tags

    enum CodingKeys: String, CodingKey { case set = "TagSet" }
  }

  /// The longest document, in bytes: a thousand keys, each character escaped.
  static let byteLimit = 8 << 20
  /// How deep elements may be nested.
  private static let depthLimit = 16

  /// Reads a document whose root element has that name.
  /// - Throws: ``S3Error`` `MalformedXML`.
  static func decode<Document: Decodable>(
    _ type: Document.Type, root: String, from bytes: [UInt8]
  ) throws(S3Error) -> Document {
    guard rootName(bytes) == root, isShallow(bytes) else { throw S3Error(.malformedXML) }
    let decoder = XMLDecoder(trimValueWhitespaces: false, removeWhitespaceElements: true)
    decoder.shouldProcessNamespaces = true
    do { return try decoder.decode(type, from: Data(bytes)) } catch {
      throw S3Error(.malformedXML)
    }
  }

  /// The first element's name without its prefix; nil when there is none, or when a document type
  /// declaration comes first: entities are never needed here.
  private static func rootName(_ bytes: [UInt8]) -> String? {
    var index = 0
    while let open = bytes[index...].firstIndex(of: UInt8(ascii: "<")), open + 1 < bytes.count {
      if bytes[open + 1] == UInt8(ascii: "?") || bytes[(open + 1)...].starts(with: "!--".utf8) {
        index = open + 1
        continue
      }
      let name = bytes[(open + 1)...].prefix { byte in
        !" \t\r\n/>".utf8.contains(byte)
      }
      let text = String(decoding: name, as: UTF8.self)
      return text.hasPrefix("!") ? nil : text.split(separator: ":").last.map(String.init)
    }
    return nil
  }

  /// Whether no element can be deeper than the limit: the decoder works recursively, so a deep
  /// document must not reach it.
  private static func isShallow(_ bytes: [UInt8]) -> Bool {
    var depth = 0
    var previous: UInt8 = 0
    for byte in bytes {
      if previous == UInt8(ascii: "<") {
        if byte == UInt8(ascii: "/") {
          depth -= 1
        } else if byte != UInt8(ascii: "?") && byte != UInt8(ascii: "!") {
          depth += 1
        }
      }
      if previous == UInt8(ascii: "/") && byte == UInt8(ascii: ">") { depth -= 1 }
      if depth > depthLimit { return false }
      previous = byte
    }
    return true
  }
}
