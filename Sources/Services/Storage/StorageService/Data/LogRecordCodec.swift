import Primitives

extension CanonicalDecoder {
  mutating func decodeBucketName() throws(CodecError) -> String {
    try decodeString(limit: LogLimits.bucketNameBytes)
  }
  mutating func decodeObjectKey() throws(CodecError) -> String {
    try decodeString(limit: LogLimits.keyBytes)
  }
  mutating func decodeAttributeValue() throws(CodecError) -> [UInt8]? {
    try decodeBool() ? try decodeBytes(limit: LogLimits.attributeBytes) : nil
  }
  mutating func decodeBlobs() throws(CodecError) -> [StoredBlob] {
    try decodeArray(of: StoredBlob.self, limit: LogLimits.parts)
  }
  mutating func decodeChecksums() throws(CodecError) -> [ObjectChecksum] {
    try decodeArray(of: ObjectChecksum.self, limit: LogLimits.checksums)
  }
}

extension CanonicalEncoder {
  fileprivate mutating func encodeAttributeValue(_ value: [UInt8]?) {
    encode(value != nil)
    if let value { encode(value) }
  }
}

extension LogRecord.Mutation {
  package func encode(into encoder: inout CanonicalEncoder) {
    switch self {
    case .createBucket(let bucket, let region):
      encoder.encode(UInt8(1))
      encoder.encode(bucket)
      encoder.encode(region)
    case .deleteBucket(let bucket):
      encoder.encode(UInt8(2))
      encoder.encode(bucket)
    case .setBucketAttribute(let bucket, let name, let value):
      encoder.encode(UInt8(3))
      encoder.encode(bucket)
      encoder.encode(name)
      encoder.encodeAttributeValue(value)
    case .putObject(let put):
      encoder.encode(UInt8(4))
      encoder.encode(put)
    case .deleteObject(let bucket, let key, let precondition):
      encoder.encode(UInt8(5))
      encoder.encode(bucket)
      encoder.encode(key)
      encoder.encode(precondition)
    case .setObjectAttribute(let bucket, let key, let name, let value):
      encoder.encode(UInt8(6))
      encoder.encode(bucket)
      encoder.encode(key)
      encoder.encode(name)
      encoder.encodeAttributeValue(value)
    default: encodeUploadCase(into: &encoder)
    }
  }

  private func encodeUploadCase(into encoder: inout CanonicalEncoder) {
    switch self {
    case .createUpload(let upload):
      encoder.encode(UInt8(7))
      encoder.encode(upload)
    case .putPart(let part):
      encoder.encode(UInt8(8))
      encoder.encode(part)
    case .completeUpload(let upload):
      encoder.encode(UInt8(9))
      encoder.encode(upload)
    case .abortUpload(let bucket, let key, let upload):
      encoder.encode(UInt8(10))
      encoder.encode(bucket)
      encoder.encode(key)
      encoder.encode(upload)
    case .relocate(let move):
      encoder.encode(UInt8(11))
      encoder.encode(move)
    case .checkpoint(let checkpoint):
      encoder.encode(UInt8(25))
      encoder.encode(checkpoint)
    case .revokeKey(let name):
      encoder.encode(UInt8(26))
      encoder.encode(name)
    default: break  // The others are written by encode(into:).
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let byte = try decoder.decodeUInt8()
    switch byte {
    case 1:
      self = .createBucket(
        bucket: try decoder.decodeBucketName(), region: try decoder.decodeString(limit: 64))
    case 2: self = .deleteBucket(bucket: try decoder.decodeBucketName())
    case 3:
      self = .setBucketAttribute(
        bucket: try decoder.decodeBucketName(), name: try decoder.decodeString(limit: 64),
        value: try decoder.decodeAttributeValue())
    case 4: self = .putObject(try decoder.decode())
    case 5:
      self = .deleteObject(
        bucket: try decoder.decodeBucketName(), key: try decoder.decodeObjectKey(),
        precondition: try decoder.decode())
    case 6:
      self = .setObjectAttribute(
        bucket: try decoder.decodeBucketName(), key: try decoder.decodeObjectKey(),
        name: try decoder.decodeString(limit: 64), value: try decoder.decodeAttributeValue())
    case 7: self = .createUpload(try decoder.decode())
    case 8: self = .putPart(try decoder.decode())
    case 9: self = .completeUpload(try decoder.decode())
    case 10:
      self = .abortUpload(
        bucket: try decoder.decodeBucketName(), key: try decoder.decodeObjectKey(),
        upload: try decoder.decode())
    case 11: self = .relocate(try decoder.decode())
    case 25: self = .checkpoint(try decoder.decode())
    case 26: self = .revokeKey(name: try decoder.decodeString(limit: LogLimits.keyNameBytes))
    default: throw .unknownCase(type: "LogRecord.Mutation", byte: byte)
    }
  }
}

extension LogRecord.PutObject: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(bucket)
    encoder.encode(key)
    encoder.encode(blobs)
    encoder.encode(etag)
    encoder.encode(attributes)
    encoder.encode(checksums)
    encoder.encode(precondition)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bucket = try decoder.decodeBucketName()
    key = try decoder.decodeObjectKey()
    blobs = try decoder.decodeBlobs()
    etag = try decoder.decodeString(limit: 128)
    attributes = try decoder.decode()
    checksums = try decoder.decodeChecksums()
    precondition = try decoder.decode()
  }
}

extension LogRecord.CreateUpload: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(bucket)
    encoder.encode(key)
    encoder.encode(upload)
    encoder.encode(attributes)
    encoder.encode(checksumAlgorithm)
    encoder.encode(checksumType)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bucket = try decoder.decodeBucketName()
    key = try decoder.decodeObjectKey()
    upload = try decoder.decode()
    attributes = try decoder.decode()
    checksumAlgorithm = try decoder.decodeString(limit: 16)
    checksumType = try decoder.decodeString(limit: 16)
  }
}

extension LogRecord.PutPart: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(bucket)
    encoder.encode(key)
    encoder.encode(upload)
    encoder.encode(partNumber)
    encoder.encode(blobs)
    encoder.encode(etag)
    encoder.encode(checksums)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bucket = try decoder.decodeBucketName()
    key = try decoder.decodeObjectKey()
    upload = try decoder.decode()
    partNumber = try decoder.decodeUInt32()
    blobs = try decoder.decodeBlobs()
    etag = try decoder.decodeString(limit: 128)
    checksums = try decoder.decodeChecksums()
  }
}

extension LogRecord.CompleteUpload: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(bucket)
    encoder.encode(key)
    encoder.encode(upload)
    encoder.encode(partNumbers)
    encoder.encode(partsDigest)
    encoder.encode(etag)
    encoder.encode(checksums)
    encoder.encode(precondition)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bucket = try decoder.decodeBucketName()
    key = try decoder.decodeObjectKey()
    upload = try decoder.decode()
    partNumbers = try decoder.decodeArray(of: UInt32.self, limit: LogLimits.parts)
    for (one, next) in zip(partNumbers, partNumbers.dropFirst()) where one >= next {
      throw .invalid("part numbers are not ascending")
    }
    partsDigest = try decoder.decode()
    etag = try decoder.decodeString(limit: 128)
    checksums = try decoder.decodeChecksums()
    precondition = try decoder.decode()
  }
}

extension LogRecord.Relocate: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(bucket)
    encoder.encode(key)
    encoder.encode(from)
    encoder.encode(to)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bucket = try decoder.decodeBucketName()
    key = try decoder.decodeObjectKey()
    from = try decoder.decode()
    to = try decoder.decode()
  }
}

extension LogRecord.Checkpoint: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(coveredSequence)
    encoder.encode(logStart)
    encoder.encode(blob)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    coveredSequence = try decoder.decodeUInt64()
    logStart = try decoder.decodeUInt64()
    blob = try decoder.decode()
  }
}
