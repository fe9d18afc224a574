import Cryptography
import Foundation
import Ledger

/// A validator's directory: `cometbft`, a home of the engine, and `trellis`, its ledger.
struct ValidatorHome {
  let root: String

  var ledger: NetworkDirectory { NetworkDirectory(root + "/trellis") }

  /// Writes the engine's home. - Throws: ``UserError``.
  func writeEngine(
    _ node: TestnetPlan.Node, configuration: String, genesis: Data
  ) throws {
    let home = root + "/cometbft"
    try NetworkDirectory.make(home + "/config", mode: 0o700)
    try NetworkDirectory.make(home + "/data", mode: 0o700)
    try AtomicFile.write(Data(configuration.utf8), to: home + "/config/config.toml")
    try AtomicFile.write(genesis, to: home + "/config/genesis.json")
    try write(CometBFTFiles.nodeKey(seed: node.nodeKeySeed), to: home + "/config/node_key.json")
    try write(
      CometBFTFiles.validatorKey(seed: node.identity.consensusKeySeed),
      to: home + "/config/priv_validator_key.json")
    try write(
      CometBFTFiles.unusedValidatorState, to: home + "/data/priv_validator_state.json")
  }

  /// Writes the ledger's directory, with the validator's seed and those of some customers.
  /// - Throws: ``UserError``.
  func writeLedger(
    _ node: TestnetPlan.Node, genesis: Genesis,
    identities: [(name: String, seed: IdentitySeed)] = []
  ) throws {
    let epoch = genesis.parameters.first { $0.name == LedgerParameters.epochMilliseconds }?.value
    var settings = NetworkSettings(
      portBase: node.ledgerPortBase,
      epochMilliseconds: epoch.map { UInt64(clamping: $0) }
        ?? TestnetPlan.standardEpochMilliseconds, providers: [],
      identities: identities.map(\.name).filter { $0 != "faucet" })
    // The ledger's RPC is the node's: `--data` of every command finds it there.
    settings.engineRPC = "http://127.0.0.1:\(node.rpcPort)"
    try ledger.prepare(for: [.validator])
    let secrets = SecretStore(ledger)
    _ = try secrets.add("validator", seed: node.identity.value)
    for identity in identities {
      _ = try secrets.add(identity.name, seed: identity.seed.value)
    }
    try GenesisFile.write(genesis, to: ledger)
    try settings.save(to: ledger)
  }

  private func write(_ object: [String: Any], to path: String) throws {
    try AtomicFile.write(try Self.encode(object), to: path, mode: 0o600)
  }

  /// A file as the engine reads it.
  static func encode(_ object: [String: Any]) throws -> Data {
    try JSONSerialization.data(
      withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
      + Data([10])
  }
}
