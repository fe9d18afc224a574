import Cryptography
import Foundation
import Primitives

/// Writes a testnet's directories: for each validator a CometBFT home and a ledger's directory.
struct TestnetWriter {
  let plan: TestnetPlan
  let root: String
  let trellis: String
  let cometBFT: String

  /// - Throws: ``UserError``.
  func write() throws {
    guard !FileManager.default.fileExists(atPath: root) else {
      throw UserError(
        "\(root) exists already", advice: "Name a directory that does not, with --out.")
    }
    for node in plan.nodes {
      try writeEngine(node)
      try writeLedger(node)
    }
    let services = TestnetServices(
      plan: plan, root: root, trellis: trellis, cometBFT: cometBFT)
    try make(root + "/systemd", mode: 0o755)
    for unit in services.units {
      try AtomicFile.write(Data(unit.text.utf8), to: root + "/systemd/" + unit.name)
    }
    try AtomicFile.write(Data(services.compose.utf8), to: root + "/docker-compose.yml")
  }

  private func writeEngine(_ node: TestnetPlan.Node) throws {
    let home = "\(root)/\(node.name)/cometbft"
    try make(home + "/config", mode: 0o700)
    try make(home + "/data", mode: 0o700)
    try AtomicFile.write(
      Data(CometBFTFiles.configuration(of: node, in: plan).utf8), to: home + "/config/config.toml")
    try write(CometBFTFiles.genesis(plan), to: home + "/config/genesis.json", mode: 0o644)
    try write(
      CometBFTFiles.nodeKey(seed: node.nodeKeySeed), to: home + "/config/node_key.json")
    try write(
      CometBFTFiles.validatorKey(seed: node.identity.consensusKeySeed),
      to: home + "/config/priv_validator_key.json")
    try write(
      CometBFTFiles.unusedValidatorState, to: home + "/data/priv_validator_state.json")
  }

  private func writeLedger(_ node: TestnetPlan.Node) throws {
    let directory = NetworkDirectory("\(root)/\(node.name)/trellis")
    // The ledger's RPC is the node's: `--data` of every command finds it there.
    let settings = NetworkSettings(
      portBase: node.rpcPort, epochMilliseconds: TestnetPlan.epochMilliseconds, providers: [],
      identities: node.index == 0 ? ["main", "alt"] : [])
    try directory.prepare(for: [.validator])
    let secrets = SecretStore(directory)
    _ = try secrets.add("validator", seed: node.identity.value)
    if node.index == 0 {
      for customer in plan.customers {
        _ = try secrets.add(customer.name, seed: customer.seed.value)
      }
    }
    try GenesisFile.write(plan.genesis, to: directory)
    try settings.save(to: directory)
  }

  private func write(_ object: [String: Any], to path: String, mode: mode_t = 0o600) throws {
    let data = try JSONSerialization.data(
      withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    try AtomicFile.write(data + Data([10]), to: path, mode: mode)
  }

  private func make(_ path: String, mode: Int) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
    } catch {
      throw UserError("cannot make the directory \(path): \(error.localizedDescription)")
    }
  }
}
