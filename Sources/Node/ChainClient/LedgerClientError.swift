import Foundation
import Primitives

/// The ledger refused a transaction: before a block (`height` is nil) or in one.
package struct TransactionRejected: Error, Hashable, Sendable, CustomStringConvertible {
  /// The stable number of the refusal.
  package let code: UInt32
  /// Its short name, such as `insufficient-balance`.
  package let name: String
  /// What was wrong, with which value, and what to do.
  package let detail: String
  /// SHA-256 of the block item's bytes: what CometBFT's RPC calls the transaction's hash.
  package let hash: Digest
  /// The block that holds the refused transaction; nil when none does.
  package let height: UInt64?

  package var description: String { "the ledger refused it: \(name) (\(code)): \(detail)" }

  /// Takes a node's log line `name: detail` apart.
  init(code: UInt32, log: String, hash: Digest, height: UInt64?) {
    let separator = ": "
    if let range = log.range(of: separator) {
      name = String(log[..<range.lowerBound])
      detail = String(log[range.upperBound...])
    } else {
      name = log.isEmpty ? "code-\(code)" : log
      detail = log
    }
    self.code = code
    self.hash = hash
    self.height = height
  }
}

/// Why the ledger's client has no answer.
package enum LedgerClientError: Error, Hashable, Sendable, CustomStringConvertible {
  /// None of the endpoints answered; the reasons in order.
  case unreachable(endpoints: [String], reason: String)
  /// The node answered with an RPC error.
  case remote(code: Int, message: String)
  /// The node's answer is not what the method answers.
  case malformedAnswer(method: String, reason: String)
  /// The time given is over and it is not known whether the transaction will be committed. Asking
  /// for its hash later tells.
  case outcomeUnknown(transaction: Digest, seconds: Double)
  /// A transaction's result from a block was waited for and never came before it expired, several
  /// times in a row.
  case neverIncluded(transaction: Digest)
  /// A query was refused by the node.
  case queryRefused(path: String, code: UInt32, reason: String)
  /// No endpoint was given, or one is no `http://host:port`.
  case badEndpoint(String)
  /// A row's value is not shown to be what the validators agreed on.
  case unproven(key: String, reason: String)

  package var description: String {
    switch self {
    case .unreachable(let endpoints, let reason):
      "no ledger node answers at \(endpoints.joined(separator: ", ")): \(reason); is one running?"
    case .remote(let code, let message):
      "the ledger node answered with error \(code): \(message)"
    case .malformedAnswer(let method, let reason):
      "the ledger node's answer to \(method) cannot be read: \(reason)"
    case .outcomeUnknown(let transaction, let seconds):
      "transaction \(transaction) was sent, but no block held it within \(seconds) s; it may still "
        + "be committed: ask `trellis query tx \(transaction)`"
    case .neverIncluded(let transaction):
      "transaction \(transaction) expired without being in a block"
    case .queryRefused(let path, let code, let reason):
      "the ledger node refused the query \(path) with code \(code): \(reason)"
    case .badEndpoint(let text):
      "“\(text)” is no endpoint of a ledger node; give one such as http://127.0.0.1:9700"
    case .unproven(let key, let reason): "row \(key) is unproven: \(reason)"
    }
  }
}
