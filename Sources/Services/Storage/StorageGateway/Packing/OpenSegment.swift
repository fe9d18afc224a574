import Cryptography
import ErasureCoding
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// The segment that stripes are being appended to: its code, its shards' trees, and one ordered
/// sender a slot. Used by one ``SegmentWriter`` at a time.
struct OpenSegment {
  let group: PlacementGroupRecord
  private let coder: ReedSolomon
  let senders: [SlotSender]
  /// What the catalog keeps of it; the writer saves it before each stripe is acknowledged.
  var record: SegmentRecord
  /// The shards' trees, one a slot.
  private var trees: [ShardTree]
  /// How many stripes are known to be durable.
  var durableStripes = 0

  init(
    number: UInt64, group: PlacementGroupRecord, transport: any ShardTransport
  ) throws {
    self.group = group
    let codeClass = group.codeClass
    coder = try ReedSolomon(
      dataShards: Int(codeClass.dataShards), totalShards: Int(codeClass.totalShards))
    senders = group.providers.map { SlotSender(provider: $0, transport: transport) }
    record = SegmentRecord(
      number: number, group: group.id.number, codeClass: codeClass, slots: group.providers)
    trees = group.providers.map { _ in ShardTree(leafBytes: Int(codeClass.leafBytes)) }
  }

  /// Bytes of each shard so far.
  var shardBytes: UInt64 { trees.first?.byteLength ?? 0 }

  /// Codes a payload and extends every shard's tree, on all cores. Returns the chunks, one a slot.
  mutating func append(_ payload: StripePayload) async throws -> [ByteBuffer] {
    let chunks = try payload.chunks(by: coder)
    trees = await Self.extended(trees, by: chunks)
    record.stripeLengths.append(UInt32(payload.length))
    record.runningRoots.append(trees.map(\.root))
    if record.runningRoots.count > SegmentRecord.runningRootsKept {
      record.runningRoots.removeFirst()
    }
    return chunks
  }

  /// Hashing is the gateway's largest pass over the bytes, so it is spread over two tasks.
  private static func extended(_ trees: [ShardTree], by chunks: [ByteBuffer]) async -> [ShardTree] {
    let middle = trees.count / 2
    async let first = extend(Array(trees[..<middle]), by: Array(chunks[..<middle]))
    async let second = extend(Array(trees[middle...]), by: Array(chunks[middle...]))
    return await first + second
  }

  private static func extend(_ trees: [ShardTree], by chunks: [ByteBuffer]) async -> [ShardTree] {
    var trees = trees
    for index in trees.indices {
      chunks[index].withUnsafeReadableBytes { trees[index].append($0) }
    }
    return trees
  }

  /// Ends the segment at its durable stripes: what came after was acknowledged to nobody.
  /// Returns nil when nothing is durable.
  func sealed() -> SegmentRecord? {
    record.sealed(atStripes: durableStripes)
  }
}
