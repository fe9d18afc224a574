import Cryptography
import Foundation
import NIOCore
import Primitives
import ServiceKit
import StorageService
import TestSupport
import Testing

@testable import StorageGateway

@Suite("Recovery from the network") struct RecoveryTests {
  /// Clients under load on a fresh bucket; what they remember.
  static func load(
    _ gateway: RecoveryBench.Gateway, clients: Int = 4, steps: Int = 25, seed: UInt64,
    first: Int = 0
  ) async throws -> [RecoveryClient] {
    let made = (first..<first + clients).map {
      RecoveryClient(gateway.engine, number: $0, seed: seed)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for client in made { group.addTask { try await client.run(steps: steps) } }
      try await group.waitForAll()
    }
    return made
  }

  static func differences(
    _ clients: [RecoveryClient], from gateway: RecoveryBench.Gateway
  ) async throws -> [String] {
    var wrong: [String] = []
    for client in clients { wrong += try await client.differences(from: gateway) }
    return wrong
  }

  @Test(
    "every acknowledged mutation comes back: bundled, staged, behind a checkpoint",
    arguments: [1, 2, 3] as [UInt64])
  func everything(seed: UInt64) async throws {
    let bench = try RecoveryBench()
    let old = try await bench.gateway("old")
    try await old.engine.commit(.createBucket(bucket: "b", region: "r"))
    var clients = try await Self.load(old, seed: seed)
    await old.engine.flush()
    if seed > 1 { try await old.engine.checkpoint() }
    clients += try await Self.load(old, seed: seed + 10, first: 4)
    if seed > 2 { await old.engine.flush() }
    clients += try await Self.load(old, seed: seed + 20, first: 8)
    let before = try await RecoveryBench.contents(old.index)

    // Some of the providers are gone with the gateway.
    bench.providers.state.withLock { $0.dead = Set(bench.providers.ids.prefix(3)) }
    let summary = try await bench.recover(into: "new")
    #expect(summary.lastSequence == (try await old.index.appliedSequence()))
    #expect((summary.checkpointSequence > 0) == (seed > 1))
    #expect(summary.stagedSegments > 0)
    let new = try await bench.gateway("new")
    #expect(try await RecoveryBench.contents(new.index) == before)
    #expect(try await Self.differences(clients, from: new) == [])

    bench.providers.state.withLock { $0.dead = [] }
    let later = try await Self.load(new, seed: seed + 30, first: 12)
    await new.engine.flush()
    #expect(try await Self.differences(clients + later, from: new) == [])
    // And once more, from what the first recovery made.
    try await bench.recover(into: "third")
    let third = try await bench.gateway("third")
    #expect(try await Self.differences(clients + later, from: third) == [])
  }

  @Test(
    "the comparison with the clients' log names what a recovery without one mechanism loses",
    arguments: RecoveryMechanism.allCases)
  func leftOut(mechanism: RecoveryMechanism) async throws {
    let bench = try RecoveryBench()
    let old = try await bench.gateway("old")
    try await old.engine.commit(.createBucket(bucket: "b", region: "r"))
    let early = try await Self.load(old, clients: 2, seed: 11)
    await old.engine.flush()
    try await old.engine.checkpoint()
    let late = try await Self.load(old, clients: 2, seed: 12, first: 2)
    // Without the log all is bundled, so that nothing but the replay can bring it back.
    if mechanism == .logReplay { await old.engine.flush() }
    try await bench.recover(into: "half", without: [mechanism])
    let half = try await bench.gateway("half")
    #expect(try await Self.differences(early, from: half) == [], "the checkpoint holds these")
    let lost = try await Self.differences(late, from: half)
    #expect(lost.contains { $0.hasSuffix("is lost") }, "\(lost)")
    // The same network, recovered with everything: nothing was lost but by the recovery.
    try await bench.recover(into: "whole")
    let whole = try await bench.gateway("whole")
    #expect(try await Self.differences(early + late, from: whole) == [])
  }

  @Test("with a checkpoint the log before it is not read")
  func checkpointSparesTheLog() async throws {
    let bench = try RecoveryBench()
    let old = try await bench.gateway("old")
    try await old.engine.commit(.createBucket(bucket: "b", region: "r"))
    let clients = try await Self.load(old, steps: 40, seed: 5)
    await old.engine.flush()
    try await old.engine.checkpoint()
    let applied = try await old.index.appliedSequence()
    _ = try await EngineTests.put([1], key: "after", in: old.engine)
    let summary = try await bench.recover(into: "new")
    // The checkpoint's own record, and the put behind it.
    #expect(summary.checkpointSequence == applied - 1)
    #expect(summary.logRecords <= 3)
    let new = try await bench.gateway("new")
    #expect(try await Self.differences(clients, from: new) == [])
  }

  @Test(
    "a key that was revoked is revoked at the gateway that is recovered", arguments: [false, true])
  func revokedKeys(hasCheckpoint: Bool) async throws {
    let bench = try RecoveryBench()
    let old = try await bench.gateway("old")
    try await old.engine.commit(.createBucket(bucket: "b", region: "r"))
    try await old.engine.commit(.revokeKey(name: "agent"))
    if hasCheckpoint { try await old.engine.checkpoint() }
    let time = try #require(try await old.index.revocation(ofKeysNamed: "agent"))
    try await bench.recover(into: "new")
    let new = try await bench.gateway("new")
    #expect(try await new.index.revocation(ofKeysNamed: "agent") == time)
    #expect(try await new.index.revocation(ofKeysNamed: "other") == nil)
  }

  @Test("a checkpoint's bytes are garbage once the next one is there")
  func oldCheckpointsAreGarbage() async throws {
    let bench = try RecoveryBench()
    let old = try await bench.gateway("old")
    try await old.engine.commit(.createBucket(bucket: "b", region: "r"))
    for _ in 0..<3 { try await old.engine.checkpoint() }
    let live = try await old.index.segmentUse().reduce(0) { $0 + $1.live }
    let written = try await old.index.segmentUse().reduce(0) { $0 + $1.written }
    #expect(live > 0 && live < written / 2)
    #expect(bench.registry.state.withLock { $0.record?.checkpoints.count } == 2)
  }

  @Test("a recovery that is ended in the middle goes on when it is run again")
  func resumes() async throws {
    struct Killed: Error {}
    let bench = try RecoveryBench()
    let old = try await bench.gateway("old")
    try await old.engine.commit(.createBucket(bucket: "b", region: "r"))
    var clients = try await Self.load(old, seed: 7)
    await old.engine.flush()
    try await old.engine.checkpoint()
    clients += try await Self.load(old, seed: 8, first: 4)
    let before = try await RecoveryBench.contents(old.index)
    for step in [RecoveryProgress.Step.manifests, .staged, .checkpoint, .log] {
      let task = Task { () -> RecoverySummary in
        try await bench.recover(into: "new") { progress in
          if progress.step == step { withUnsafeCurrentTask { $0?.cancel() } }
        }
      }
      _ = await task.result
    }
    let epoch = bench.registry.state.withLock { $0.record?.epoch }
    try await bench.recover(into: "new")
    // It went on under the epoch that it had taken over first.
    #expect(bench.registry.state.withLock { $0.record?.epoch } == epoch)
    #expect(epoch == 2)
    let new = try await bench.gateway("new")
    #expect(try await RecoveryBench.contents(new.index) == before)
    #expect(try await Self.differences(clients, from: new) == [])
  }

  @Test("the records of a lost stripe, whose numbers were used again, are void")
  func reusedNumbers() async throws {
    let bench = try RecoveryBench(providers: 6)
    let old = try await bench.gateway("old")
    try await old.engine.commit(.createBucket(bucket: "b", region: "r"))
    _ = try await EngineTests.put([1], key: "a", in: old.engine)
    // One provider refuses the next stripe, five take it: enough to read it, never acknowledged.
    bench.providers.state.withLock { state in
      state.refuseAfterAppends = [bench.providers.ids[5]: 0]
    }
    _ = try await EngineTests.put([2], key: "lost", in: old.engine)
    _ = try await EngineTests.put([3], key: "kept", in: old.engine)
    let before = try await RecoveryBench.contents(old.index)
    bench.providers.state.withLock { $0.refuseAfterAppends = [:] }
    let summary = try await bench.recover(into: "new")
    #expect(summary.lastSequence == 4)
    let new = try await bench.gateway("new")
    #expect(try await RecoveryBench.contents(new.index) == before)
    await new.engine.flush()
    try await bench.recover(into: "third")
    let third = try await bench.gateway("third")
    #expect(try await RecoveryBench.contents(third.index) == before)
  }

  @Test("of two bundles that hold the same segments the earlier one is released, the later read")
  func supersededBundle() async throws {
    let bench = try RecoveryBench(providers: 6)
    let ids = bench.providers.ids
    bench.network.state.withLock { $0.eligible = Array(ids.prefix(4)) }
    let old = try await bench.gateway("old") { limits in
      limits.collectEvery = .milliseconds(20)
      limits.recodeAfter = .zero
    }
    try await old.engine.commit(.createBucket(bucket: "b", region: "r"))
    let clients = try await Self.load(old, clients: 2, seed: 14)
    await old.engine.flush()
    let first = bench.network.state.withLock { $0.bundles.keys.sorted() }
    // Operators come back: the bundle is coded again, and the gateway dies before it can release
    // the old one.
    bench.network.state.withLock { state in
      state.eligible = ids
      state.callsUntilDeath = 0
      state.diesAfterEffect = true
    }
    let running = Task { await old.engine.run() }
    try await eventually("a bundle was coded again") {
      bench.network.state.withLock { $0.bundles.count > first.count }
    }
    running.cancel()
    await running.value
    bench.network.state.withLock { $0.callsUntilDeath = nil }
    #expect(bench.network.state.withLock { $0.released } == [])

    // Twice, the first time only up to the manifests: the order in which they are read must not
    // matter.
    let killed = Task { () -> RecoverySummary in
      try await bench.recover(into: "new") { progress in
        if progress.step == .staged || progress.step == .log {
          withUnsafeCurrentTask { $0?.cancel() }
        }
      }
    }
    _ = await killed.result
    try await bench.recover(into: "new")
    let new = try await bench.gateway("new")
    #expect(try await Self.differences(clients, from: new) == [])
    await new.engine.collectGarbage()
    let released = bench.network.state.withLock { $0.released.map(\.number) }
    #expect(released == [try #require(first.first)])
    #expect(try await Self.differences(clients, from: new) == [])
    // Nothing is released twice, and nothing that is still read.
    await new.engine.collectGarbage()
    #expect(bench.network.state.withLock { $0.released.count } == 1)
  }

  @Test("what silent providers may hold is waited for, not dropped")
  func silentProviders() async throws {
    let bench = try RecoveryBench(providers: 6)
    let old = try await bench.gateway("old")
    try await old.engine.commit(.createBucket(bucket: "b", region: "r"))
    // RS(3,6): two answer with empty disks, two hold the segment, two are silent.
    let ids = bench.providers.ids
    bench.providers.state.withLock { state in
      state.shards = state.shards.filter { !ids.prefix(2).contains($0.key.provider) }
      state.dead = Set(ids.suffix(2))
    }
    await #expect(throws: RecoveryError.self) { try await bench.recover(into: "new") }
    // The same gateway, after a crash, waits too.
    bench.providers.state.withLock { $0.dead = [] }
    let summary = try await bench.recover(into: "new")
    #expect(summary.buckets == 1)
  }

  @Test("no shard of a liar comes into what is rebuilt")
  func liars() async throws {
    let bench = try RecoveryBench(providers: 6)
    let old = try await bench.gateway("old")
    try await old.engine.commit(.createBucket(bucket: "b", region: "r"))
    let clients = try await Self.load(old, seed: 9)
    let before = try await RecoveryBench.contents(old.index)
    // One provider answers with other bytes, and a root that fits them.
    bench.providers.state.withLock { state in
      for (name, shard) in state.shards where name.provider == bench.providers.ids[1] {
        var lie = shard
        for index in lie.bytes.indices { lie.bytes[index] ^= 0x5A }
        var tree = ShardTree(leafBytes: lie.leafBytes)
        lie.bytes.withUnsafeBytes { tree.append($0) }
        lie.root = tree.root
        state.shards[name] = lie
      }
    }
    try await bench.recover(into: "new")
    let new = try await bench.gateway("new")
    #expect(try await RecoveryBench.contents(new.index) == before)
    #expect(try await Self.differences(clients, from: new) == [])
  }
}
