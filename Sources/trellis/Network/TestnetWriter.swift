import Foundation

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
    let engineGenesis = try ValidatorHome.encode(CometBFTFiles.genesis(plan))
    for node in plan.nodes {
      let peers = plan.nodes.filter { $0.index != node.index }.map(\.peerAddress)
      let home = ValidatorHome(root: "\(root)/\(node.name)")
      try home.writeEngine(
        node, configuration: CometBFTFiles.configuration(of: node, peers: peers),
        genesis: engineGenesis)
      try home.writeLedger(
        node, genesis: plan.genesis, identities: node.index == 0 ? plan.customers : [])
    }
    let services = TestnetServices(
      plan: plan, root: root, trellis: trellis, cometBFT: cometBFT)
    try NetworkDirectory.make(root + "/systemd", mode: 0o755)
    for unit in services.units {
      try AtomicFile.write(Data(unit.text.utf8), to: root + "/systemd/" + unit.name)
    }
    try AtomicFile.write(Data(services.compose.utf8), to: root + "/docker-compose.yml")
  }
}
