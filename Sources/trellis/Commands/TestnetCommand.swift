import ArgumentParser
import Foundation

/// Writes a network of several validators on CometBFT.
struct TestnetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "testnet",
    abstract: "Write the directories of a network of several validators on CometBFT.",
    discussion: """
      Each validator gets a home directory for CometBFT \(CometBFTFiles.supportedVersion) and one \
      for its ledger; beside them are systemd units and a compose file that start both. Everything \
      listens on loopback until its configuration says otherwise: docs/validators.md.

      Example:
        trellis network testnet --validators 4 --out /srv/testnet
        trellis validator --data /srv/testnet/node0/trellis --abci tcp://127.0.0.1:26658 &
        cometbft start --home /srv/testnet/node0/cometbft
        trellis network testnet --out /srv/helium --preset helium --epoch 10
      """)
  @Option(help: "How many validators; four go on without one of them.")
  var validators = 4
  @Option(help: "The directory to make.", completion: .directory)
  var out: String
  @Option(help: "The first node's port for peers; RPC, ABCI and the other nodes follow (26656).")
  var port = TestnetPlan.Node.standardPortBase
  @Option(help: "The chain's name: up to 50 letters, digits and dashes.")
  var chainName = "trellis-testnet"
  @Option(
    help: """
      The length of a settlement epoch in seconds (60 by default; at least 5, or 1 with --preset).
      """)
  var epoch: Int?
  @OptionGroup var rules: PresetOptions
  @Option(help: "Where the units find CometBFT.")
  var cometbft = "/usr/local/bin/cometbft"
  @Option(help: "Where the units find this program (else where it is now).")
  var trellis: String?

  func validate() throws {
    guard (1...100).contains(validators) else {
      throw ValidationError("--validators is a number from 1 to 100.")
    }
    try TestnetPlan.check(portBase: port)
    guard (1...50).contains(chainName.utf8.count),
      chainName.utf8.allSatisfy({
        $0 == 45 || Character(UnicodeScalar($0)).isLetter
          || Character(UnicodeScalar($0)).isNumber
      })
    else { throw ValidationError("--chain-name has 1 to 50 letters, digits and dashes.") }
    try rules.check(epoch: epoch)
  }

  func run() async throws {
    let root = NetworkDirectory(out).root
    let writer = TestnetWriter(
      plan: TestnetPlan(
        chainName: chainName, validators: validators, portBase: port,
        epochMilliseconds: epoch.map { UInt64($0) * 1000 }
          ?? TestnetPlan.standardEpochMilliseconds,
        preset: try rules.rules()), root: root,
      trellis: trellis ?? ChildProcess.ownExecutable, cometBFT: cometbft)
    try writer.write()
    print("\(validators) validators in \(root); the commands that start them: docs/validators.md")
  }
}
