import Cryptography
import Ledger
import LedgerStore
import Primitives
import ServiceKit
import TestSupport
import Testing

/// What every store must do; a new implementation is added to ``makers`` and inherits it.
@Suite struct LedgerStoreConformance {
  /// Makes a store, and opens it again as a restarted process would.
  struct Maker: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable (TemporaryDirectory) throws -> any LedgerStoring
    let reopen: @Sendable (any LedgerStoring, TemporaryDirectory) throws -> any LedgerStoring
  }

  static let makers = [
    Maker(testDescription: "memory") { _ in
      MemoryLedgerStore()
    } reopen: { store, _ in
      (store as? MemoryLedgerStore)?.reopen()
      return store
    },
    Maker(testDescription: "SQLite") { directory in
      try SQLiteLedgerStore(path: directory.path + "/ledger.sqlite")
    } reopen: { store, directory in
      store.close()
      return try SQLiteLedgerStore(path: directory.path + "/ledger.sqlite")
    },
    Maker(testDescription: "faulty without a fault") { _ in
      FaultyLedgerStore(MemoryLedgerStore(), faults: [:])
    } reopen: { store, _ in
      store
    },
  ]

  @Test(arguments: makers) func beginsEmpty(_ maker: Maker) throws {
    let directory = try TemporaryDirectory()
    let store = try maker.make(directory)
    #expect(try store.loadLatest() == nil)
    #expect(try store.block(at: 1) == nil)
    #expect(try store.earliestHeight() == nil)
    #expect(try store.location(ofItem: .zero) == nil)
  }

  @Test(arguments: makers) func returnsWhatWasCommitted(_ maker: Maker) throws {
    let directory = try TemporaryDirectory()
    var store = try maker.make(directory)
    var generator = SeededGenerator.fromEnvironment(default: 11)
    var model: [StateKey: [UInt8]] = [:]
    var blocks: [StoredBlock] = []
    try store.commit(Sample.genesis())
    for height in 1...20 as ClosedRange<UInt64> {
      let commit = Sample.commit(height: height, after: blocks.last, using: &generator)
      try store.commit(commit)
      for change in commit.changes { model[change.key] = change.value }
      blocks.append(try #require(commit.block))
      if height % 7 == 0 { store = try maker.reopen(store, directory) }
    }
    let latest = try #require(try store.loadLatest())
    #expect(latest.meta.height == 20, "seed \(generator.seed)")
    #expect(latest.meta.blockHash == blocks[19].header.hash)
    #expect(latest.rows.all.map(\.key) == model.keys.sorted())
    for row in latest.rows.all { #expect(model[row.key] == row.value) }
    #expect(try store.earliestHeight() == 1)
    for block in blocks {
      #expect(try store.block(at: block.header.height) == block)
      #expect(try store.height(ofBlock: block.header.hash) == block.header.height)
      #expect(try store.results(at: block.header.height)?.results.count == block.items.count)
      for (index, item) in block.items.enumerated() {
        let location = try #require(try store.location(ofItem: Digest.sha256(item)))
        #expect(location == ItemLocation(height: block.header.height, index: index))
      }
    }
  }

  @Test(arguments: makers) func refusesHeightsOutOfOrder(_ maker: Maker) throws {
    let directory = try TemporaryDirectory()
    let store = try maker.make(directory)
    var generator = SeededGenerator(seed: 5)
    let first = Sample.commit(height: 1, after: nil, using: &generator)
    #expect(throws: LedgerStoreError.outOfOrder(stored: 0, given: 1)) { try store.commit(first) }
    try store.commit(Sample.genesis())
    #expect(throws: LedgerStoreError.outOfOrder(stored: 0, given: 0)) {
      try store.commit(Sample.genesis())
    }
    try store.commit(first)
    #expect(throws: LedgerStoreError.outOfOrder(stored: 1, given: 1)) { try store.commit(first) }
    #expect(try store.loadLatest()?.meta.height == 1)
  }

  @Test(arguments: makers) func namesTheFirstOfEqualItems(_ maker: Maker) throws {
    let directory = try TemporaryDirectory()
    let store = try maker.make(directory)
    try store.commit(Sample.genesis())
    let one = Sample.commit(height: 1, after: nil, items: [[1], [9, 9]])
    try store.commit(one)
    try store.commit(Sample.commit(height: 2, after: one.block, items: [[2], [9, 9]]))
    #expect(
      try store.location(ofItem: Digest.sha256([9, 9])) == ItemLocation(height: 1, index: 1))
  }
}

/// Made-up blocks and rows.
enum Sample {
  static func genesis() -> BlockCommit {
    BlockCommit(
      meta: StoreMeta(
        chain: Digest.sha256([1]), height: 0, stateRoot: .zero, blockHash: .zero,
        timeMilliseconds: 1),
      block: nil, results: nil, changes: [])
  }

  static func commit(
    height: UInt64, after previous: StoredBlock?, items: [[UInt8]],
    changes: [(key: StateKey, value: [UInt8]?)] = []
  ) -> BlockCommit {
    let header = BlockHeader(
      height: height, timeMilliseconds: height * 1000, chain: Digest.sha256([1]),
      previousBlockHash: previous?.header.hash ?? .zero,
      itemsHash: StoredBlock.itemsHash(of: items), appHash: .zero, proposer: .zero)
    return BlockCommit(
      meta: StoreMeta(
        chain: header.chain, height: height, stateRoot: Digest.sha256([UInt8(height)]),
        blockHash: header.hash, timeMilliseconds: header.timeMilliseconds),
      block: StoredBlock(header: header, signature: .zero, items: items),
      results: StoredResults(
        results: items.map { _ in StoredItemResult(code: 0, codeName: "ok", detail: "") },
        events: [
          StoredEvent(itemIndex: 0, event: ServiceEvent("test.event", [("name", "value")]))
        ], stateRoot: Digest.sha256([UInt8(height)])),
      changes: changes)
  }

  static func commit(
    height: UInt64, after previous: StoredBlock?, using generator: inout SeededGenerator
  ) -> BlockCommit {
    let items = (0..<Int.random(in: 1...8, using: &generator)).map { _ in generator.bytes(40) }
    var keys: Set<StateKey> = []
    for _ in 0..<Int.random(in: 0...30, using: &generator) {
      keys.insert(StateKey([UInt8.random(in: 0...40, using: &generator)]))
    }
    let changes = keys.sorted().map { key in
      let isDeletion = Bool.random(using: &generator)
      return (key: key, value: isDeletion ? nil : generator.bytes(20))
    }
    return commit(height: height, after: previous, items: items, changes: changes)
  }
}

extension StateRows {
  /// Every row, ascending by key.
  var all: [(key: StateKey, value: [UInt8])] {
    var found: [(key: StateKey, value: [UInt8])] = []
    visit { key, value in found.append((key, value)) }
    return found
  }
}
