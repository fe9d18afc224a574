import Cryptography
import Primitives
import ServiceKit
import StorageService
import TestSupport
import Testing

@Suite struct DataLayoutTests {
  @Test func payloadBytesFallIntoChunks() throws {
    let layout = try #require(StripeLayout(payloadLength: 10, dataShards: 3))
    #expect(layout.chunkBytes == 4)
    #expect(layout.payloadBytes(inChunk: 2) == 2)
    #expect(
      layout.chunkRanges(of: 3..<9)?.map { [$0.chunk, $0.range.lowerBound, $0.range.upperBound] }
        == [[0, 3, 4], [1, 0, 4], [2, 0, 1]])
    #expect(layout.chunkRanges(of: 4..<4) == [])
    #expect(layout.chunkRanges(of: 3..<11) == nil)
    #expect(StripeLayout(payloadLength: 0, dataShards: 3) == nil)
    #expect(StripeLayout(payloadLength: 3 << 20, dataShards: 3) != nil)
    #expect(StripeLayout(payloadLength: 3 << 20 | 1, dataShards: 3) == nil)
  }

  /// Whatever the stripes, an extent's shard ranges give back exactly its bytes.
  @Test func extentsReadBackFromShards() throws {
    var generator = SeededGenerator.fromEnvironment(default: 0x1A_707)
    for _ in 0..<200 {
      let k = Int.random(in: 1...7, using: &generator)
      var layout = SegmentLayout(dataShards: k)
      var shards = [[UInt8]](repeating: [], count: k)
      var payloads: [[UInt8]] = []
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        let payload = generator.bytes(Int.random(in: 1...2_000, using: &generator))
        let appended = layout.append(payloadLength: payload.count)
        let stripe = try #require(appended)
        let padded =
          payload + [UInt8](repeating: 0, count: stripe.chunkBytes * k - payload.count)
        for shard in 0..<k {
          shards[shard] += padded[shard * stripe.chunkBytes..<(shard + 1) * stripe.chunkBytes]
        }
        payloads.append(payload)
      }
      #expect(layout.shardBytes == UInt64(shards[0].count))
      let stripe = Int.random(in: 0..<payloads.count, using: &generator)
      let low = Int.random(in: 0..<payloads[stripe].count, using: &generator)
      let high = Int.random(in: low...payloads[stripe].count, using: &generator)
      let extent = Extent(
        segment: 1, stripe: UInt32(stripe), offset: UInt32(low), length: UInt32(high - low))
      let ranges = try #require(layout.shardRanges(of: extent))
      let read = ranges.flatMap {
        shards[$0.shard][Int($0.range.lowerBound)..<Int($0.range.upperBound)]
      }
      #expect(read == Array(payloads[stripe][low..<high]))
      #expect(layout.stripe(atShardOffset: layout.shardOffsets[stripe]) == stripe)
    }
  }

  @Test func extentListsAreCut() {
    let list = [
      Extent(segment: 1, stripe: 0, offset: 100, length: 10),
      Extent(segment: 1, stripe: 1, offset: 32, length: 5),
    ]
    #expect(
      list.slice(8..<12) == [
        Extent(segment: 1, stripe: 0, offset: 108, length: 2),
        Extent(segment: 1, stripe: 1, offset: 32, length: 2),
      ])
    #expect(list.slice(0..<15) == list)
    #expect(list.slice(14..<16) == nil)
    #expect(list[0].slice(9..<11) == nil)
  }

  @Test func rangeProofsShowTheirBytesAndNothingElse() throws {
    var generator = SeededGenerator.fromEnvironment(default: 0xBEEF)
    for length in [1, 63, 64, 65, 1_000, 4_096, 9_999] {
      let shard = generator.bytes(length)
      let leaves = stride(from: 0, to: length, by: 64).map {
        MerkleTree.leafHash(Array(shard[$0..<min($0 + 64, length)]))
      }
      let root = MerkleTree.root(ofLeafHashes: leaves)
      let low = Int.random(in: 0..<length, using: &generator)
      let high = Int.random(in: low + 1...length, using: &generator)
      let range = UInt64(low)..<UInt64(high)
      let aligned = try #require(
        ShardRangeProof.leafAligned(range, leafBytes: 64, shardBytes: UInt64(length)))
      let tail = Array(shard[Int(aligned.lowerBound)..<Int(aligned.upperBound)])
      let path = MerkleTree.rangeProof(
        aligned.lowerBound / 64..<(aligned.upperBound - 1) / 64 + 1, leafHashes: leaves)
      let proof = ShardRangeProof(
        shardBytes: UInt64(length), start: aligned.lowerBound, path: path)
      func open(_ tail: [UInt8], _ proof: ShardRangeProof) -> [UInt8]? {
        tail.withUnsafeBytes { raw in
          proof.open(
            raw, range: range, root: root, shardBytes: UInt64(length), leafBytes: 64
          ).map { Array(raw[$0]) }
        }
      }
      #expect(open(tail, proof) == Array(shard[low..<high]))
      var bad = tail
      bad[Int.random(in: 0..<bad.count, using: &generator)] ^= 1
      #expect(open(bad, proof) == nil)
      #expect(open(tail + [0], proof) == nil)
      let longer = ShardRangeProof(
        shardBytes: UInt64(length), start: aligned.lowerBound, path: path + [.zero])
      #expect(open(tail, longer) == nil)
    }
  }
}
