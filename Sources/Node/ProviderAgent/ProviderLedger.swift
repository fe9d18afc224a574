import ChainClient
import Cryptography
import Ledger
import Primitives
import ServiceKit

/// What the agent needs of the ledger.
package protocol ProviderLedger: Sendable {
  /// The row at `key`; nil when there is none.
  func row<T: CanonicalCodable>(_ key: StateKey, as type: T.Type) async throws -> T?
  /// Rows of a range, ascending, at most `limit`.
  func rows<T: CanonicalCodable>(
    in range: KeyRange, limit: UInt32, as type: T.Type
  ) async throws -> [(key: StateKey, value: T)]
  /// Submits and waits until it is in a block.
  func commit(_ operation: Operation, signer: SigningKey, lane: UInt8) async throws
}

extension LedgerClient: ProviderLedger {
  /// The row at `key`; nil when there is none.
  package func row<T: CanonicalCodable>(_ key: StateKey, as type: T.Type) async throws -> T? {
    try await value(key, as: type)
  }

  /// Rows of a range, ascending, at most `limit`.
  package func rows<T: CanonicalCodable>(
    in range: KeyRange, limit: UInt32, as type: T.Type
  ) async throws -> [(key: StateKey, value: T)] {
    try await rows(from: range.from, to: range.to, limit: limit, as: type)
      .map { (key: $0.0, value: $0.1) }
  }

  /// Submits and waits until it is in a block.
  package func commit(_ operation: Operation, signer: SigningKey, lane: UInt8) async throws {
    _ = try await submit(operation, signer: signer, lane: lane)
  }
}
