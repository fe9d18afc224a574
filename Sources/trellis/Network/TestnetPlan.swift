import ArgumentParser
import Cryptography
import Economics
import Foundation
import Ledger
import Primitives

/// A network of several validators on CometBFT, as `trellis network testnet` writes it.
struct TestnetPlan {
  /// One validator: its identity, its node's key, and where its node listens.
  struct Node {
    let index: Int
    /// The first node's port for peers.
    let portBase: Int
    let identity: IdentitySeed
    /// The seed of the node's key: its name among its peers.
    let nodeKeySeed: Bytes32

    /// CometBFT's own.
    static let standardPortBase = 26_656

    /// A validator with fresh keys.
    init(index: Int, portBase: Int = standardPortBase) {
      self.index = index
      self.portBase = portBase
      identity = IdentitySeed(TestnetPlan.random())
      nodeKeySeed = TestnetPlan.random()
    }

    var name: String { "node\(index)" }
    var nodeID: String {
      ConsensusAddress(publicKey: SigningKey(seed: nodeKeySeed).accountID.value).bytes.hex
    }

    // Ten ports a node.
    var peerPort: Int { portBase + 10 * index }
    var rpcPort: Int { peerPort + 1 }
    var abciPort: Int { peerPort + 2 }
    /// From where on the ledger's own processes listen: well below the engines', 160 ports a node,
    /// which are enough for 70 providers on its machine.
    var ledgerPortBase: Int { portBase - 16_656 + 160 * index }
    var abciEndpoint: String { "tcp://127.0.0.1:\(abciPort)" }
    var peerAddress: String { "\(nodeID)@127.0.0.1:\(peerPort)" }
  }

  let chainName: String
  let nodes: [Node]
  let genesis: Genesis

  /// The customers' and the faucet's identities, which go into the first node's secrets.
  let customers: [(name: String, seed: IdentitySeed)]

  static let standardEpochMilliseconds: UInt64 = 60_000

  /// The length of an epoch.
  let epochMilliseconds: UInt64

  /// - Parameter preset: the rules by which epochs are settled; nil for `commons/0`.
  init(
    chainName: String, validators count: Int, portBase: Int = Node.standardPortBase,
    epochMilliseconds: UInt64 = TestnetPlan.standardEpochMilliseconds,
    preset: GenesisPreset? = nil, now: Date = Date()
  ) {
    self.chainName = chainName
    self.epochMilliseconds = epochMilliseconds
    nodes = (0..<count).map { Node(index: $0, portBase: portBase) }
    customers = ["main", "alt", "faucet"].map { ($0, IdentitySeed(Self.random())) }
    let milliseconds = UInt64(now.timeIntervalSince1970 * 1000)
    genesis = Genesis(
      chainName: chainName, genesisTimeMilliseconds: milliseconds,
      accounts: customers.map {
        .init(account: $0.seed.ledgerKey.accountID, amount: .whole(DevnetGenesis.customerTokens))
      }
        + nodes.map {
          .init(
            account: $0.identity.ledgerKey.accountID, amount: .whole(DevnetGenesis.providerTokens))
        },
      validators: nodes.map { node in
        .init(
          account: node.identity.ledgerKey.accountID,
          verifiableRandomPublicKey: node.identity.verifiableRandomKey.publicKey, name: node.name,
          consensusPublicKey: node.identity.consensusKey.accountID.value,
          stake: .whole(DevnetGenesis.validatorStake))
      },
      governors: nodes.map(\.identity.ledgerKey.accountID),
      parameters: DevnetGenesis.parameters(epochMilliseconds: epochMilliseconds, preset),
      policy: CommonsPolicy.id, allowsFaucet: true, preset: preset)
  }

  /// Refuses a port that leaves no room for a hundred nodes.
  /// - Throws: `ValidationError`.
  static func check(portBase: Int) throws {
    guard (20_000...60_000).contains(portBase) else {
      throw ValidationError("--port \(portBase) is not within 20000 to 60000.")
    }
  }

  fileprivate static func random() -> Bytes32 {
    var source = SystemRandomNumberGenerator()
    return Bytes32(words: (source.next(), source.next(), source.next(), source.next()))
  }
}
