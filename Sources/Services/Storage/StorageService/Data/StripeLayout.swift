import Primitives

/// How one stripe's payload is cut into k data chunks of equal size.
///
/// The code is systematic and contiguous inside: chunk c holds the payload's bytes
/// c × chunkBytes … (c + 1) × chunkBytes, the last ones padded with zeros. So a small read touches
/// one provider.
package struct StripeLayout: Hashable, Sendable {
  /// The most bytes that a chunk may have: 1 MiB.
  package static let chunkByteLimit = 1 << 20
  /// The most bytes of padding behind a payload: it makes k equal chunks, and k is at most 256.
  package static let paddingLimit = 256

  /// Bytes of the payload.
  package let payloadLength: Int
  /// k.
  package let dataShards: Int
  /// Bytes of each chunk, parity chunks included.
  package let chunkBytes: Int

  /// The layout of a payload; nil when it is empty, when k is not positive, or when a chunk would
  /// be larger than ``chunkByteLimit``.
  package init?(payloadLength: Int, dataShards: Int) {
    guard payloadLength > 0, dataShards > 0, dataShards <= 256 else { return nil }
    let chunk = (payloadLength - 1) / dataShards + 1
    guard chunk <= Self.chunkByteLimit else { return nil }
    self.payloadLength = payloadLength
    self.dataShards = dataShards
    chunkBytes = chunk
  }

  /// The largest payload of a stripe with k data shards.
  package static func largestPayload(dataShards: Int) -> Int { dataShards * chunkByteLimit }

  /// A part of one data chunk.
  package struct ChunkRange: Hashable, Sendable {
    /// Which data chunk, 0 ..< k; also the shard that holds it.
    package let chunk: Int
    /// Bytes within the chunk.
    package let range: Range<Int>
  }

  /// The chunks that bytes `range` of the payload lie in, in order; nil when the range reaches
  /// beyond the payload.
  package func chunkRanges(of range: Range<Int>) -> [ChunkRange]? {
    guard range.lowerBound >= 0, range.upperBound <= payloadLength else { return nil }
    var parts: [ChunkRange] = []
    var position = range.lowerBound
    while position < range.upperBound {
      let chunk = position / chunkBytes
      let start = chunk * chunkBytes
      let end = min(range.upperBound, start + chunkBytes)
      parts.append(ChunkRange(chunk: chunk, range: position - start..<end - start))
      position = end
    }
    return parts
  }

  /// How many bytes of chunk `chunk` are payload and not padding.
  package func payloadBytes(inChunk chunk: Int) -> Int {
    max(0, min(chunkBytes, payloadLength - chunk * chunkBytes))
  }
}

/// How a segment's stripes lie one after another in each of its shards.
package struct SegmentLayout: Hashable, Sendable {
  /// The stripes' layouts, in order.
  package private(set) var stripes: [StripeLayout] = []
  /// Where each stripe's chunk begins in a shard, in bytes; one more for the end.
  package private(set) var shardOffsets: [UInt64] = [0]
  /// k.
  package let dataShards: Int

  /// A segment without stripes.
  package init(dataShards: Int) { self.dataShards = dataShards }

  /// A segment of stripes with these payload lengths; nil when one is impossible.
  package init?(stripePayloadLengths: [UInt32], dataShards: Int) {
    self.init(dataShards: dataShards)
    for length in stripePayloadLengths {
      guard append(payloadLength: Int(length)) != nil else { return nil }
    }
  }

  /// Adds a stripe and returns its layout; nil, and nothing changed, when it is impossible.
  @discardableResult
  package mutating func append(payloadLength: Int) -> StripeLayout? {
    guard let layout = StripeLayout(payloadLength: payloadLength, dataShards: dataShards) else {
      return nil
    }
    stripes.append(layout)
    shardOffsets.append(shardBytes + UInt64(layout.chunkBytes))
    return layout
  }

  /// Bytes of each shard so far.
  package var shardBytes: UInt64 { shardOffsets.last ?? 0 }

  /// A range of one shard.
  package struct ShardRange: Hashable, Sendable {
    /// The shard, which is the slot that holds it; below k.
    package let shard: Int
    /// Bytes within the shard.
    package let range: Range<UInt64>
  }

  /// Where an extent lies in the data shards, in order of its bytes; nil when the extent reaches
  /// beyond its stripe or names none.
  package func shardRanges(of extent: Extent) -> [ShardRange]? {
    let index = Int(extent.stripe)
    guard index < stripes.count else { return nil }
    let start = Int(extent.offset)
    guard let parts = stripes[index].chunkRanges(of: start..<start + Int(extent.length)) else {
      return nil
    }
    let base = shardOffsets[index]
    return parts.map { part in
      ShardRange(
        shard: part.chunk,
        range: base + UInt64(part.range.lowerBound)..<base + UInt64(part.range.upperBound))
    }
  }

  /// The stripe that a byte of a shard belongs to; nil beyond the end.
  package func stripe(atShardOffset offset: UInt64) -> Int? {
    guard offset < shardBytes else { return nil }
    var low = 0
    var high = stripes.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if shardOffsets[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }
}
