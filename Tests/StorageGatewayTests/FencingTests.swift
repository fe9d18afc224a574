import Foundation
import Logging
import Primitives
import StorageService
import TestSupport
import Testing

@testable import StorageGateway

@Suite("Fencing") struct FencingTests {
  @Test("the old gateway, waking after a recovery, neither writes nor reads")
  func oldGatewayIsFenced() async throws {
    let bench = try RecoveryBench()
    let old = try await bench.gateway("old")
    try await old.engine.commit(.createBucket(bucket: "b", region: "r"))
    _ = try await EngineTests.put([1], key: "k", in: old.engine)
    try await bench.recover(into: "new")
    let new = try await bench.gateway("new")
    _ = try await EngineTests.put([2], key: "k", in: new.engine)
    do {
      _ = try await EngineTests.put([3], key: "k", in: old.engine)
      Issue.record("the old gateway wrote")
    } catch EngineError.fenced(let reason) {
      #expect(reason.contains("epoch 3") && reason.contains("http://here"), "\(reason)")
    }
    await #expect(throws: EngineError.self) { try await old.writer.require() }
    #expect(old.writer.fencedReason != nil)
    // Nor does it begin again, from its own directory.
    await #expect(throws: EngineError.self) { try await bench.gateway("old") }
    try await new.writer.require()
  }

  @Test("a write that was on its way when the epoch was raised is acknowledged to nobody")
  func lateStripe() async throws {
    let bench = try RecoveryBench()
    let old = try await bench.gateway("old")
    try await old.engine.commit(.createBucket(bucket: "b", region: "r"))
    // The providers know first: the gateway believes the ledger's last word.
    bench.providers.state.withLock { state in
      for id in bench.providers.ids { state.fences[id] = 9 }
    }
    let record = bench.registry.state.withLock { $0.record }
    let raised = try #require(record)
    bench.registry.state.withLock { state in
      state.record = WriterRecord(
        customer: .zero, lease: raised.lease, epoch: 9, gateway: .zero, claim: .zero,
        endpoint: "", raisedAt: .genesis)
    }
    await #expect(throws: EngineError.self) {
      try await EngineTests.put([1], key: "k", in: old.engine)
    }
    #expect(try await old.index.appliedSequence() == 1)
  }

  /// What a gateway can still do that was overtaken and has not heard of it: everything that does
  /// not ask the ledger. - Returns: the shards that are left, and the bundles that it made.
  private func overtaken(checksFences: Bool) async throws -> (shards: Int, bundles: Int) {
    let bench = try RecoveryBench()
    bench.providers.state.withLock { $0.checksFences = checksFences }
    let old = try await bench.gateway("old")
    try await old.engine.commit(.createBucket(bucket: "b", region: "r"))
    _ = try await EngineTests.put([1], key: "k", in: old.engine)
    bench.providers.state.withLock { state in
      for id in bench.providers.ids { state.fences[id] = 9 }
    }
    // What it takes for dead it has dropped.
    let calls = ShardCalls(
      network: bench.network, transport: bench.providers, signer: bench.seed.ledgerKey,
      fencingEpoch: old.writer.epoch, limits: SegmentLimits())
    for (slot, id) in bench.providers.ids.enumerated() {
      try? await calls.dropStaged(segment: 1, slot: UInt8(slot), at: id)
    }
    let shards = bench.providers.state.withLock { $0.shards.count }
    await old.engine.flush()
    return (shards, bench.network.state.withLock { $0.commits.count })
  }

  @Test("providers neither countersign nor drop for a gateway that was overtaken")
  func controlIsFenced() async throws {
    let fenced = try await overtaken(checksFences: true)
    #expect(fenced.shards == 6 && fenced.bundles == 0)
    let unfenced = try await overtaken(checksFences: false)
    #expect(unfenced.shards == 0 && unfenced.bundles == 1)
  }

  @Test("a second gateway, and an old copy of the first's directory, do not begin")
  func secondGateway() async throws {
    let bench = try RecoveryBench()
    _ = try await bench.gateway("old")
    try FileManager.default.copyItem(
      atPath: bench.root.file("old"), toPath: bench.root.file("copy"))
    await #expect(throws: EngineError.self) { try await bench.gateway("second") }
    // The first starts again and raises the epoch; the copy has the claim of before.
    _ = try await bench.gateway("old")
    await #expect(throws: EngineError.self) { try await bench.gateway("copy") }
    _ = try await bench.gateway("old")
  }

  @Test("a claim whose answer was lost is known again after a crash")
  func lostAnswer() async throws {
    let bench = try RecoveryBench()
    let path = bench.root.file("claims")
    func writer() -> WriterGuard {
      WriterGuard(
        registry: bench.registry, store: WriterClaimStore(path: path), validity: .zero,
        logger: Logger(label: "test"))
    }
    bench.registry.state.withLock { $0.losesAnswers = true }
    // The ledger has it, so it counts.
    try await writer().begin()
    #expect(bench.registry.state.withLock { $0.record?.epoch } == 1)
    bench.registry.state.withLock { $0.losesAnswers = false }
    let next = writer()
    try await next.begin()
    #expect(next.epoch == 2)
  }

  @Test("without the ledger's word nothing is served")
  func silentLedger() async throws {
    let bench = try RecoveryBench()
    let gateway = try await bench.gateway("old")
    try await gateway.writer.require()
    bench.registry.state.withLock { $0.isDown = true }
    await #expect(throws: EngineError.self) { try await gateway.writer.require() }
    #expect(gateway.writer.fencedReason == nil)
    bench.registry.state.withLock { $0.isDown = false }
    try await gateway.writer.require()
  }

  /// A client's history over two gateways, the old one waking after the recovery.
  private func history(isFenced: Bool) async throws -> [RegisterOperation] {
    let bench = try RecoveryBench()
    bench.providers.state.withLock { $0.checksFences = isFenced }
    let old = try await bench.gateway("old", isFenced: isFenced)
    try await old.engine.commit(.createBucket(bucket: "b", region: "r"))
    let client = HistoryClient(isFenced: isFenced)
    await client.put(1, to: old)
    try await bench.recover(into: "new")
    let new = try await bench.gateway("new")
    await client.put(2, to: new)
    await client.put(3, to: old)
    await client.read(from: new)
    await client.read(from: old)
    return await client.history
  }

  @Test("histories over a take-over are linearizable, and without fencing they are not")
  func linearizable() async throws {
    let fenced = try await history(isFenced: true)
    #expect(LinearizabilityChecker.isLinearizable(fenced), "\(fenced)")
    #expect(fenced.contains { $0.kind == .read && $0.value == "2" }, "\(fenced)")
    let unfenced = try await history(isFenced: false)
    #expect(!LinearizabilityChecker.isLinearizable(unfenced), "\(unfenced)")
  }
}

/// A client of one key that notes what it asked and what it was told.
actor HistoryClient {
  private let isFenced: Bool
  private var clock: UInt64 = 0
  private(set) var history: [RegisterOperation] = []

  init(isFenced: Bool) { self.isFenced = isFenced }

  private func tick() -> UInt64 {
    clock += 1
    return clock
  }

  func put(_ value: UInt8, to gateway: RecoveryBench.Gateway) async {
    let invoked = tick()
    do {
      if isFenced { try await gateway.writer.require() }
      _ = try await EngineTests.put([value], key: "k", in: gateway.engine)
      history.append(RegisterOperation(.write, "\(value)", invoked, tick()))
    } catch { history.append(RegisterOperation(.write, "\(value)", invoked, nil)) }
  }

  func read(from gateway: RecoveryBench.Gateway) async {
    let invoked = tick()
    do {
      // As the S3 side does before it looks anything up.
      if isFenced { try await gateway.writer.require() }
      guard let bucket = try await gateway.index.bucket(named: "b") else { return }
      let found = try await gateway.index.object(Array("k".utf8), in: bucket, withBlobs: true)
      var bytes: [UInt8] = []
      for content in found?.blobs ?? [] {
        bytes += try await EngineTests.get(content.blob, from: gateway.engine)
      }
      history.append(
        RegisterOperation(.read, found == nil ? nil : "\(bytes.first ?? 0)", invoked, tick()))
    } catch { return }
  }
}
