import Cryptography
import Foundation
import Primitives
import ServiceKit
import TestSupport
import Testing

@testable import LedgerStore

/// What a file can suffer and memory cannot.
@Suite struct SQLiteLedgerStoreTests {
  private static func filled(
    _ path: String, heights: UInt64, seed: UInt64 = 3,
    settling: SQLiteLedgerStore.SettlingLimits = .init()
  ) throws -> SQLiteLedgerStore {
    let store = try SQLiteLedgerStore(path: path, settling: settling)
    var generator = SeededGenerator(seed: seed)
    try store.commit(Sample.genesis())
    var previous: StoredBlock?
    for height in 1...heights {
      let marker: [(key: StateKey, value: [UInt8]?)] = [
        (key: StateKey([200]), value: Array("marker-\(height)-".utf8) + generator.bytes(30))
      ]
      let commit = Sample.commit(
        height: height, after: previous, items: [generator.bytes(100)], changes: marker)
      try store.commit(commit)
      previous = commit.block
    }
    return store
  }

  @Test func keepsTheFileFromOthers() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/ledger.sqlite"
    try Self.filled(path, heights: 1).close()
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func namesACorruptRow() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/ledger.sqlite"
    try Self.filled(path, heights: 3).close()
    try Self.flip("marker-3-", in: path)
    let store = try SQLiteLedgerStore(path: path)
    let failure = #expect(throws: LedgerStoreError.self) { _ = try store.loadLatest() }
    #expect(
      failure?.description.contains("the changes of block 3") == true,
      "\(String(describing: failure))")
  }

  @Test func namesACorruptRowThatWasSettled() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/ledger.sqlite"
    let filled = try Self.filled(path, heights: 3)
    try filled.settle(upTo: 3)
    filled.close()
    // The journal's old page may still hold the text; both places are damaged.
    try Self.flip("marker-3-", in: path, everywhere: true)
    let store = try SQLiteLedgerStore(path: path)
    let failure = #expect(throws: LedgerStoreError.self) { _ = try store.loadLatest() }
    #expect(failure?.description.contains("row c8") == true, "\(String(describing: failure))")
  }

  /// Settling changes where things lie and nothing that is read; cut short after any portion too.
  @Test(arguments: [0, 1, 7, 40]) func readsTheSameSettledOrNot(blocks: Int) throws {
    var generator = SeededGenerator.fromEnvironment(default: 77)
    let directory = try TemporaryDirectory()
    var limits = SQLiteLedgerStore.SettlingLimits()
    limits.blocks = blocks
    let settled = try SQLiteLedgerStore(path: directory.path + "/a.sqlite", settling: limits)
    let plain = MemoryLedgerStore()
    try settled.commit(Sample.genesis())
    try plain.commit(Sample.genesis())
    var items: [Digest] = []
    var previous: StoredBlock?
    for height in 1...30 as ClosedRange<UInt64> {
      let commit = Sample.commit(height: height, after: previous, using: &generator)
      try settled.commit(commit)
      try plain.commit(commit)
      previous = commit.block
      items += commit.block?.items.map { Digest.sha256($0) } ?? []
      if height == 20 { try settled.settle(upTo: 13) }
    }
    let reopened = try SQLiteLedgerStore(path: directory.path + "/a.sqlite")
    for store in [settled, reopened] {
      let found = try #require(try store.loadLatest())
      let expected = try #require(try plain.loadLatest())
      #expect(found.meta == expected.meta, "seed \(generator.seed)")
      #expect(found.rows.all.map(\.key) == expected.rows.all.map(\.key))
      #expect(found.rows.all.map(\.value) == expected.rows.all.map(\.value))
      for item in items {
        #expect(try store.location(ofItem: item) == plain.location(ofItem: item))
      }
    }
    settled.close()
    reopened.close()
  }

  @Test func refusesAFileThatIsNoDatabase() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/ledger.sqlite"
    try Data(repeating: 7, count: 8192).write(to: URL(fileURLWithPath: path))
    let failure = #expect(throws: LedgerStoreError.self) {
      _ = try SQLiteLedgerStore(path: path)
    }
    guard case .corrupt? = failure else {
      Issue.record("expected corruption, not \(String(describing: failure))")
      return
    }
  }

  /// A power cut can leave any prefix of the write-ahead log, and a torn page at its end: what
  /// comes back is always some whole block, never a part of one.
  @Test func survivesATornLog() throws {
    var generator = SeededGenerator.fromEnvironment(default: 2026)
    let directory = try TemporaryDirectory()
    let path = directory.path + "/ledger.sqlite"
    let store = try Self.filled(path, heights: 12)
    let log = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
    let main = try Data(contentsOf: URL(fileURLWithPath: path))
    try #require(log.count > 10_000)
    var heights: Set<UInt64> = []
    for attempt in 0..<25 {
      let copy = directory.path + "/copy-\(attempt).sqlite"
      var torn = log.prefix(Int.random(in: 0...log.count, using: &generator))
      if let last = torn.indices.last, Bool.random(using: &generator) { torn[last] ^= 0x55 }
      try main.write(to: URL(fileURLWithPath: copy))
      try Data(torn).write(to: URL(fileURLWithPath: copy + "-wal"))
      let reopened = try SQLiteLedgerStore(path: copy)
      guard let latest = try reopened.loadLatest() else { continue }
      let height = latest.meta.height
      heights.insert(height)
      if height > 0 {
        let block = try #require(try reopened.block(at: height), "seed \(generator.seed)")
        #expect(block.header.hash == latest.meta.blockHash)
        let marker = latest.rows.value(at: StateKey([200]))
        #expect(marker?.starts(with: Array("marker-\(height)-".utf8)) == true)
      }
      #expect(try reopened.block(at: height + 1) == nil, "seed \(generator.seed)")
      reopened.close()
    }
    #expect(heights.count > 3, "the cuts should fall into several blocks")
    store.close()
  }

  /// Changes one byte just behind a text in the file.
  private static func flip(
    _ text: String, in path: String, everywhere: Bool = false
  ) throws {
    let url = URL(fileURLWithPath: path)
    var data = try Data(contentsOf: url)
    var range = try #require(data.range(of: Data(text.utf8)))
    data[range.upperBound] ^= 1
    while everywhere, let next = data[range.upperBound...].range(of: Data(text.utf8)) {
      range = next
      data[range.upperBound] ^= 1
    }
    try data.write(to: url)
  }
}
