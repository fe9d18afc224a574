import ArgumentParser
import Cryptography
import Foundation
import Ledger
import Primitives

/// Writes the directories of a validator that joins a running network.
struct JoinCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "join",
    abstract: "Write the directories of a validator that joins a running network.",
    discussion: """
      It needs the two genesis files of the network, as they lie in any of its nodes' directories: \
      cometbft/config/genesis.json and trellis/genesis.json. Keys are made anew and are for this \
      node alone. With --state-sync it fetches a snapshot instead of replaying every block.

      Example:
        trellis network join --genesis-from ./copied --peer 8e27…@10.0.0.7:26656 --out /srv/node
        trellis network join --genesis-from ./copied --peer 8e27…@10.0.0.7:26656 --out /srv/node \
          --state-sync 10.0.0.7:26657 --state-sync 10.0.0.8:26657 \
          --trust-height 4000 --trust-hash 5A0C…
      """)
  @Option(help: "A directory with cometbft/config/genesis.json and trellis/genesis.json.")
  var genesisFrom: String
  @Option(help: "A node to dial, ID@HOST:PORT; repeat it. `cometbft show-node-id` says its ID.")
  var peer: [String]
  @Option(help: "The directory to make.", completion: .directory)
  var out: String
  @Option(help: "Ports go up by ten a node, as in a testnet: which this one is.")
  var node = 0
  @Option(help: "The port for peers of node 0 (26656).")
  var port = TestnetPlan.Node.standardPortBase
  @Option(help: "An RPC address to fetch a snapshot's proof from, HOST:PORT; two or more.")
  var stateSync: [String] = []
  @Option(help: "The height of a recent block that you have from someone you trust.")
  var trustHeight: UInt64?
  @Option(help: "That block's hash, 64 hexadecimal digits.")
  var trustHash: String?

  func validate() throws {
    guard !peer.isEmpty else { throw ValidationError("Name a --peer to dial.") }
    for text in peer + stateSync {
      guard text.allSatisfy({ $0.isASCII && !$0.isWhitespace && !"\",".contains($0) }) else {
        throw ValidationError("“\(text)” is no address: one a time, without quotes and commas.")
      }
    }
    if let wrong = peer.first(where: { !Self.isPeer($0) }) {
      throw ValidationError("--peer “\(wrong)” is not ID@HOST:PORT with an ID of 40 digits.")
    }
    try TestnetPlan.check(portBase: port)
    guard (0..<100).contains(node) else { throw ValidationError("--node is from 0 to 99.") }
    if stateSync.isEmpty { return }
    guard stateSync.count >= 2, trustHeight != nil, trustHash != nil else {
      throw ValidationError(
        "State sync takes two --state-sync servers, --trust-height and --trust-hash.")
    }
    guard Digest(hex: trustHash?.lowercased() ?? "") != nil else {
      throw ValidationError("--trust-hash takes 64 hexadecimal digits.")
    }
  }

  /// Whether a text is a node's address among its peers.
  static func isPeer(_ text: String) -> Bool {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].utf8.count == 40, [UInt8](hex: parts[0].lowercased()) != nil,
      let colon = parts[1].lastIndex(of: ":"), colon != parts[1].startIndex,
      case let digits = parts[1][parts[1].index(after: colon)...],
      digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits)
    else { return false }
    return port > 0
  }

  func run() async throws {
    let home = ValidatorHome(root: NetworkDirectory(out).root)
    guard !FileManager.default.fileExists(atPath: home.root) else {
      throw UserError(
        "\(home.root) exists already", advice: "Name a directory that does not, with --out.")
    }
    let genesis = try GenesisFile.read(from: NetworkDirectory(genesisFrom + "/trellis"))
    let engineGenesis = try Self.engineGenesis(
      genesisFrom + "/cometbft/config/genesis.json", of: genesis)
    let node = TestnetPlan.Node(index: node, portBase: port)
    let sync = trustHeight.map {
      CometBFTFiles.StateSync(servers: stateSync, height: $0, hash: trustHash ?? "")
    }
    try home.writeEngine(
      node,
      configuration: CometBFTFiles.configuration(
        of: node, peers: peer, stateSync: stateSync.isEmpty ? nil : sync),
      genesis: engineGenesis)
    try home.writeLedger(node, genesis: genesis)
    print(Self.nextSteps(home, node))
  }

  /// The engine's genesis, which must belong to the ledger's. - Throws: ``UserError``.
  private static func engineGenesis(_ path: String, of genesis: Genesis) throws -> Data {
    struct Document: Decodable {
      struct State: Decodable { let chain: String? }
      let chainName: String
      let state: State?
      enum CodingKeys: String, CodingKey {
        case chainName = "chain_id"
        case state = "app_state"
      }
    }
    guard let data = FileManager.default.contents(atPath: path),
      let document = try? JSONDecoder().decode(Document.self, from: data)
    else { throw UserError("\(path) cannot be read, or is no genesis of CometBFT") }
    guard document.chainName == genesis.chainName,
      document.state?.chain.map({ $0 == genesis.chain.hex }) ?? true
    else {
      throw UserError(
        "\(path) is of \(document.chainName), and not of the ledger's genesis beside it, "
          + "\(genesis.chainName) \(genesis.chain.hex)",
        advice: "Copy both genesis files from one node.")
    }
    return data
  }

  private static func nextSteps(_ home: ValidatorHome, _ node: TestnetPlan.Node) -> String {
    """
    A validator's directory: \(home.root)
    Its account:             \(node.identity.ledgerKey.accountID.didKey)
    Its consensus key:       \(node.identity.consensusKey.accountID.hex)

    Start it:
      trellis validator --data \(home.root)/trellis --abci \(node.abciEndpoint)
      cometbft start --home \(home.root)/cometbft
    When its account has tokens and it has caught up, stake; two blocks later it votes:
      trellis tx create-validator --data \(home.root)/trellis --from validator --name NAME \\
        --consensus-key \(node.identity.consensusKey.accountID.hex) --stake 1000
    """
  }
}
