import ChainClient
import Cryptography
import Ledger
import Primitives
import ServiceKit
import StorageService

/// What a storage provider needs of the ledger. Narrow, so that tests run on an in-memory ledger.
package protocol StorageLedgerAccess: Sendable {
  /// The chain's identity.
  func chain() async throws -> Digest
  /// A row's bytes; nil when there is none.
  func row(_ key: StateKey) async throws -> [UInt8]?
  /// Rows from `start` up to but without `end`, ascending, at most `limit`.
  func rows(
    from start: StateKey, to end: StateKey, limit: UInt32
  ) async throws -> [(key: StateKey, value: [UInt8])]
  /// Submits an operation as the provider and waits until a block holds it. Each lane is a queue of
  /// its own.
  /// - Throws: ``LedgerRefusal`` when the ledger refused it; anything else means: try again.
  func submit(_ operation: Ledger.Operation, lane: UInt8) async throws
  /// A height for each committed block, without an end; gaps are possible.
  func heights() -> AsyncStream<UInt64>
}

/// The ledger refused an operation; trying it again changes nothing.
package struct LedgerRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  /// The stable number of the refusal.
  package let code: UInt32
  /// Its name and what was wrong.
  package let description: String
  package init(code: UInt32, description: String) {
    self.code = code
    self.description = description
  }
}

extension StorageLedgerAccess {
  /// A row as a value of its type; nil when there is none.
  package func value<T: CanonicalCodable>(_ key: StateKey, as type: T.Type) async throws -> T? {
    guard let bytes = try await row(key) else { return nil }
    return try T(canonicalBytes: bytes)
  }

  /// All rows of a range as values of their type, in pages.
  package func values<T: CanonicalCodable>(
    in range: (from: StateKey, to: StateKey), as type: T.Type
  ) async throws -> [(key: StateKey, value: T)] {
    var found: [(key: StateKey, value: T)] = []
    var start = range.from
    let page: UInt32 = 500
    while true {
      let rows = try await rows(from: start, to: range.to, limit: page)
      for row in rows { found.append((row.key, try T(canonicalBytes: row.value))) }
      guard rows.count == Int(page), let last = rows.last else { return found }
      guard let next = StateKey(foreign: last.key.bytes + [0]) else { return found }
      start = next
    }
  }

  /// Submits a storage payload.
  func submit(_ payload: StoragePayload, lane: UInt8) async throws {
    try await submit(
      .service(StorageKeys.service, payload: payload.canonicalBytes()), lane: lane)
  }
}

/// The ledger over RPC.
package struct RemoteStorageLedger: StorageLedgerAccess {
  private let client: LedgerClient
  private let signer: SigningKey

  /// - Parameter signer: the provider's key; it signs what is submitted.
  package init(client: LedgerClient, signer: SigningKey) {
    self.client = client
    self.signer = signer
  }

  package func chain() async throws -> Digest { try await client.chain() }

  package func row(_ key: StateKey) async throws -> [UInt8]? {
    try await client.query(path: "/state", data: key.bytes).value
  }

  package func rows(
    from start: StateKey, to end: StateKey, limit: UInt32
  ) async throws -> [(key: StateKey, value: [UInt8])] {
    try await client.rawRows(from: start, to: end, limit: limit)
  }

  package func submit(_ operation: Ledger.Operation, lane: UInt8) async throws {
    do {
      _ = try await client.submit(operation, signer: signer, lane: lane)
    } catch let error as TransactionRejected {
      throw LedgerRefusal(code: error.code, description: "\(error)")
    }
  }

  package func heights() -> AsyncStream<UInt64> {
    let blocks = client.blocks()
    return AsyncStream { continuation in
      let task = Task {
        for await block in blocks { continuation.yield(block.height) }
        continuation.finish()
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }
}

/// The lanes of a provider's transactions: one queue a purpose, so that none waits for another.
enum ProviderLane {
  static let availability: UInt8 = 8
  static let transcripts: UInt8 = 9
  static let openings: UInt8 = 10
  static let repairs: UInt8 = 11
  static let vouchers: UInt8 = 12
  static let retrievals: UInt8 = 13
  static let staging: UInt8 = 14
}
