import Cryptography
import Primitives

/// One acknowledged change of a customer's buckets, as the network's log holds it. The gateway's
/// index is a cache of these: applied in the order of their sequence numbers they rebuild it.
package struct LogRecord: Hashable, Sendable, CanonicalCodable {
  /// From 1, without a gap, per identity.
  package let sequence: UInt64
  /// When the gateway decided, in milliseconds since 1970; what S3 shows as last modified.
  package let unixMilliseconds: UInt64
  package let mutation: Mutation

  package init(sequence: UInt64, unixMilliseconds: UInt64, mutation: Mutation) {
    self.sequence = sequence
    self.unixMilliseconds = unixMilliseconds
    self.mutation = mutation
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(sequence)
    encoder.encode(unixMilliseconds)
    encoder.encode(mutation)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    sequence = try decoder.decodeUInt64()
    unixMilliseconds = try decoder.decodeUInt64()
    mutation = try decoder.decode()
  }
}

extension LogRecord {
  /// What changed. Case numbers are never reused.
  package enum Mutation: Hashable, Sendable, CanonicalCodable {
    /// A bucket was made.
    case createBucket(bucket: String, region: String)
    /// An empty bucket was removed.
    case deleteBucket(bucket: String)
    /// A bucket's attribute (`versioning`, `acl`, `cors`, `tagging`, …) was set, or removed (nil).
    case setBucketAttribute(bucket: String, name: String, value: [UInt8]?)
    /// An object was put. A copy is this too, with the source's extents and its key wrapped anew.
    case putObject(PutObject)
    /// An object was deleted.
    case deleteObject(bucket: String, key: String, precondition: WritePrecondition)
    /// An object's attribute (`tagging`, `acl`) was set, or removed (nil), its bytes unchanged.
    case setObjectAttribute(bucket: String, key: String, name: String, value: [UInt8]?)
    /// A multipart upload was begun.
    case createUpload(CreateUpload)
    /// A part was uploaded; it replaces an earlier one of the same number.
    case putPart(PutPart)
    /// The parts listed became an object; the upload is gone, and its other parts too.
    case completeUpload(CompleteUpload)
    /// An upload and its parts were given up.
    case abortUpload(bucket: String, key: String, upload: AttemptID)
    /// A blob's bytes were copied elsewhere (compaction); nothing that a client sees changed.
    case relocate(Relocate)
    /// The whole index was written down: what lies before needs no log any more.
    case checkpoint(Checkpoint)
    /// Keys of this name that the identity granted count no more.
    case revokeKey(name: String)
  }

  /// An object and all that is known of it.
  package struct PutObject: Hashable, Sendable {
    package let bucket: String
    package let key: String
    /// The bytes, in order: one blob, or the parts of what it was copied from.
    package let blobs: [StoredBlob]
    /// The entity tag without quotes.
    package let etag: String
    package let attributes: ObjectAttributes
    package let checksums: [ObjectChecksum]
    package let precondition: WritePrecondition

    package init(
      bucket: String, key: String, blobs: [StoredBlob], etag: String,
      attributes: ObjectAttributes, checksums: [ObjectChecksum],
      precondition: WritePrecondition = .none
    ) {
      self.bucket = bucket
      self.key = key
      self.blobs = blobs
      self.etag = etag
      self.attributes = attributes
      self.checksums = checksums
      self.precondition = precondition
    }
  }

  /// The beginning of a multipart upload.
  package struct CreateUpload: Hashable, Sendable {
    package let bucket: String
    package let key: String
    package let upload: AttemptID
    package let attributes: ObjectAttributes
    /// `crc32`, …; empty when the client named none.
    package let checksumAlgorithm: String
    /// `FULL_OBJECT`, `COMPOSITE`, or empty.
    package let checksumType: String

    package init(
      bucket: String, key: String, upload: AttemptID, attributes: ObjectAttributes,
      checksumAlgorithm: String, checksumType: String
    ) {
      self.bucket = bucket
      self.key = key
      self.upload = upload
      self.attributes = attributes
      self.checksumAlgorithm = checksumAlgorithm
      self.checksumType = checksumType
    }
  }

  /// One part of a multipart upload.
  package struct PutPart: Hashable, Sendable {
    package let bucket: String
    package let key: String
    package let upload: AttemptID
    /// 1 … 10,000.
    package let partNumber: UInt32
    /// One blob; several when the part was copied from a multipart object.
    package let blobs: [StoredBlob]
    package let etag: String
    package let checksums: [ObjectChecksum]

    package init(
      bucket: String, key: String, upload: AttemptID, partNumber: UInt32, blobs: [StoredBlob],
      etag: String, checksums: [ObjectChecksum]
    ) {
      self.bucket = bucket
      self.key = key
      self.upload = upload
      self.partNumber = partNumber
      self.blobs = blobs
      self.etag = etag
      self.checksums = checksums
    }
  }

  /// A finished multipart upload.
  package struct CompleteUpload: Hashable, Sendable {
    package let bucket: String
    package let key: String
    package let upload: AttemptID
    /// The numbers of the parts that make the object, ascending.
    package let partNumbers: [UInt32]
    /// ``partsDigest(_:)`` of the parts that the client chose: a part that was replaced in between
    /// must not become part of the object under the old entity tag.
    package let partsDigest: Digest
    package let etag: String
    package let checksums: [ObjectChecksum]
    package let precondition: WritePrecondition

    package init(
      bucket: String, key: String, upload: AttemptID, partNumbers: [UInt32],
      partsDigest: Digest, etag: String, checksums: [ObjectChecksum],
      precondition: WritePrecondition = .none
    ) {
      self.bucket = bucket
      self.key = key
      self.upload = upload
      self.partNumbers = partNumbers
      self.partsDigest = partsDigest
      self.etag = etag
      self.checksums = checksums
      self.precondition = precondition
    }

    /// The hash of the chosen parts' numbers and entity tags, in their order.
    package static func partsDigest(_ parts: [(number: UInt32, etag: String)]) -> Digest {
      var encoder = CanonicalEncoder()
      for part in parts {
        encoder.encode(part.number)
        encoder.encode(part.etag)
      }
      return Digest.sha256(domain: "upload-parts", encoder.bytes)
    }
  }

  /// A blob's new place. Under the same attempt the sealed bytes were moved as they are, for all
  /// who use the blob; under a new one they were sealed anew, with a new key, for the object named.
  package struct Relocate: Hashable, Sendable {
    package let bucket: String
    package let key: String
    /// The attempt that was copied or moved.
    package let from: AttemptID
    package let to: StoredBlob

    package init(bucket: String, key: String, from: AttemptID, to: StoredBlob) {
      self.bucket = bucket
      self.key = key
      self.from = from
      self.to = to
    }
  }

  /// A dump of the index as it was after a record, and where its bytes are.
  package struct Checkpoint: Hashable, Sendable {
    /// The last record whose effect the dump holds.
    package let coveredSequence: UInt64
    /// The lowest segment that may hold later records.
    package let logStart: UInt64
    /// The dump's bytes; the data key is wrapped under the key of ``bucketName``.
    package let blob: StoredBlob

    /// Stands where a bucket's name stands elsewhere; no bucket can have it.
    package static let bucketName = "/checkpoint"

    package init(coveredSequence: UInt64, logStart: UInt64, blob: StoredBlob) {
      self.coveredSequence = coveredSequence
      self.logStart = logStart
      self.blob = blob
    }
  }
}

extension LogRecord.Mutation {
  /// Whether it adds nothing to what is kept: even who has no money may do it.
  package var onlyTakesAway: Bool {
    switch self {
    case .deleteObject, .abortUpload, .deleteBucket, .revokeKey: true
    default: false
    }
  }

  /// The blobs whose bytes it gives a user.
  package var blobs: [StoredBlob] {
    switch self {
    case .putObject(let put): put.blobs
    case .putPart(let part): part.blobs
    default: []
    }
  }
}
