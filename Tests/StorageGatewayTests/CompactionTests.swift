import Cryptography
import Foundation
import Logging
import NIOCore
import Primitives
import ServiceKit
import StorageService
import TestSupport
import Testing

@testable import StorageGateway

/// Deleted bytes: their bundles go, survivors move, and no crash, copy or upload under way loses a
/// byte by it.
@Suite("Compaction") struct CompactionTests {
  /// An engine over a real index, with providers and a ledger in memory.
  final class Bench {
    let directory: TemporaryDirectory
    let providers = MemoryProviders(count: 4)
    let network: TableNetwork
    let index: ObjectIndex
    let catalog: SegmentCatalog
    var policy = CompactionPolicy()
    var engine: StorageEngine

    init(policy: CompactionPolicy = CompactionPolicy(), segmentBytes: UInt64 = 1 << 20) async throws
    {
      directory = try TemporaryDirectory("compaction")
      network = TableNetwork(eligible: providers.ids)
      index = try ObjectIndex(path: directory.file("index.sqlite"))
      catalog = try SegmentCatalog(path: directory.file("segments.sqlite"))
      self.policy = policy
      self.segmentBytes = segmentBytes
      engine = Self.make(network, providers, catalog, index, policy, segmentBytes)
      try await engine.start()
      try await engine.commit(.createBucket(bucket: "b", region: ""))
    }

    private let segmentBytes: UInt64

    private static func make(
      _ network: TableNetwork, _ providers: MemoryProviders, _ catalog: SegmentCatalog,
      _ index: ObjectIndex, _ policy: CompactionPolicy, _ segmentBytes: UInt64
    ) -> StorageEngine {
      var limits = SegmentLimits()
      limits.segmentBytes = segmentBytes
      limits.stripeBytes = 256 << 10
      var configuration = StorageEngine.Configuration(
        network: network, transport: providers, catalog: catalog, index: index,
        identity: IdentitySeed(Digest.sha256(domain: "test-identity", []).value), limits: limits,
        logger: Logger(label: "test"))
      configuration.compaction = policy
      return StorageEngine(configuration)
    }

    /// What a `kill -9` and a new start do.
    func restart() async throws {
      engine = Self.make(network, providers, catalog, index, policy, segmentBytes)
      try await engine.start()
    }

    func delete(_ key: String) async throws {
      try await engine.commit(.deleteObject(bucket: "b", key: key, precondition: .none))
    }

    func blobs(_ key: String) async throws -> [StoredBlob]? {
      let bucket = try #require(try await index.bucket(named: "b"))
      return try await index.object(Array(key.utf8), in: bucket, withBlobs: true)?.blobs.map(\.blob)
    }

    func read(_ key: String) async throws -> [UInt8]? {
      guard let blobs = try await blobs(key) else { return nil }
      var bytes: [UInt8] = []
      for blob in blobs { bytes += try await EngineTests.get(blob, from: engine) }
      return bytes
    }

    /// Seals, bundles and collects until nothing more is to be done.
    func settle() async throws {
      for _ in 0..<4 {
        await engine.flush()
        await engine.collectGarbage()
      }
    }

    /// Bytes of all columns that the ledger pays for.
    var paidBytes: UInt64 {
      network.state.withLock { state in
        state.bundles.values.filter { !$0.isReleased && $0.end.milliseconds > state.now }
          .reduce(0) { $0 + $1.slots.reduce(0) { $0 + $1.byteCount } }
      }
    }
  }

  /// RS(2,4): every byte is kept twice.
  private static let expansion = 2.0

  /// Writes, deletes nine of ten, waits; the factor by which what is paid exceeds what lives.
  private func churn(_ policy: CompactionPolicy) async throws -> Double {
    let bench = try await Bench(policy: policy)
    var live: [String: [UInt8]] = [:]
    for number in 0..<60 {
      let bytes = EngineTests.random(60_000 + number * 500, seed: UInt64(number))
      _ = try await EngineTests.put(bytes, key: "k\(number)", in: bench.engine)
      live["k\(number)"] = bytes
      if number % 9 == 8 { await bench.engine.flush() }
    }
    try await bench.settle()
    for number in 0..<60 where number % 10 != 0 {
      try await bench.delete("k\(number)")
      live["k\(number)"] = nil
    }
    try await bench.settle()
    for number in 0..<60 {
      let key = "k\(number)"
      #expect(try await bench.read(key) == live[key], "\(key)")
    }
    let wanted = live.values.reduce(0) { $0 + $1.count }
    return Double(bench.paidBytes) / (Double(wanted) * Self.expansion)
  }

  @Test("churn ends at no more than 1.5 times what lives; without compaction it does not")
  func churnIsBounded() async throws {
    let bounded = try await churn(CompactionPolicy())
    #expect(bounded <= 1.5, "\(bounded)")
    let unbounded = try await churn(.off)
    #expect(unbounded > 5, "\(unbounded)")
  }

  @Test("a locked bundle's survivors stay until its lock-up is over; dead ones go at once")
  func lockUp() async throws {
    let bench = try await Bench()
    bench.network.state.withLock { $0.lockUpMilliseconds = 1_000_000 }
    let bytes = EngineTests.random(300_000, seed: 1)
    for key in ["a", "b", "c"] { _ = try await EngineTests.put(bytes, key: key, in: bench.engine) }
    await bench.engine.flush()
    for key in ["a", "b"] { try await bench.delete(key) }
    try await bench.settle()
    // Only the tombstones' bundle went.
    #expect(!bench.network.state.withLock { $0.released }.contains(BundleID(number: 1)))
    #expect(await bench.engine.status().garbageBytes > 600_000)
    bench.network.state.withLock {
      $0.lockUpMilliseconds = 300_000
      $0.now = 400_000
    }
    try await bench.settle()
    #expect(bench.network.state.withLock { $0.released }.contains(BundleID(number: 1)))
    #expect(try await bench.read("c") == bytes)
    #expect(await bench.engine.status().garbageBytes < 10_000)
    bench.network.state.withLock { $0.lockUpMilliseconds = 10_000_000 }
    try await bench.delete("c")
    try await bench.settle()
    #expect(bench.paidBytes < 10_000)
  }

  @Test("copies and parts move with the blob that they share, once")
  func sharedBlobs() async throws {
    let bench = try await Bench()
    let bytes = EngineTests.random(200_000, seed: 2)
    let blob = try await EngineTests.put(bytes, key: "a", in: bench.engine)
    try await bench.engine.commit(
      .putObject(
        LogRecord.PutObject(
          bucket: "b", key: "copy", blobs: [blob], etag: "", attributes: .init(contentType: ""),
          checksums: [])))
    let upload = try #require(AttemptID(bytes: [UInt8](repeating: 9, count: 16)))
    try await bench.engine.commit(
      .createUpload(
        LogRecord.CreateUpload(
          bucket: "b", key: "m", upload: upload, attributes: .init(contentType: ""),
          checksumAlgorithm: "", checksumType: "")))
    let part = EngineTests.random(150_000, seed: 3)
    _ = try await bench.engine.put(EngineTests.body(part), bucket: "b") { blob in
      .putPart(
        LogRecord.PutPart(
          bucket: "b", key: "m", upload: upload, partNumber: 1, blobs: [blob], etag: "p",
          checksums: []))
    }
    for number in 0..<4 {
      _ = try await EngineTests.put(
        EngineTests.random(150_000, seed: 4), key: "dead\(number)", in: bench.engine)
    }
    await bench.engine.flush()
    let before = try await bench.blobs("copy")
    try await bench.delete("a")
    for number in 0..<4 { try await bench.delete("dead\(number)") }
    try await bench.settle()
    #expect(try await bench.blobs("copy") != before)
    #expect(try await bench.read("copy") == bytes)
    try await bench.engine.commit(
      .completeUpload(
        LogRecord.CompleteUpload(
          bucket: "b", key: "m", upload: upload, partNumbers: [1],
          partsDigest: LogRecord.CompleteUpload.partsDigest([(1, "p")]), etag: "m-1",
          checksums: [])))
    #expect(try await bench.read("m") == part)
    let wanted = Double(bytes.count + part.count) * Self.expansion
    #expect(Double(bench.paidBytes) < wanted * 1.5)
  }

  @Test("pieces of a body that is still coming are not garbage")
  func bodiesUnderWay() async throws {
    let bench = try await Bench(segmentBytes: 512 << 10)
    let bytes = EngineTests.random(12 << 20, seed: 5)
    let (stream, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
    let putting = Task { [engine = bench.engine] in
      try await engine.put(stream, bucket: "b") { blob in
        .putObject(
          LogRecord.PutObject(
            bucket: "b", key: "slow", blobs: [blob], etag: "", attributes: .init(contentType: ""),
            checksums: []))
      }
    }
    for start in stride(from: 0, to: 10 << 20, by: 1 << 20) {
      continuation.yield(ByteBuffer(bytes: bytes[start..<start + (1 << 20)]))
    }
    // Some of its segments are bundled; the index knows nothing of them.
    try await eventually("a bundle holds pieces of the body") {
      await bench.engine.flush()
      return bench.network.state.withLock { $0.commits.count } > 0
    }
    try await bench.settle()
    #expect(bench.network.state.withLock { $0.released } == [])
    continuation.yield(ByteBuffer(bytes: bytes[(10 << 20)...]))
    continuation.finish()
    _ = try await putting.value
    try await bench.settle()
    #expect(try await bench.read("slow") == bytes)
  }

  @Test("what an abandoned body left behind is collected")
  func abandonedBodies() async throws {
    struct Gone: Error {}
    let bench = try await Bench(segmentBytes: 512 << 10)
    let bytes = EngineTests.random(9 << 20, seed: 6)
    await #expect(throws: Gone.self) {
      try await bench.engine.put(EngineTests.body(bytes), bucket: "b") { _ in throw Gone() }
    }
    await bench.engine.flush()
    #expect(bench.paidBytes > 8 << 20)
    try await bench.settle()
    #expect(bench.paidBytes < 100_000)
  }

  @Test("a copy of bytes that are being released is asked to come again")
  func pins() {
    let pins = SegmentPins()
    pins.noteOpened(3)
    let body = pins.holdNew()
    #expect(pins.claim([2]) && !pins.claim([3]) && !pins.claim([2, 4]))
    #expect(pins.hold([1, 2]) == nil)
    let copy = pins.hold([1])
    #expect(copy != nil && !pins.claim([1]))
    pins.letGo(body)
    #expect(pins.claim([3, 4]))
    if let copy { pins.letGo(copy) }
    #expect(pins.claim([1]))
    pins.giveBack([1])
    #expect(pins.hold([1]) != nil)
  }

  @Test("log records that are nowhere else keep their bundle")
  func retention() async throws {
    struct Strict: LogRetention {
      func expendableSequence() async throws -> UInt64 { 1 }
      func keptSegments() async throws -> Set<UInt64> { [] }
    }
    let bench = try await Bench()
    _ = try await EngineTests.put(EngineTests.random(300_000, seed: 7), key: "a", in: bench.engine)
    await bench.engine.flush()
    try await bench.delete("a")
    await bench.engine.flush()
    var configuration = StorageEngine.Configuration(
      network: bench.network, transport: bench.providers, catalog: bench.catalog,
      index: bench.index, identity: IdentitySeed(Digest.sha256(domain: "test-identity", []).value),
      logger: Logger(label: "test"))
    configuration.retention = Strict()
    let strict = StorageEngine(configuration)
    try await strict.start()
    await strict.collectGarbage()
    #expect(bench.network.state.withLock { $0.released } == [])
    try await bench.settle()
    #expect(bench.network.state.withLock { $0.released } != [])
  }

  /// Whatever call to the ledger is the last one that a gateway makes, before or after its effect.
  @Test(
    "a crash at any step loses nothing, brings nothing back, and leaves no bundle paid for nothing")
  func crashes() async throws {
    var random = SeededGenerator.fromEnvironment(default: 22)
    for round in 0..<12 {
      let bench = try await Bench(segmentBytes: 256 << 10)
      var live: [String: [UInt8]] = [:]
      for step in 0..<30 {
        let key = "k\(Int.random(in: 0..<12, using: &random))"
        do {
          switch Int.random(in: 0..<5, using: &random) {
          case 0...1:
            let bytes = EngineTests.random(
              Int.random(in: 1...90_000, using: &random), seed: random.next())
            _ = try await EngineTests.put(bytes, key: key, in: bench.engine)
            live[key] = bytes
          case 2:
            try await bench.delete(key)
            live[key] = nil
          case 3:
            await bench.engine.flush()
            await bench.engine.collectGarbage()
          default:
            // The gateway dies within the next few words with the ledger.
            bench.network.state.withLock {
              $0.callsUntilDeath = Int.random(in: 0...6, using: &random)
              $0.diesAfterEffect = Bool.random(using: &random)
            }
            await bench.engine.flush()
            await bench.engine.collectGarbage()
            bench.network.state.withLock { $0.callsUntilDeath = nil }
            try await bench.restart()
          }
        } catch { Issue.record("round \(round) step \(step) seed \(random): \(error)") }
      }
      try await bench.settle()
      for number in 0..<12 {
        let key = "k\(number)"
        #expect(try await bench.read(key) == live[key], "round \(round) \(key)")
      }
      let known = Set(try await bench.catalog.bundles())
      bench.network.state.withLock { state in
        let paid = Set(state.bundles.filter { !$0.value.isReleased }.map(\.key))
        #expect(paid == known, "round \(round): every bundle that is paid for is one that we know")
        #expect(Set(state.released).count == state.released.count, "released once")
      }
    }
  }
}
