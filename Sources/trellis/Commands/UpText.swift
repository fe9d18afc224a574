import Economics
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
      mapping(opened)
        + "  its one validator alone makes the beacon: trust it as far as you trust this machine",
      "  parameters (governed; production value in brackets):",
    ]
    let values = Dictionary(
      genesis.parameters.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    for declaration in DevnetGenesis.declarations(policy: genesis.policy) {
      let value = values[declaration.name] ?? declaration.production
      lines.append("    \(declaration.name) = \(value) [\(declaration.production)]")
    }
    lines += opened.notes.map { "  note: \($0)" }
    return lines.joined(separator: "\n")
  }

  /// Which epoch of its preset each epoch stands for, and what of the rules is uncertain.
  private static func mapping(_ opened: NetworkFounder.Result) -> String {
    guard let rules = opened.genesis.preset else { return "" }
    let (preset, first) = (rules.preset, rules.firstEpoch)
    var lines = [
      "  preset \(preset.name): an epoch of \(opened.settings.epochMilliseconds / 1000) s stands "
        + "for one of \(preset.title)'s, \(duration(preset.calendar.epochSeconds)); epoch 0 is "
        + "its epoch \(first), \(preset.calendar.start(of: first))"
    ]
    let date = preset.calendar.start(of: first)
    for set in preset.rules {
      let isInForce = set == preset.rules(at: first)
      guard isInForce || set.effectiveFrom > date else { continue }
      lines.append(
        isInForce
          ? "  rules \(set.id): \(set.summary)"
          : "  rules \(set.id) from \(set.effectiveFrom), epoch "
            + "\(preset.calendar.epoch(from: set.effectiveFrom) - first)")
      lines += set.uncertain.map { "    uncertain: \($0)" }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func duration(_ seconds: UInt64) -> String {
    switch seconds {
    case 86_400: "a day"
    case 3_600: "an hour"
    case let long where long % 86_400 == 0: "\(long / 86_400) days"
    case let some where some % 60 == 0: "\(some / 60) minutes"
    default: "\(seconds) seconds"
    }
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
