import Cryptography
import Primitives
import ServiceKit
import StorageProvider
import StorageService
import TestSupport

/// A shard store on faulty files, and orders for it.
struct ShardFixture {
  static let leafBytes = 1_024
  static let group = PlacementGroupID(number: 2)
  static let lease = LeaseID(number: 7)

  let files = FaultyFileSystem()
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory("shards") }

  /// Opens the store, as a process does at start.
  func open(quotaBytes: UInt64 = 1 << 40) throws -> ShardStore {
    try ShardStore(
      index: ShardIndex(path: directory.file("provider.sqlite")), files: files,
      quotaBytes: quotaBytes)
  }

  static func key(_ segment: UInt64, slot: UInt8 = 0) -> ShardKey {
    ShardKey(segment: SegmentID(lease: lease, number: segment), slot: slot)
  }

  /// The root over bytes.
  static func root(_ bytes: some Collection<UInt8>) -> Digest {
    let all = Array(bytes)
    return MerkleTree.root(
      ofLeafHashes: all.withUnsafeBytes {
        ShardHashes.leafHashes(of: $0, leafBytes: leafBytes)
      })
  }

  /// The order to append `chunk` behind `before`.
  static func order(
    segment: UInt64 = 1, slot: UInt8 = 0, after before: [UInt8], _ chunk: [UInt8],
    fencingEpoch: UInt64 = 1
  ) -> AppendOrder {
    AppendOrder(
      chain: .zero, lease: lease, group: group, segment: segment, slot: slot,
      fencingEpoch: fencingEpoch, offset: UInt64(before.count), length: UInt32(chunk.count),
      runningRoot: root(before + chunk))
  }
}

extension ShardStore {
  /// Appends and returns the refusal, or nil.
  func tryAppend(
    _ order: AppendOrder, _ chunk: [UInt8], time: UInt64 = 0
  ) -> StorageRefusal? {
    do throws(StorageRefusal) {
      var failure: StorageRefusal?
      chunk.withUnsafeBytes { bytes in
        do throws(StorageRefusal) {
          try append(
            order, leafBytes: ShardFixture.leafBytes, chunk: bytes,
            time: LedgerTime(milliseconds: time))
        } catch { failure = error }
      }
      if let failure { throw failure }
      return nil
    } catch { return error }
  }
}
