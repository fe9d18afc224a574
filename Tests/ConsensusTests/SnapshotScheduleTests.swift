import Consensus
import Cryptography
import Foundation
import Ledger
import LedgerStore
import Logging
import Primitives
import TestSupport
import Testing

/// When snapshots are taken, and which blocks the engine may forget.
struct SnapshotScheduleTests {
  private let chain = TestChain()
  private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// Makes empty blocks and returns, by height, what the engine may forget below.
  private func retained(
    _ count: UInt64, _ store: SnapshotStore, interval: UInt64, keptBlocks: UInt64
  ) async throws -> [UInt64] {
    var configuration = LedgerNode.Configuration(keptBlocks: keptBlocks)
    configuration.snapshots = store
    configuration.snapshotInterval = interval
    let node = try LedgerNode(
      genesis: chain.genesis, services: [], store: MemoryLedgerStore(),
      configuration: configuration, logger: quiet)
    _ = try await node.initChain(nil)
    var heights: [UInt64] = []
    let first = BlockItem.extensions(ExtensionItem()).canonicalBytes()
    for height in 1...count {
      _ = try await node.finalizeBlock(
        DecidedBlock(
          height: height, timeMilliseconds: TestChain.genesisTime + 1000 * height, items: [first],
          proposer: ConsensusAddress(publicKey: chain.validator.accountID.value), hash: .zero,
          record: nil))
      let hadNone = store.descriptions.isEmpty
      heights.append(try await node.commit().retainHeight)
      let due = interval > 0 && height % (hadNone ? max(interval / 10, 1) : interval) == 0
      guard due else { continue }
      try await eventually("a snapshot is taken beside the blocks", within: 30) {
        store.descriptions.first?.height == height
      }
    }
    return heights
  }

  @Test(.timeLimit(.minutes(1)))
  func theFirstComesEarlyAndNoneLosesItsBlocks() async throws {
    let directory = try TemporaryDirectory("snapshots")
    let store = try SnapshotStore(directory: directory.path, logger: quiet)
    let retained = try await retained(60, store, interval: 20, keptBlocks: 3)
    #expect(store.descriptions.map(\.height) == [60, 40])
    // The snapshot of a height is there from the next on.
    #expect(retained[0...2] == [0, 0, 0])
    #expect(retained[3...39].allSatisfy { $0 == 2 })
    #expect(retained[40...59].allSatisfy { $0 == 20 })
  }

  @Test func withoutSnapshotsTheCountAloneDecides() async throws {
    let directory = try TemporaryDirectory("snapshots")
    let store = try SnapshotStore(directory: directory.path, logger: quiet)
    let retained = try await retained(10, store, interval: 0, keptBlocks: 3)
    #expect(retained == [0, 0, 0, 2, 3, 4, 5, 6, 7, 8])
    #expect(store.descriptions.isEmpty)
  }
}
