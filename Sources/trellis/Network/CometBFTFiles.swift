import Cryptography
import Foundation
import Ledger
import Primitives

/// The files of a CometBFT v0.38 home directory.
enum CometBFTFiles {
  /// The release that the files are for, and the only line that is supported.
  static let supportedVersion = "v0.38.25"

  // MARK: Keys

  /// `priv_validator_key.json`: the key with which the node votes.
  static func validatorKey(seed: Bytes32) -> [String: Any] {
    let key = SigningKey(seed: seed)
    return [
      "address": ConsensusAddress(publicKey: key.accountID.value).description,
      "pub_key": publicKey(key.accountID.value),
      "priv_key": privateKey(seed: seed),
    ]
  }

  /// `node_key.json`: the node's name among its peers.
  static func nodeKey(seed: Bytes32) -> [String: Any] { ["priv_key": privateKey(seed: seed)] }

  /// `priv_validator_state.json` of a validator that has never voted.
  static var unusedValidatorState: [String: Any] { ["height": "0", "round": 0, "step": 0] }

  private static func publicKey(_ key: Bytes32) -> [String: String] {
    ["type": "tendermint/PubKeyEd25519", "value": Data(key.bytes).base64EncodedString()]
  }

  private static func privateKey(seed: Bytes32) -> [String: String] {
    let bytes = seed.bytes + SigningKey(seed: seed).accountID.bytes
    return ["type": "tendermint/PrivKeyEd25519", "value": Data(bytes).base64EncodedString()]
  }

  // MARK: Genesis

  /// `genesis.json`: what the engine begins with. The ledger's own genesis is beside it; its hash
  /// is in `app_state`.
  static func genesis(_ plan: TestnetPlan) -> [String: Any] {
    [
      "genesis_time": time(plan.genesis.genesisTimeMilliseconds),
      "chain_id": plan.chainName,
      "initial_height": "1",
      "consensus_params": consensusParameters,
      "validators": plan.nodes.map { node in
        let key = node.identity.consensusKey.accountID.value
        return [
          "address": ConsensusAddress(publicKey: key).description, "pub_key": publicKey(key),
          "power": "1000", "name": node.name,
        ] as [String: Any]
      },
      "app_hash": "",
      "app_state": ["chain": plan.genesis.chain.hex],
    ]
  }

  private static var consensusParameters: [String: Any] {
    [
      "block": ["max_bytes": "22020096", "max_gas": "-1"],
      "evidence": [
        "max_age_num_blocks": "100000", "max_age_duration": "172800000000000",
        "max_bytes": "1048576",
      ],
      "validator": ["pub_key_types": ["ed25519"]],
      "version": ["app": "1"],
      "abci": ["vote_extensions_enable_height": "1"],
    ]
  }

  private static func time(_ milliseconds: UInt64) -> String {
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    return formatter.string(from: Date(timeIntervalSince1970: Double(milliseconds) / 1000))
  }

  // MARK: Configuration

  /// Where a node that joins gets its first state from, and the block that it trusts.
  struct StateSync {
    /// Two RPC addresses, `HOST:PORT`, at least.
    let servers: [String]
    let height: UInt64
    /// The block's hash in hexadecimal digits.
    let hash: String
  }

  /// `config.toml`. Every key is one of v0.38's documented file.
  /// - Parameter peers: `ID@HOST:PORT` each.
  static func configuration(
    of node: TestnetPlan.Node, peers: [String], stateSync: StateSync? = nil
  ) -> String {
    """
    # CometBFT \(supportedVersion) beside a Trellis ledger. What is not here has its default.
    proxy_app = "\(node.abciEndpoint)"
    abci = "socket"
    moniker = "\(node.name)"
    db_backend = "goleveldb"
    db_dir = "data"
    log_level = "info"
    log_format = "json"
    genesis_file = "config/genesis.json"
    priv_validator_key_file = "config/priv_validator_key.json"
    priv_validator_state_file = "data/priv_validator_state.json"
    node_key_file = "config/node_key.json"

    [rpc]
    laddr = "tcp://127.0.0.1:\(node.rpcPort)"
    max_body_bytes = 8000000
    # Whoever waits for a transaction's block holds a subscription meanwhile.
    max_subscription_clients = 1000
    timeout_broadcast_tx_commit = "20s"

    [p2p]
    # Loopback: name an address that peers reach, and open its port, for a network of machines.
    laddr = "tcp://127.0.0.1:\(node.peerPort)"
    persistent_peers = "\(peers.joined(separator: ","))"
    pex = false
    # Several nodes share one address here; false is right on machines of their own.
    addr_book_strict = false
    allow_duplicate_ip = true

    [mempool]
    type = "flood"
    recheck = true
    size = 20000
    max_tx_bytes = \(BlockItem.byteLimit)

    [statesync]
    # A node that joins: see docs/validators.md.
    enable = \(stateSync != nil)
    rpc_servers = "\((stateSync?.servers ?? []).joined(separator: ","))"
    trust_height = \(stateSync?.height ?? 0)
    trust_hash = "\(stateSync?.hash ?? "")"
    trust_period = "168h0m0s"

    [blocksync]
    version = "v0"

    [consensus]
    wal_file = "data/cs.wal/wal"
    timeout_commit = "1s"
    # The ledger's clock and its proof windows need blocks when nobody sends anything.
    create_empty_blocks = true

    [storage]
    discard_abci_responses = false

    [tx_index]
    indexer = "kv"

    [instrumentation]
    prometheus = false

    """
  }
}
