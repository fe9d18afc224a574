import Foundation
import Ledger
import Primitives

/// What a consensus engine's own genesis says.
package struct ChainStart: Sendable {
  package let chainName: String
  package let timeMilliseconds: UInt64
  /// The height of the first block.
  package let initialHeight: UInt64
  package let validators: [ValidatorUpdate]
  /// The genesis document's `app_state`, as JSON.
  package let applicationState: [UInt8]

  package init(
    chainName: String, timeMilliseconds: UInt64, initialHeight: UInt64,
    validators: [ValidatorUpdate], applicationState: [UInt8]
  ) {
    self.chainName = chainName
    self.timeMilliseconds = timeMilliseconds
    self.initialHeight = initialHeight
    self.validators = validators
    self.applicationState = applicationState
  }

  /// What `app_state` says of the ledger's genesis.
  private struct Named: Decodable {
    /// The hash of the ledger's genesis, in hexadecimal digits.
    let chain: String?
  }

  /// Whether `app_state` says to which ledger's genesis it belongs.
  var namesChain: Bool {
    (try? JSONDecoder().decode(Named.self, from: Data(applicationState)))?.chain != nil
  }

  /// Compares with the ledger's genesis. A genesis without validators leaves them to the ledger,
  /// and one whose `app_state` names no chain is told by its name and validators alone.
  /// - Parameter validators: the ledger's first set, ascending by key.
  /// - Throws: `otherGenesis`, with what differs.
  func check(against genesis: Genesis, validators ours: [ValidatorUpdate]) throws(NodeError) {
    guard chainName == genesis.chainName else {
      throw .otherGenesis(
        "its chain_id is “\(chainName)”, the ledger's is “\(genesis.chainName)”")
    }
    guard initialHeight <= 1 else {
      throw .otherGenesis("its initial_height is \(initialHeight), the ledger begins at 1")
    }
    guard timeMilliseconds >= genesis.genesisTimeMilliseconds else {
      throw .otherGenesis(
        "its genesis_time is \(timeMilliseconds) ms, before the ledger's "
          + "\(genesis.genesisTimeMilliseconds) ms")
    }
    try checkChain(genesis)
    if !validators.isEmpty { try check(validators, against: ours) }
  }

  private func checkChain(_ genesis: Genesis) throws(NodeError) {
    let named: Named
    if applicationState.isEmpty { return }
    do {
      named = try JSONDecoder().decode(Named.self, from: Data(applicationState))
    } catch {
      throw .otherGenesis("its app_state is no JSON object with a text “chain”: \(error)")
    }
    if let chain = named.chain, chain.lowercased() != genesis.chain.hex {
      throw .otherGenesis(
        "its app_state.chain is “\(chain)”, the hash of the ledger's genesis is "
          + "\(genesis.chain.hex)")
    }
  }

  private func check(
    _ theirs: [ValidatorUpdate], against ours: [ValidatorUpdate]
  ) throws(NodeError) {
    for validator in theirs {
      guard let own = ours.first(where: { $0.publicKey == validator.publicKey }) else {
        throw .otherGenesis(
          "it has a validator with the public key \(validator.publicKey.hex), which is not in "
            + "the ledger's")
      }
      guard own.power == validator.power else {
        throw .otherGenesis(
          "it gives the validator with the public key \(validator.publicKey.hex) the power "
            + "\(validator.power), the ledger's stake is worth \(own.power)")
      }
    }
    for own in ours where !theirs.contains(where: { $0.publicKey == own.publicKey }) {
      throw .otherGenesis(
        "it lacks the validator with the public key \(own.publicKey.hex)")
    }
    guard theirs.count == ours.count else {
      throw .otherGenesis("it names a validator twice")
    }
  }
}
