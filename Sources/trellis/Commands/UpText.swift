import Foundation
import Ledger
import Primitives

/// What `up` prints.
enum UpText {
  /// Before anything is started: what network it is, and its governed parameters.
  static func opening(_ opened: NetworkFounder.Result, directory: NetworkDirectory) -> String {
    let genesis = opened.genesis
    var lines = [
      "\(opened.isNew ? "a new network" : "resuming the network") in \(directory.root)",
      "  chain \(genesis.chainName), \(genesis.chain.hex.prefix(16))…; policy \(genesis.policy); "
        + "epoch \(opened.settings.epochMilliseconds / 1000) s; "
        + "\(opened.settings.providers.count) providers",
      "  its one validator alone makes the beacon: trust it as far as you trust this machine",
      "  parameters (governed; production value in brackets):",
    ]
    let values = Dictionary(
      genesis.parameters.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    for declaration in DevnetGenesis.declarations {
      let value = values[declaration.name] ?? declaration.production
      lines.append("    \(declaration.name) = \(value) [\(declaration.production)]")
    }
    lines += opened.notes.map { "  note: \($0)" }
    return lines.joined(separator: "\n")
  }

  /// When everything runs: where to go next. The first line begins with `ready`.
  static func ready(_ network: OpenNetwork, isNew: Bool) throws -> String {
    let ports = network.settings.ports
    let flag =
      network.directory.root == NetworkDirectory(".trellis").root
      ? "" : " --data \(network.directory.root)"
    return """
      ready: S3 at http://127.0.0.1:\(ports.gateway), the page at \
      http://127.0.0.1:\(ports.dashboard), RPC at http://127.0.0.1:\(ports.validator)
        In another terminal:
          eval "$(\(CommandLine.arguments[0]) env\(flag))"
          aws s3 mb s3://photos && aws s3 cp README.md s3://photos/
          \(CommandLine.arguments[0]) status\(flag)
          \(CommandLine.arguments[0]) earnings --explain\(flag)
        Ctrl-C stops it.
      """
  }
}
