import Foundation
import GRDB
import Primitives
import StorageService

/// A bucket as the index knows it.
package struct BucketInfo: Hashable, Sendable {
  let id: Int64
  package let name: String
  package let region: String
  /// When it was made, in milliseconds since 1970.
  package let createdMilliseconds: UInt64

  init(row: Row) {
    id = row["id"]
    let bytes: Data = row["name"]
    name = String(decoding: bytes, as: UTF8.self)
    region = row["region"]
    let created: Int64 = row["created"]
    createdMilliseconds = UInt64(clamping: created)
  }
}

/// An object as a listing shows it.
package struct ObjectSummary: Hashable, Sendable {
  /// The key's UTF-8 bytes.
  package let key: [UInt8]
  package let length: UInt64
  /// The entity tag without quotes.
  package let etag: String
  /// When it was written, in milliseconds since 1970.
  package let modifiedMilliseconds: UInt64

  init(row: Row) {
    let bytes: Data = row["key"]
    key = Array(bytes)
    let size: Int64 = row["length"]
    length = UInt64(clamping: size)
    etag = row["etag"]
    let modified: Int64 = row["modified"]
    modifiedMilliseconds = UInt64(clamping: modified)
  }
}

/// An object with all that is known of it.
package struct ObjectInfo: Sendable {
  package let summary: ObjectSummary
  package let attributes: ObjectAttributes
  package let checksums: [ObjectChecksum]
  /// The bytes, in order. Empty when they were not asked for.
  package let blobs: [ContentBlob]
}

/// One blob of an object or part.
package struct ContentBlob: Hashable, Sendable {
  package let blob: StoredBlob
  /// Which part of the multipart upload it came with, from 1; 0 when the object was put whole.
  package let part: Int
}

/// A multipart upload in progress.
package struct UploadInfo: Sendable {
  package let id: AttemptID
  package let key: [UInt8]
  package let initiatedMilliseconds: UInt64
  package let attributes: ObjectAttributes
  /// `crc32`, …; empty when the client named none.
  package let checksumAlgorithm: String
  /// `FULL_OBJECT`, `COMPOSITE` or empty.
  package let checksumType: String

  init(row: Row) throws {
    let idBytes: Data = row["id"]
    let attributeBytes: Data = row["attributes"]
    guard let id = AttemptID(bytes: idBytes) else { throw IndexError.damaged("an upload's id") }
    self.id = id
    let keyBytes: Data = row["key"]
    key = Array(keyBytes)
    let initiated: Int64 = row["initiated"]
    initiatedMilliseconds = UInt64(clamping: initiated)
    attributes = try ObjectAttributes(canonicalBytes: Array(attributeBytes))
    checksumAlgorithm = row["checksumAlgorithm"]
    checksumType = row["checksumType"]
  }
}

/// A part of a multipart upload.
package struct PartInfo: Hashable, Sendable {
  /// 1 … 10,000.
  package let number: UInt32
  package let length: UInt64
  /// Without quotes.
  package let etag: String
  package let modifiedMilliseconds: UInt64
  package let checksums: [ObjectChecksum]

  init(row: Row) throws {
    number = row["number"]
    let size: Int64 = row["length"]
    length = UInt64(clamping: size)
    etag = row["etag"]
    let modified: Int64 = row["modified"]
    modifiedMilliseconds = UInt64(clamping: modified)
    let bytes: Data = row["checksums"]
    checksums = try CanonicalValues<ObjectChecksum>(canonicalBytes: Array(bytes)).values
  }
}

/// A part of an object that was uploaded in parts.
package struct ObjectPart: Hashable, Sendable {
  /// From 1, without a gap, whatever the client's numbers were.
  package let number: Int
  package let length: UInt64
  package let checksums: [ObjectChecksum]

  init(row: Row) throws {
    number = row["part"]
    let size: Int64 = row["length"]
    length = UInt64(clamping: size)
    let bytes: Data = row["checksums"]
    checksums = try CanonicalValues<ObjectChecksum>(canonicalBytes: Array(bytes)).values
  }
}

/// Why a mutation had no effect. Applying the same records again gives the same answers.
package enum IndexRefusal: Error, Hashable, Sendable {
  case noSuchBucket
  case bucketExists
  case bucketNotEmpty
  case noSuchKey
  case noSuchUpload
  /// A part that the completion names is not there.
  case noSuchPart(UInt32)
  /// The object at the key is not the one that the writer expected.
  case preconditionFailed
}

/// Why the index cannot be used.
package enum IndexError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A row does not read back.
  case damaged(String)
  /// Records are missing between the last one applied and this one.
  case sequenceGap(expected: UInt64, got: UInt64)

  package var description: String {
    switch self {
    case .damaged(let what):
      "The gateway's index is damaged (\(what)); recover it from the network's log."
    case .sequenceGap(let expected, let got):
      "Log record \(got) came, but \(expected) is the next that the index lacks."
    }
  }
}

/// A list as a value of its own, for a column.
struct CanonicalValues<Element: CanonicalCodable>: CanonicalCodable {
  let values: [Element]
  init(_ values: [Element]) { self.values = values }
  func encode(into encoder: inout CanonicalEncoder) { encoder.encode(values) }
  init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    values = try decoder.decodeArray(limit: StoredBlob.extentLimit)
  }
}
