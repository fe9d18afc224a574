import Primitives

/// Why a ledger cannot start.
package enum LedgerStartError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The genesis breaks a rule; the text says which.
  case badGenesis(String)
  /// The stored rows belong to another genesis.
  case otherChain(expected: Digest, found: Digest?)
  /// The tree over the stored rows has another root than was stored with them.
  case rootMismatch(expected: Digest, found: Digest)
  /// A service failed at genesis.
  case serviceFailed(String)

  package var description: String {
    switch self {
    case .badGenesis(let text): "the genesis is not valid: \(text)"
    case .otherChain(let expected, let found):
      "the stored rows belong to the chain \(found?.hex ?? "none"), not to \(expected.hex)"
    case .rootMismatch(let expected, let found):
      "the stored rows have the state root \(found.hex), but \(expected.hex) was stored with them; "
        + "the store is damaged: restore it or replay the blocks"
    case .serviceFailed(let text): "a service failed at genesis: \(text)"
    }
  }
}
