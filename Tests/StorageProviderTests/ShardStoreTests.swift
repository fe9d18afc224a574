import Cryptography
import Primitives
import ServiceKit
import StorageProvider
import StorageService
import TestSupport
import Testing

@Suite struct ShardStoreTests {
  @Test func appendsAreDurableAndRepeatable() throws {
    let fixture = try ShardFixture()
    var generator = SeededGenerator(seed: 1)
    let first = generator.bytes(100_000)
    let second = generator.bytes(70_001)
    do {
      let store = try fixture.open()
      #expect(store.tryAppend(ShardFixture.order(after: [], first), first) == nil)
      #expect(fixture.files.syncs == 1)
      #expect(store.tryAppend(ShardFixture.order(after: first, second), second) == nil)
      #expect(store.tryAppend(ShardFixture.order(after: [], first), first) == nil)
      #expect(store.usedBytes == 170_001)
    }
    fixture.files.crash(using: &generator)
    let store = try fixture.open()
    let row = try #require(store.row(ShardFixture.key(1)))
    #expect(row.length == 170_001)
    #expect(row.root == ShardFixture.root(first + second))
    #expect(store.scrub(ShardFixture.key(1)))
  }

  @Test func wrongOrdersChangeNothing() throws {
    let fixture = try ShardFixture()
    let store = try fixture.open()
    let bytes = [UInt8](repeating: 5, count: 3_000)
    #expect(
      store.tryAppend(ShardFixture.order(after: [1], bytes), bytes)?.code == .wrongOffset)
    var other = bytes
    other[7] ^= 1
    #expect(store.tryAppend(ShardFixture.order(after: [], bytes), other)?.code == .wrongRoot)
    #expect(
      store.tryAppend(ShardFixture.order(after: [], bytes), bytes + [1])?.code == .wrongLength)
    #expect(store.shardCount == 0)
    #expect(store.usedBytes == 0)
    #expect(store.tryAppend(ShardFixture.order(after: [], bytes), bytes) == nil)
    let refusal = store.tryAppend(ShardFixture.order(after: bytes + bytes, bytes), bytes)
    #expect(refusal?.code == .wrongOffset)
    #expect(refusal?.number == 3_000)
  }

  @Test func quotaAndFullDiskAreNamed() throws {
    let fixture = try ShardFixture()
    let store = try fixture.open(quotaBytes: 5_000)
    let bytes = [UInt8](repeating: 5, count: 3_000)
    #expect(store.tryAppend(ShardFixture.order(after: [], bytes), bytes) == nil)
    let refusal = store.tryAppend(ShardFixture.order(after: bytes, bytes), bytes)
    #expect(refusal?.code == .diskQuota)
    #expect(refusal?.number == 2_000)
    store.quotaBytes = 1 << 20
    fixture.files.inject(.full)
    #expect(
      store.tryAppend(ShardFixture.order(after: bytes, bytes), bytes)?.code == .diskFull)
    #expect(store.usedBytes == 3_000)
    #expect(store.tryAppend(ShardFixture.order(after: bytes, bytes), bytes) == nil)
  }

  /// A seeded run of appends with faults and crashes: what was acknowledged is always there, whole,
  /// and what was not leaves no trace that a later append trips over.
  @Test(arguments: [11, 12, 13, 14])
  func nothingAcknowledgedIsLost(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let fixture = try ShardFixture()
    var store = try fixture.open()
    var model: [UInt64: [UInt8]] = [:]
    for _ in 0..<150 {
      let segment = UInt64.random(in: 1...4, using: &generator)
      let before = model[segment] ?? []
      let chunk = generator.bytes(Int.random(in: 1...90_000, using: &generator))
      let fault: FaultyFileSystem.Fault? =
        [nil, nil, nil, .writeError, .shortWrite, .full, .syncError][
          Int.random(in: 0..<7, using: &generator)]
      fixture.files.inject(fault)
      let order = ShardFixture.order(segment: segment, after: before, chunk)
      if store.tryAppend(order, chunk) == nil { model[segment] = before + chunk }
      fixture.files.inject(nil)
      if Int.random(in: 0..<8, using: &generator) == 0 {
        fixture.files.crash(using: &generator)
        store = try fixture.open()
      }
      if before.count > 1_000_000 {
        try store.drop(ShardFixture.key(segment))
        model[segment] = nil
      }
    }
    for (segment, bytes) in model {
      let key = ShardFixture.key(segment)
      #expect(store.row(key)?.root == ShardFixture.root(bytes), "seed \(seed)")
      #expect(store.scrub(key), "seed \(seed)")
      #expect(fixture.files.content("7-\(segment)-0.shard") == bytes, "seed \(seed)")
    }
    #expect(store.usedBytes == model.values.reduce(0) { $0 + UInt64($1.count) })
  }

  @Test func filesNobodyKnowsAreRemovedAtStart() throws {
    let fixture = try ShardFixture()
    let file = try fixture.files.open("7-99-0.shard")
    try [UInt8](repeating: 1, count: 10).withUnsafeBytes { try file.write($0, at: 0) }
    _ = try fixture.open()
    #expect(fixture.files.names() == [])
  }

  @Test func everyRangeIsProven() throws {
    let fixture = try ShardFixture()
    let store = try fixture.open()
    var generator = SeededGenerator.fromEnvironment(default: 0x9A4E)
    let first = generator.bytes(150_000)
    let second = generator.bytes(77_777)
    let all = first + second
    _ = store.tryAppend(ShardFixture.order(after: [], first), first)
    _ = store.tryAppend(ShardFixture.order(after: first, second), second)
    for _ in 0..<200 {
      // At the present length, and at the one that a reader may still know.
      let length = Bool.random(using: &generator) ? all.count : first.count
      let low = Int.random(in: 0..<length, using: &generator)
      let high = Int.random(in: low + 1...length, using: &generator)
      let range = UInt64(low)..<UInt64(high)
      let (proof, bytes) = try store.read(
        ShardFixture.key(1), range: range, shardBytes: UInt64(length))
      let opened = bytes.withUnsafeReadableBytes { raw in
        proof.open(
          raw, range: range, root: ShardFixture.root(all.prefix(length)),
          shardBytes: UInt64(length), leafBytes: ShardFixture.leafBytes
        ).map { Array(raw[$0]) }
      }
      #expect(opened == Array(all[low..<high]))
    }
    #expect(throws: StorageRefusal.self) {
      try store.read(ShardFixture.key(1), range: 0..<1, shardBytes: UInt64(all.count + 1))
    }
    #expect(throws: StorageRefusal.self) {
      try store.read(ShardFixture.key(2), range: 0..<1, shardBytes: 1)
    }
  }

  @Test func leavesComeWithTheirPaths() throws {
    let fixture = try ShardFixture()
    let store = try fixture.open()
    var generator = SeededGenerator(seed: 3)
    let bytes = generator.bytes(200_001)
    _ = store.tryAppend(ShardFixture.order(after: [], bytes), bytes)
    for leaf: UInt64 in [0, 63, 64, 100, 195] {
      let found = try store.leaf(ShardFixture.key(1), leaf)
      let root = MerkleTree.root(
        leafHash: MerkleTree.leafHash(found.bytes), index: leaf, count: 196, path: found.path)
      #expect(root == ShardFixture.root(bytes))
    }
    #expect(throws: StorageRefusal.self) { try store.leaf(ShardFixture.key(1), 196) }
  }

  @Test func rotIsFoundAndNeverServed() throws {
    let fixture = try ShardFixture()
    let store = try fixture.open()
    var generator = SeededGenerator(seed: 4)
    let bytes = generator.bytes(200_000)
    _ = store.tryAppend(ShardFixture.order(after: [], bytes), bytes)
    let key = ShardFixture.key(1)
    fixture.files.corrupt("7-1-0.shard", at: 100_000)
    // Another range is still good.
    #expect(throws: Never.self) { try store.read(key, range: 0..<100, shardBytes: 200_000) }
    #expect(throws: StorageRefusal.self) {
      try store.read(key, range: 99_900..<100_100, shardBytes: 200_000)
    }
    #expect(throws: StorageRefusal.self) { try store.leaf(key, 97) }
    #expect(!store.scrub(key))
    #expect(store.row(key)?.isDamaged == true)
    // The mark survives a restart.
    #expect(try fixture.open().row(key)?.isDamaged == true)
  }

  /// The checks beside the hashes are hints: where one is wrong the hash decides.
  @Test func aWrongCheckCondemnsNoGoodBlock() throws {
    let fixture = try ShardFixture()
    let store = try fixture.open()
    var generator = SeededGenerator(seed: 5)
    let bytes = generator.bytes(200_000)
    _ = store.tryAppend(ShardFixture.order(after: [], bytes), bytes)
    // The last byte of the second block's entry: its CRC.
    fixture.files.corrupt("7-1-0.hashes", at: 2 * 36 - 1)
    let again = try fixture.open()
    let key = ShardFixture.key(1)
    let (_, found) = try again.read(key, range: 65_536..<131_072, shardBytes: 200_000)
    #expect(Array(found.readableBytesView) == Array(bytes[65_536..<131_072]))
    #expect(try again.leafBytes(key, 64) == Array(bytes[65_536..<66_560]))
    #expect(again.scrub(key))
    // The bytes themselves are checked by it.
    fixture.files.corrupt("7-1-0.shard", at: 70_000)
    #expect(throws: StorageRefusal.self) { try again.leafBytes(key, 64) }
    #expect(again.row(key)?.isDamaged == true)
  }

  @Test func aHigherFenceMayOverwriteWhatWasNotWanted() throws {
    let fixture = try ShardFixture()
    let store = try fixture.open()
    var generator = SeededGenerator(seed: 5)
    let (first, second, third) = (
      generator.bytes(70_000), generator.bytes(900), generator.bytes(1_900)
    )
    _ = store.tryAppend(ShardFixture.order(after: [], first), first)
    _ = store.tryAppend(ShardFixture.order(after: first, second), second)
    #expect(
      store.tryAppend(ShardFixture.order(after: first, third), third)?.code == .wrongOffset)
    let order = ShardFixture.order(after: first, third, fencingEpoch: 2)
    #expect(store.tryAppend(order, third) == nil)
    #expect(store.row(ShardFixture.key(1))?.root == ShardFixture.root(first + third))
    #expect(store.usedBytes == 71_900)
    #expect(store.stagedBytes(of: ShardFixture.lease) == 71_900)
    #expect(try store.staged(of: ShardFixture.lease, after: 0)[0].chunkEnds == [70_000, 71_900])
  }

  @Test func stagedTimeIsBytesTimesMilliseconds() throws {
    let fixture = try ShardFixture()
    let store = try fixture.open()
    let bytes = [UInt8](repeating: 5, count: 1_000)
    _ = store.tryAppend(ShardFixture.order(after: [], bytes), bytes, time: 100)
    _ = store.tryAppend(ShardFixture.order(after: bytes, bytes), bytes, time: 150)
    let row = try #require(store.row(ShardFixture.key(1)))
    #expect(row.staged(at: LedgerTime(milliseconds: 160)) == 50 * 1_000 + 10 * 2_000)
  }

  @Test func manyThreadsMayAppendAtOnce() async throws {
    let fixture = try ShardFixture()
    let store = try fixture.open()
    await withTaskGroup(of: Void.self) { group in
      for segment in 1...16 {
        group.addTask {
          var before: [UInt8] = []
          for round in 0..<5 {
            let chunk = [UInt8](repeating: UInt8(round), count: 10_000 + segment)
            let order = ShardFixture.order(segment: UInt64(segment), after: before, chunk)
            #expect(store.tryAppend(order, chunk) == nil)
            before += chunk
          }
        }
      }
    }
    #expect(store.shardCount == 16)
    let reopened = try fixture.open()
    #expect(reopened.usedBytes == store.usedBytes)
  }

  @Test func realFilesWorkLikeThat() throws {
    let directory = try TemporaryDirectory("disk")
    let bytes = [UInt8](repeating: 9, count: 80_000)
    func open() throws -> ShardStore {
      try ShardStore(
        index: ShardIndex(path: directory.file("i.sqlite")),
        files: DiskFileSystem(directory: directory.file("shards")), quotaBytes: 1 << 30)
    }
    #expect(try open().tryAppend(ShardFixture.order(after: [], bytes), bytes) == nil)
    let store = try open()
    #expect(store.scrub(ShardFixture.key(1)))
    try store.drop(ShardFixture.key(1))
    #expect(try DiskFileSystem(directory: directory.file("shards")).list() == [])
  }
}
