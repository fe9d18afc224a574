import Foundation
import Ledger
import LightClient
import Primitives
import ServiceKit

/// Reads of single rows that do not rely on the node that answers.
package struct ProvenReads: Sendable {
  /// How long a read waits for the header that carries its state root, unless told otherwise.
  package static let patienceSeconds = 15.0

  private let chain: VerifiedChain
  private let patience: Duration

  /// Reads proven against `chain`.
  package init(chain: VerifiedChain, patienceSeconds: Double = ProvenReads.patienceSeconds) {
    self.chain = chain
    patience = .milliseconds(Int64(patienceSeconds * 1000))
  }

  /// Whether an answer is what the ledger's validators agreed on. The state after height H is in
  /// header H + 1, which is waited for.
  /// - Throws: ``LedgerClientError/unproven(key:reason:)`` when it is not, or not in time;
  ///   `LightClientError` when the node's headers are not sound.
  package func check(_ answer: StateAnswer, at key: StateKey) async throws {
    guard let bytes = answer.proof else {
      throw LedgerClientError.unproven(key: key.bytes.hex, reason: "the node gave no proof")
    }
    let header = try await header(after: answer.height, key: key)
    guard let proof = try? StateProof(canonicalBytes: bytes),
      let root = Digest(bytes: header.hashes.application),
      proof.verify(root: root, key: key, value: answer.value)
    else {
      throw LedgerClientError.unproven(
        key: key.bytes.hex,
        reason: "its proof does not lead to the state root of block \(header.height)")
    }
  }

  private func header(after height: UInt64, key: StateKey) async throws -> ConsensusHeader {
    let deadline = ContinuousClock.now.advanced(by: patience)
    while try await chain.latestHeight() <= height {
      guard ContinuousClock.now < deadline else {
        throw LedgerClientError.unproven(
          key: key.bytes.hex,
          reason: "block \(height + 1), which carries the root of state \(height), is not there yet"
        )
      }
      try await Task.sleep(for: .milliseconds(LedgerClient.followMilliseconds))
    }
    return try await chain.header(at: height + 1)
  }
}
