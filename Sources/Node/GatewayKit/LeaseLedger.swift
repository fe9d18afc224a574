import ChainClient
import Cryptography
import Ledger
import Primitives
import ServiceKit

/// What a ``LeaseKeeper`` needs of the ledger.
package protocol LeaseLedger: Sendable {
  /// The row at `key`; nil when there is none.
  func leaseRow<T: CanonicalCodable>(_ key: StateKey, as type: T.Type) async throws -> T?
  /// The keys of a range, ascending, at most `limit`.
  func leaseKeys(in range: KeyRange, limit: UInt32) async throws -> [StateKey]
  /// Submits and waits until it is in a block.
  func commitLease(_ operation: Ledger.Operation, signer: SigningKey, lane: UInt8) async throws
}

extension LedgerClient: LeaseLedger {
  /// The row at `key`; nil when there is none.
  package func leaseRow<T: CanonicalCodable>(
    _ key: StateKey, as type: T.Type
  ) async throws -> T? {
    try await value(key, as: type)
  }

  /// The keys of a range, ascending, at most `limit`.
  package func leaseKeys(in range: KeyRange, limit: UInt32) async throws -> [StateKey] {
    try await rawRows(from: range.from, to: range.to, limit: limit).map(\.key)
  }

  /// Submits and waits until it is in a block.
  package func commitLease(
    _ operation: Ledger.Operation, signer: SigningKey, lane: UInt8
  ) async throws {
    _ = try await submit(operation, signer: signer, lane: lane)
  }
}
