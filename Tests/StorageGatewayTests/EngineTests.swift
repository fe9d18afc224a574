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

@Suite("Storage engine")
struct EngineTests {
  /// One engine over fakes, in a directory of its own.
  struct Bench {
    let directory: TemporaryDirectory
    let providers: MemoryProviders
    let network: TableNetwork
    let index: RememberingIndex
    let seed = IdentitySeed(Digest.sha256(domain: "test-identity", []).value)

    init(providers count: Int = 12) throws {
      directory = try TemporaryDirectory()
      providers = MemoryProviders(count: count)
      network = TableNetwork(eligible: providers.ids)
      index = RememberingIndex()
    }

    /// - Parameter policy: when deleted bytes go; the index here knows of no live one.
    func engine(
      policy: CompactionPolicy = CompactionPolicy(),
      _ change: (inout SegmentLimits) -> Void = { _ in }
    ) throws -> StorageEngine {
      var limits = SegmentLimits()
      change(&limits)
      limits.segmentBytes = 24 << 20
      var configuration = StorageEngine.Configuration(
        network: network, transport: providers,
        catalog: try SegmentCatalog(path: directory.file("segments.sqlite")),
        index: index, identity: seed, limits: limits, logger: Logger(label: "test"))
      configuration.compaction = policy
      return StorageEngine(configuration)
    }

    func started() async throws -> StorageEngine {
      let engine = try engine()
      try await engine.start()
      return engine
    }
  }

  static func body(_ bytes: [UInt8], by step: Int = 50_000) -> AsyncStream<ByteBuffer> {
    AsyncStream { continuation in
      for start in stride(from: 0, to: bytes.count, by: step) {
        continuation.yield(ByteBuffer(bytes: bytes[start..<min(start + step, bytes.count)]))
      }
      continuation.finish()
    }
  }

  static func put(_ bytes: [UInt8], key: String, in engine: StorageEngine) async throws
    -> StoredBlob
  {
    try await engine.put(body(bytes), bucket: "b") { blob in
      .putObject(
        LogRecord.PutObject(
          bucket: "b", key: key, blobs: [blob], etag: "", attributes: .init(contentType: ""),
          checksums: []))
    }
  }

  static func get(
    _ blob: StoredBlob, _ range: Range<UInt64>? = nil, from engine: StorageEngine
  ) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    for try await part in engine.read(blob, bucket: "b", range: range ?? 0..<blob.length) {
      bytes.append(contentsOf: part.readableBytesView)
    }
    return bytes
  }

  static func random(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }

  @Test(
    "what is put is given back, whole and in ranges",
    arguments: [
      0, 1, 65_535, 65_536, 65_537, 1_000_000, 4_194_304, 4_300_000, 13_000_000,
    ])
  func roundTrip(size: Int) async throws {
    let bench = try Bench()
    let engine = try await bench.started()
    let bytes = Self.random(size, seed: UInt64(size))
    let blob = try await Self.put(bytes, key: "k", in: engine)
    #expect(blob.length == UInt64(size))
    #expect(blob.isComplete)
    #expect(try await Self.get(blob, from: engine) == bytes)
    for range in [0..<1, size / 3..<size / 2, max(0, size - 70_000)..<size]
    where range.upperBound <= size && !range.isEmpty {
      let wanted = UInt64(range.lowerBound)..<UInt64(range.upperBound)
      #expect(try await Self.get(blob, wanted, from: engine) == Array(bytes[range]))
    }
    await engine.flush()
    #expect(try await Self.get(blob, from: engine) == bytes)
    #expect(bench.network.state.withLock { $0.commits.count } == 1)
  }

  @Test("any six of twelve providers can be gone, before and after the bundle")
  func losses() async throws {
    let bench = try Bench()
    let engine = try await bench.started()
    let bytes = Self.random(2_000_000, seed: 1)
    let blob = try await Self.put(bytes, key: "k", in: engine)
    bench.providers.state.withLock { $0.dead = Set(bench.providers.ids.prefix(6)) }
    #expect(try await Self.get(blob, from: engine) == bytes)
    bench.providers.state.withLock { $0.dead = [] }
    await engine.flush()
    bench.providers.state.withLock { $0.dead = Set(bench.providers.ids.suffix(6)) }
    #expect(try await Self.get(blob, from: engine) == bytes)
    bench.providers.state.withLock { $0.dead = Set(bench.providers.ids.suffix(7)) }
    await #expect(throws: EngineError.self) { try await Self.get(blob, from: engine) }
  }

  @Test("corrupt answers are noticed and read around")
  func corruption() async throws {
    let bench = try Bench()
    let engine = try await bench.started()
    let bytes = Self.random(3_000_000, seed: 2)
    let blob = try await Self.put(bytes, key: "k", in: engine)
    bench.providers.state.withLock { $0.corrupt = Set(bench.providers.ids.prefix(5)) }
    #expect(try await Self.get(blob, from: engine) == bytes)
  }

  @Test("providers that are stuck are read around long before their time-out")
  func stuckProviders() async throws {
    let bench = try Bench()
    let engine = try await bench.started()
    let bytes = Self.random(2_000_000, seed: 3)
    let blob = try await Self.put(bytes, key: "k", in: engine)
    bench.providers.state.withLock { $0.stuck = Set(bench.providers.ids.prefix(6)) }
    let began = ContinuousClock.now
    #expect(try await Self.get(blob, from: engine) == bytes)
    // They would answer after a minute.
    #expect(ContinuousClock.now - began < .seconds(40))
  }

  @Test("a provider that fails in the middle costs no acknowledged byte and lowers the class")
  func failOver() async throws {
    let bench = try Bench()
    let engine = try await bench.started()
    bench.providers.state.withLock { $0.refuseAfterAppends[bench.providers.ids[3]] = 2 }
    var blobs: [(StoredBlob, [UInt8])] = []
    for number in 0..<6 {
      let bytes = Self.random(700_000, seed: UInt64(number))
      blobs.append((try await Self.put(bytes, key: "k\(number)", in: engine), bytes))
    }
    #expect(await engine.status().classInForce == "RS(5,11)")
    for (blob, bytes) in blobs { #expect(try await Self.get(blob, from: engine) == bytes) }
    #expect(bench.index.sequences == Array(1...6))
    await engine.flush()
    #expect(bench.network.state.withLock { $0.commits.count } == 2)
    for (blob, bytes) in blobs { #expect(try await Self.get(blob, from: engine) == bytes) }
  }

  @Test("many writers at once share stripes, and all come back")
  func concurrentWriters() async throws {
    let bench = try Bench()
    let engine = try await bench.started()
    let blobs = try await withThrowingTaskGroup(of: (Int, StoredBlob).self) { group in
      for number in 0..<100 {
        group.addTask {
          (
            number,
            try await Self.put(
              Self.random(10_240, seed: UInt64(number)), key: "k\(number)", in: engine)
          )
        }
      }
      var blobs: [Int: StoredBlob] = [:]
      for try await (number, blob) in group { blobs[number] = blob }
      return blobs
    }
    #expect(bench.index.sequences == Array(1...100))
    // Group commit: far fewer appends than objects × providers.
    #expect(bench.providers.state.withLock { $0.appends } < 100 * 12)
    for number in 0..<100 {
      let blob = try #require(blobs[number])
      #expect(try await Self.get(blob, from: engine) == Self.random(10_240, seed: UInt64(number)))
    }
  }

  @Test("after a crash the open segment is closed and the log is applied")
  func recovery() async throws {
    let bench = try Bench()
    let first = try await bench.started()
    let bytes = Self.random(900_000, seed: 5)
    let blob = try await Self.put(bytes, key: "k", in: first)
    // The index fails after the network has the record: not acknowledged, and not lost either.
    bench.index.state.withLock { $0.fails = true }
    await #expect(throws: (any Error).self) { try await Self.put(bytes, key: "l", in: first) }
    await #expect(throws: EngineError.self) { try await Self.put(bytes, key: "m", in: first) }
    bench.index.state.withLock { $0.fails = false }
    // Five providers are away while the gateway recovers.
    bench.providers.state.withLock { $0.dead = Set(bench.providers.ids.prefix(5)) }
    let second = try await bench.started()
    #expect(bench.index.sequences == [1, 2])
    #expect(try await Self.get(blob, from: second) == bytes)
    let another = try await Self.put(bytes, key: "n", in: second)
    #expect(bench.index.sequences == [1, 2, 3])
    #expect(try await Self.get(another, from: second) == bytes)
  }

  @Test("a bundle that an operator leaves, and nobody can take over, is coded again without it")
  func strandedBundle() async throws {
    let bench = try Bench(providers: 6)
    let engine = try bench.engine(policy: .off) { limits in
      limits.collectEvery = .milliseconds(50)
      limits.recodeAfter = .zero
    }
    try await engine.start()
    let bytes = Self.random(500_000, seed: 6)
    let blob = try await Self.put(bytes, key: "k", in: engine)
    await engine.flush()
    let id = BundleID(number: 1)
    func classes() -> [UInt8] {
      bench.network.state.withLock { state in
        state.bundles.values.sorted { $0.id.number < $1.id.number }.map(\.codeClass.totalShards)
      }
    }
    #expect(classes() == [6])
    // One of six is gone. Whoever only died leaves nothing stranded, and nothing is moved.
    let running = Task { await engine.run() }
    bench.network.state.withLock { state in
      state.eligible.removeLast()
      state.bundles[1]?.slots[5].provider = nil
    }
    try await eventually("a group without it is in force", within: 60) {
      await engine.status().classInForce != "RS(3,6)"
    }
    #expect(classes() == [6])
    bench.network.state.withLock { _ = $0.stranded.insert(id) }
    try await eventually("the bundle was coded again", within: 60) {
      bench.network.state.withLock { $0.released } == [id]
    }
    running.cancel()
    await running.value
    #expect(classes() == [6, 5])
    bench.providers.state.withLock { $0.dead = [bench.providers.ids[5]] }
    #expect(try await Self.get(blob, from: engine) == bytes)
  }

  @Test("while anything is staged the ledger hears of the gateway")
  func presence() async throws {
    let bench = try Bench()
    let engine = try bench.engine { $0.sealAfter = .seconds(3_600) }
    try await engine.start()
    _ = try await Self.put([1], key: "k", in: engine)
    let running = Task { await engine.run() }
    try await eventually("the gateway showed that it is there", within: 60) {
      bench.network.state.withLock { $0.presences > 0 }
    }
    running.cancel()
    await running.value
  }

  @Test("with one operator, and with no ledger, a PUT is refused as unavailable")
  func unavailable() async throws {
    let bench = try Bench(providers: 1)
    let engine = try await bench.started()
    await #expect(throws: EngineError.self) { try await Self.put([1], key: "k", in: engine) }
    let down = try Bench()
    down.network.state.withLock { $0.isDown = true }
    let second = try await down.started()
    await #expect(throws: EngineError.self) { try await Self.put([1], key: "k", in: second) }
  }

  @Test("a mutation that is refused after the body leaves nothing visible")
  func refusedMutation() async throws {
    struct BadDigest: Error {}
    let bench = try Bench()
    let engine = try await bench.started()
    await #expect(throws: BadDigest.self) {
      try await engine.put(Self.body([1, 2, 3]), bucket: "b") { _ in throw BadDigest() }
    }
    #expect(bench.index.sequences.isEmpty)
    _ = try await Self.put([4], key: "k", in: engine)
    #expect(bench.index.sequences == [1])
  }
}
