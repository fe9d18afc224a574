import Primitives
import ServiceKit

/// What a storage provider answers. Shard and manifest bytes follow as the message's raw tail.
package enum StorageResponse: Hashable, Sendable, CanonicalCodable {
  /// The chunk is on disk.
  case appended(Signed<Acknowledgement>)
  /// The tail is what was read, widened to whole leaves.
  case range(ShardRangeProof)
  /// The tail is a part of the manifest.
  case manifest(ManifestPart)
  /// So many bytes of the manifest are here without a gap.
  case manifestReceived(bytes: UInt32)
  /// The provider's signature of the slot statement, whose `stagedByteMilliseconds` is its own
  /// figure (never above the one in the statement that it was sent).
  case countersigned(stagedByteMilliseconds: UInt64, signature: Signature)
  /// The best voucher now held, and how much more may be read before the next.
  case voucherAccepted(cumulative: Credits, readableBytes: UInt64)
  /// Staged shards by ascending segment number; `isComplete` unless more follow.
  case staged([StagedShard], isComplete: Bool)
  /// Done.
  case done
  /// How the provider is.
  case status(StorageStatus)
  /// Not done, and why.
  case refused(StorageRefusal)

  package func encode(into encoder: inout CanonicalEncoder) {
    switch self {
    case .appended(let acknowledgement):
      encoder.encode(UInt8(1))
      encoder.encode(acknowledgement)
    case .range(let proof):
      encoder.encode(UInt8(2))
      encoder.encode(proof)
    case .manifest(let part):
      encoder.encode(UInt8(3))
      encoder.encode(part)
    case .manifestReceived(let bytes):
      encoder.encode(UInt8(4))
      encoder.encode(bytes)
    case .countersigned(let staged, let signature):
      encoder.encode(UInt8(5))
      encoder.encode(staged)
      encoder.encode(signature)
    case .voucherAccepted(let cumulative, let readable):
      encoder.encode(UInt8(6))
      encoder.encode(cumulative)
      encoder.encode(readable)
    case .staged(let shards, let isComplete):
      encoder.encode(UInt8(7))
      encoder.encode(shards)
      encoder.encode(isComplete)
    case .done: encoder.encode(UInt8(8))
    case .status(let status):
      encoder.encode(UInt8(9))
      encoder.encode(status)
    case .refused(let refusal):
      encoder.encode(UInt8(10))
      encoder.encode(refusal)
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    switch try decoder.decodeUInt8() {
    case 1: self = .appended(try decoder.decode())
    case 2: self = .range(try decoder.decode())
    case 3: self = .manifest(try decoder.decode())
    case 4: self = .manifestReceived(bytes: try decoder.decodeUInt32())
    case 5:
      self = .countersigned(
        stagedByteMilliseconds: try decoder.decodeUInt64(), signature: try decoder.decode())
    case 6:
      self = .voucherAccepted(
        cumulative: try decoder.decode(), readableBytes: try decoder.decodeUInt64())
    case 7:
      self = .staged(
        try decoder.decodeArray(limit: StagedShard.listLimit), isComplete: try decoder.decodeBool())
    case 8: self = .done
    case 9: self = .status(try decoder.decode())
    case 10: self = .refused(try decoder.decode())
    case let byte: throw .unknownCase(type: "StorageResponse", byte: byte)
    }
  }
}

/// A shard that a provider holds and no bundle names yet.
package struct StagedShard: Hashable, Sendable, CanonicalCodable {
  /// The most of them in one answer.
  package static let listLimit = 1_024

  package let group: PlacementGroupID
  /// The segment's number within the lease.
  package let segment: UInt64
  package let slot: UInt8
  package let fencingEpoch: UInt64
  /// Bytes acknowledged.
  package let length: UInt64
  /// The root at that length.
  package let runningRoot: Digest
  /// Where each chunk ends, in bytes from the shard's start: the stripes' chunk boundaries.
  package let chunkEnds: [UInt64]

  package init(
    group: PlacementGroupID, segment: UInt64, slot: UInt8, fencingEpoch: UInt64, length: UInt64,
    runningRoot: Digest, chunkEnds: [UInt64]
  ) {
    self.group = group
    self.segment = segment
    self.slot = slot
    self.fencingEpoch = fencingEpoch
    self.length = length
    self.runningRoot = runningRoot
    self.chunkEnds = chunkEnds
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(group)
    encoder.encode(segment)
    encoder.encode(slot)
    encoder.encode(fencingEpoch)
    encoder.encode(length)
    encoder.encode(runningRoot)
    encoder.encode(chunkEnds)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    group = try decoder.decode()
    segment = try decoder.decodeUInt64()
    slot = try decoder.decodeUInt8()
    fencingEpoch = try decoder.decodeUInt64()
    length = try decoder.decodeUInt64()
    runningRoot = try decoder.decode()
    chunkEnds = try decoder.decodeArray(of: UInt64.self, limit: 65_536)
  }
}

/// How a storage provider is.
package struct StorageStatus: Hashable, Sendable, CanonicalCodable {
  package let provider: ProviderID
  /// The last block that it has seen.
  package let ledgerHeight: UInt64
  /// Bytes of shards.
  package let usedBytes: UInt64
  /// Bytes that its quota still allows.
  package let freeBytes: UInt64
  /// Shards held.
  package let shardCount: UInt64

  package init(
    provider: ProviderID, ledgerHeight: UInt64, usedBytes: UInt64, freeBytes: UInt64,
    shardCount: UInt64
  ) {
    self.provider = provider
    self.ledgerHeight = ledgerHeight
    self.usedBytes = usedBytes
    self.freeBytes = freeBytes
    self.shardCount = shardCount
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(provider)
    encoder.encode(ledgerHeight)
    encoder.encode(usedBytes)
    encoder.encode(freeBytes)
    encoder.encode(shardCount)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    provider = try decoder.decode()
    ledgerHeight = try decoder.decodeUInt64()
    usedBytes = try decoder.decodeUInt64()
    freeBytes = try decoder.decodeUInt64()
    shardCount = try decoder.decodeUInt64()
  }
}
