import Cryptography
import Primitives
import ServiceKit

/// One segment of a bundle, as its manifest lists it.
package struct SegmentEntry: Hashable, Sendable, CanonicalCodable {
  /// The most stripes that a segment has.
  package static let stripeLimit = 65_536

  package let segment: SegmentID
  /// Bytes of each stripe's payload, in order.
  package let stripePayloadLengths: [UInt32]
  /// Bytes of each of the n shards.
  package let shardBytes: UInt64
  /// The shards' Merkle roots, one a slot.
  package let shardRoots: [Digest]

  package init(
    segment: SegmentID, stripePayloadLengths: [UInt32], shardBytes: UInt64, shardRoots: [Digest]
  ) {
    self.segment = segment
    self.stripePayloadLengths = stripePayloadLengths
    self.shardBytes = shardBytes
    self.shardRoots = shardRoots
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(segment)
    encoder.encode(stripePayloadLengths)
    encoder.encode(shardBytes)
    encoder.encode(shardRoots)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    segment = try decoder.decode()
    stripePayloadLengths = try decoder.decodeArray(limit: Self.stripeLimit)
    shardBytes = try decoder.decodeUInt64()
    shardRoots = try decoder.decodeArray(limit: Int(CodeClass.totalShardLimit))
  }
}

/// What a bundle consists of. Every slot holder keeps it, so that a column can be rebuilt and
/// checked without the gateway; the ledger keeps its hash and the column roots.
package struct BundleManifest: Hashable, Sendable, CanonicalCodable {
  /// The most segments that a bundle has.
  package static let segmentLimit = 16_384

  package let lease: LeaseID
  package let group: PlacementGroupID
  package let codeClass: CodeClass
  /// The segments, in the order of the columns' leaves.
  package let segments: [SegmentEntry]

  /// A manifest; nil when it has no segment or too many, a segment of another lease, an empty
  /// shard, not n shard roots, stripes that do not add up to the shard, or too much in all.
  package init?(
    lease: LeaseID, group: PlacementGroupID, codeClass: CodeClass, segments: [SegmentEntry]
  ) {
    guard (1...Self.segmentLimit).contains(segments.count) else { return nil }
    var total: UInt64 = 0
    for entry in segments {
      guard entry.segment.lease == lease, entry.shardBytes > 0,
        entry.shardRoots.count == Int(codeClass.totalShards),
        SegmentLayout(
          stripePayloadLengths: entry.stripePayloadLengths, dataShards: Int(codeClass.dataShards)
        )?.shardBytes == entry.shardBytes
      else { return nil }
      let (sum, overflow) = total.addingReportingOverflow(entry.shardBytes)
      if overflow { return nil }
      total = sum
    }
    self.lease = lease
    self.group = group
    self.codeClass = codeClass
    self.segments = segments
  }

  /// What slot statements and the ledger know the bundle by before it has a number.
  package var hash: Digest { Digest.sha256(domain: "storage-manifest", canonicalBytes()) }

  /// The Merkle sum tree of one slot's shards: (shard root, leaf count) in the segments' order.
  /// - Precondition: `slot` is below n.
  package func columnTree(slot: Int) -> MerkleSumTree {
    do throws(ArithmeticError) {
      return try MerkleSumTree(
        entries: segments.map {
          (item: $0.shardRoots[slot], count: codeClass.leafCount(shardBytes: $0.shardBytes))
        })
    } catch {
      preconditionFailure("init checked that the bytes, so all the more the leaves, can be summed")
    }
  }

  /// The Merkle tree over the n columns' roots.
  package var bundleRoot: Digest {
    Self.root(columnRoots: (0..<Int(codeClass.totalShards)).map { columnTree(slot: $0).root })
  }

  /// The root of a bundle with these columns.
  package static func root(columnRoots: [Digest]) -> Digest {
    MerkleTree.root(
      ofLeafHashes: columnRoots.map { root in
        root.value.withUnsafeBytes { MerkleTree.leafHash($0) }
      })
  }

  /// Leaves of each column.
  package var columnLeafCount: UInt64 {
    segments.reduce(0) { $0 + codeClass.leafCount(shardBytes: $1.shardBytes) }
  }

  /// Bytes of each column.
  package var columnByteCount: UInt64 { segments.reduce(0) { $0 + $1.shardBytes } }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(lease)
    encoder.encode(group)
    encoder.encode(codeClass)
    encoder.encode(segments)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let manifest = BundleManifest(
      lease: try decoder.decode(), group: try decoder.decode(), codeClass: try decoder.decode(),
      segments: try decoder.decodeArray(limit: Self.segmentLimit))
    guard let manifest else { throw .invalid("a manifest that does not add up") }
    self = manifest
  }
}
