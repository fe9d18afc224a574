import ABCI
import Consensus
import Cryptography
import Foundation
import Ledger
import LedgerStore
import Logging
import Primitives
import SwiftProtobuf
import Synchronization
import TestSupport
import Testing

/// A ledger in this process that dies without warning and comes back on its store.
actor LedgerHost: ApplicationHost {
  private let genesis: TestGenesis
  private let validator: Int
  private let store = MemoryLedgerStore()
  private let snapshots: SnapshotStore?
  private let wrap: @Sendable (LedgerNode) -> any LedgerApplication
  private(set) var ledger: TestLedger

  init(
    _ genesis: TestGenesis, validator: Int, snapshots: SnapshotStore? = nil,
    wrap: @escaping @Sendable (LedgerNode) -> any LedgerApplication = { $0 }
  ) async throws {
    self.genesis = genesis
    self.validator = validator
    self.snapshots = snapshots
    self.wrap = wrap
    ledger = try await TestLedger(
      genesis, validator: validator, store: store, snapshots: snapshots, wrap: wrap)
  }

  var endpoint: ABCIEndpoint { ledger.endpoint }

  func restart() async throws {
    await ledger.server.shutdown()
    ledger = try await TestLedger(
      genesis, validator: validator, store: store, snapshots: snapshots, wrap: wrap)
  }
}

@Suite(.serialized) struct ScriptedEngineTests {
  static func start(_ genesis: TestGenesis) -> ABCIRequestInitChain {
    ABCIRequestInitChain.with {
      $0.chainID = genesis.genesis.chainName
      $0.time.seconds = Int64(genesis.genesis.genesisTimeMilliseconds / 1000)
      $0.initialHeight = 1
      $0.validators = genesis.firstValidators.map { key in
        ABCIValidatorUpdate.with {
          $0.pubKey.ed25519 = Data(key.accountID.bytes)
          $0.power = 1000
        }
      }
      $0.appStateBytes = Data("{\"chain\":\"\(genesis.genesis.chain.hex)\"}".utf8)
    }
  }

  static func engine(
    _ genesis: TestGenesis, hosts: [any ApplicationHost], extensionsFrom: UInt64? = 1,
    maxTxBytes: Int64 = 20 << 20
  ) -> ScriptedEngine {
    ScriptedEngine(
      hosts: hosts, validators: genesis.validators.map(\.accountID.value), start: start(genesis),
      extensionsFrom: extensionsFrom, maxTxBytes: maxTxBytes)
  }

  static func hosts(_ genesis: TestGenesis) async throws -> [LedgerHost] {
    var hosts: [LedgerHost] = []
    for index in genesis.validators.indices {
      hosts.append(try await LedgerHost(genesis, validator: index))
    }
    return hosts
  }

  private let genesis = TestGenesis(validators: 4)

  private func transfers(_ sequence: UInt64, count: UInt64 = 3) -> [[UInt8]] {
    (0..<count).map { genesis.transfer(sequence: sequence * count + $0) }
  }

  @Test(arguments: [nil, 1, 3] as [UInt64?])
  func heightsRoundsAndAbsence(extensionsFrom: UInt64?) async throws {
    let engine = Self.engine(
      genesis, hosts: try await Self.hosts(genesis), extensionsFrom: extensionsFrom)
    try await engine.start()
    for height in 0..<6 {
      var script = ScriptedEngine.Script()
      script.transactions = transfers(UInt64(height)) + [[1, 2, 3], []]
      script.failedRounds = height % 3
      script.absent = height == 4 ? 2 : nil
      try await engine.runHeight(script)
    }
    let answers = await engine.nodes[0].answers
    // The transfers took effect, and what is none was left out by the proposer.
    #expect(answers.allSatisfy { $0.txResults.count == 4 })
    #expect(answers.allSatisfy { $0.txResults.dropFirst().allSatisfy { $0.code == 0 } })
    #expect(try await engine.recheck(transfers(0) + transfers(9)).map { $0 == 0 }.contains(false))
  }

  @Test(arguments: CrashPoint.allCases, [false, true])
  func everyCrashPoint(_ point: CrashPoint, killsApplication: Bool) async throws {
    let engine = Self.engine(genesis, hosts: try await Self.hosts(genesis))
    try await engine.start()
    for height in 0..<4 {
      var script = ScriptedEngine.Script()
      script.transactions = transfers(UInt64(height))
      // The proposer of height 2, and at height 3 another node.
      if height == 1 { script.crash = (2, point, killsApplication) }
      if height == 2 { script.crash = (0, point, killsApplication) }
      try await engine.runHeight(script)
    }
    #expect(await engine.height == 4)
  }

  /// One of four is away: the others go on, and it replays what it missed, or everything.
  @Test func partialAndFullReplay() async throws {
    let engine = Self.engine(genesis, hosts: try await Self.hosts(genesis))
    try await engine.start()
    for height in 0..<8 {
      if height == 2 { await engine.stop(3) }
      if height == 6 { try await engine.resume(3) }
      var script = ScriptedEngine.Script()
      script.transactions = transfers(UInt64(height))
      try await engine.runHeight(script)
    }
    let calls = await engine.nodes[3].calls
    #expect(calls.contains { $0.contains("finalizeBlock(height: 6") })
    // A node whose application has lost everything.
    let empty = try await LedgerHost(genesis, validator: 1)
    let node = EngineNode(index: 1, host: empty, start: Self.start(genesis))
    for block in await engine.nodes[0].blocks { await node.save(block) }
    try await node.connect()
    #expect(await node.answers.map(\.appHash) == engine.nodes[0].answers.map(\.appHash))
    #expect(await !node.calls.contains { $0.contains("Proposal") })
  }

  /// One of four applications that is not deterministic is found out at once.
  @Test func aNondeterministicApplicationIsCaught() async throws {
    var hosts: [LedgerHost] = []
    for index in genesis.validators.indices {
      hosts.append(
        try await LedgerHost(genesis, validator: index) { node in
          index == 2 ? HookedApplication(node, skewMilliseconds: 1) as any LedgerApplication : node
        })
    }
    let engine = Self.engine(genesis, hosts: hosts)
    try await engine.start()
    try await engine.runHeight()
    await #expect(throws: EngineFailure.self) { try await engine.runHeight() }
  }

  /// A slow application slows the chain and breaks nothing; queries are answered meanwhile.
  @Test func aSlowApplication() async throws {
    var hosts: [LedgerHost] = []
    for index in genesis.validators.indices {
      hosts.append(
        try await LedgerHost(genesis, validator: index) { node in
          index == 1
            ? HookedApplication(node, delay: .milliseconds(1500)) as any LedgerApplication : node
        })
    }
    let engine = Self.engine(genesis, hosts: hosts)
    try await engine.start()
    let slow = try await hosts[1].ledger.connect()
    async let block: Void = engine.runHeight()
    var answered = 0
    let began = ContinuousClock.now
    while ContinuousClock.now - began < .milliseconds(700) {
      _ = try await slow.call { $0.query.path = "/height" }
      _ = try await slow.call { $0.checkTx.tx = Data(genesis.transfer(sequence: 0)) }
      answered += 1
    }
    try await block
    #expect(answered > 3, "queries went on during the block")
  }

  /// A fresh node comes in by state sync from a peer that sends a bad chunk first.
  @Test func stateSync() async throws {
    let directory = try TemporaryDirectory("snapshots")
    let genesis = TestGenesis(validators: 4, customers: 3000)
    let log = Logger(label: "snapshots") { _ in SwiftLogNoOpLogHandler() }
    let snapshots = try SnapshotStore(directory: directory.path, logger: log)
    var hosts = [try await LedgerHost(genesis, validator: 0, snapshots: snapshots)]
    for index in 1..<4 { hosts.append(try await LedgerHost(genesis, validator: index)) }
    let engine = Self.engine(genesis, hosts: hosts)
    await engine.stop(3)
    try await engine.startWithout(3)
    for height in 0..<7 {
      var script = ScriptedEngine.Script()
      script.transactions = [genesis.transfer(sequence: UInt64(height))]
      try await engine.runHeight(script)
      if height == 4 {
        try await eventually("a snapshot is taken", within: 30) {
          snapshots.descriptions.first?.height == 5
        }
      }
    }
    let (refetched, rejected) = try await engine.stateSync(3, from: 0) { index, chunk in
      guard index == 0 else { return nil }
      var bad = chunk
      bad[bad.count - 1] ^= 1
      return bad
    }
    #expect(refetched == [0])
    #expect(rejected == ["peer"])
    let calls = await engine.nodes[3].calls
    #expect(!calls.contains("initChain"))
    for _ in 0..<2 { try await engine.runHeight() }
  }
}
