import ChainClient
import Ledger
import Primitives
import ServiceKit
import StorageService

/// Reads whole tables of the ledger, page by page.
struct LedgerReader: Sendable {
  let client: LedgerClient

  /// How many rows a page has.
  private static let pageRows: UInt32 = 500

  /// All rows of a range, at most `limit`.
  /// - Throws: `LedgerClientError`.
  func rows<T: CanonicalCodable>(
    _ range: (from: StateKey, to: StateKey), limit: Int = 100_000, as type: T.Type
  ) async throws -> [T] {
    var all: [T] = []
    var from = range.from
    while all.count < limit {
      let page = try await client.rows(
        from: from, to: range.to, limit: Self.pageRows, as: T.self)
      all += page.map(\.1)
      guard page.count == Int(Self.pageRows), let last = page.last else { break }
      guard let next = StateKey(foreign: last.0.bytes + [0]) else { break }
      from = next
    }
    return all
  }

  /// All rows of one of the ledger's ranges.
  /// - Throws: `LedgerClientError`.
  func rows<T: CanonicalCodable>(
    _ range: KeyRange, limit: Int = 100_000, as type: T.Type
  ) async throws -> [T] {
    try await rows((from: range.from, to: range.to), limit: limit, as: type)
  }

  /// All rows of a table with their keys, for tables whose records do not repeat the key.
  /// - Throws: `LedgerClientError`.
  func keyedRows<T: CanonicalCodable>(
    _ range: KeyRange, as type: T.Type
  ) async throws -> [(key: StateKey, value: T)] {
    var all: [(key: StateKey, value: T)] = []
    var from = range.from
    while true {
      let page = try await client.rows(
        from: from, to: range.to, limit: Self.pageRows, as: T.self)
      all += page.map { (key: $0.0, value: $0.1) }
      guard page.count == Int(Self.pageRows), let last = page.last,
        let next = StateKey(foreign: last.0.bytes + [0])
      else { return all }
      from = next
    }
  }

  /// Where the chain is. - Throws: `LedgerClientError`; ``UserError`` before genesis.
  func clock() async throws -> ChainClock {
    guard let clock = try await client.value(StateKeys.clock, as: ChainClock.self) else {
      throw UserError("the ledger has no clock yet; is it still starting?")
    }
    return clock
  }

  /// Providers by account. - Throws: `LedgerClientError`.
  func providers() async throws -> [(id: AccountID, record: ProviderRecord)] {
    try await keyedRows(StateKeys.all(.provider), as: ProviderRecord.self).compactMap { row in
      AccountID(bytes: row.key.bytes.dropFirst()).map { (id: $0, record: row.value) }
    }
  }

  /// All leases, ascending by number. - Throws: `LedgerClientError`.
  func leases() async throws -> [(id: LeaseID, record: LeaseRecord)] {
    try await keyedRows(StateKeys.all(.lease), as: LeaseRecord.self).compactMap { row in
      StateKeys.trailingNumber(of: row.key).map { (id: LeaseID(number: $0), record: row.value) }
    }
  }

  /// What the storage service knows of the providers. - Throws: `LedgerClientError`.
  func storageProviders() async throws -> [StorageProviderRecord] {
    try await rows(StorageKeys.providers, as: StorageProviderRecord.self)
  }
}
