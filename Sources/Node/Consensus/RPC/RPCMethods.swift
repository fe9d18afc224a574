import Cryptography
import LedgerStore
import Primitives
import ServiceKit

/// CometBFT's methods over Solo.
struct RPCMethods: Sendable {
  /// The methods and the names of their parameters in order, as CometBFT has them.
  static let parameterNames: [String: [String]] = [
    "health": [], "status": [], "net_info": [], "genesis": [], "abci_info": [],
    "abci_query": ["path", "data", "height", "prove"],
    "block": ["height"], "block_by_hash": ["hash"], "block_results": ["height"],
    "blockchain": ["minHeight", "maxHeight"], "header": ["height"], "header_by_hash": ["hash"],
    "commit": ["height"], "validators": ["height", "page", "per_page"],
    "consensus_params": ["height"], "tx": ["hash", "prove"],
    "tx_search": ["query", "prove", "page", "per_page", "order_by"],
    "unconfirmed_txs": ["limit"], "num_unconfirmed_txs": [], "check_tx": ["tx"],
    "broadcast_tx_async": ["tx"], "broadcast_tx_sync": ["tx"], "broadcast_tx_commit": ["tx"],
  ]

  /// CometBFT's methods that Solo has no meaning for.
  static let unsupported: Set<String> = [
    "block_search", "broadcast_evidence", "consensus_state", "dump_consensus_state",
    "genesis_chunked",
  ]

  let driver: SoloDriver
  /// What `status` says of the node.
  let moniker: String
  let listenAddress: String

  var reader: ChainReader { ChainReader(driver: driver) }

  /// Calls a method.
  /// - Throws: ``RPCError``.
  func call(_ method: String, _ arguments: RPCArguments) async throws(RPCError) -> JSONValue {
    switch method {
    case "health": return [:]
    case "status": return try status()
    case "net_info":
      return [
        "listening": true, "listeners": [.string("Listener(@\(listenAddress))")], "n_peers": "0",
        "peers": [],
      ]
    case "abci_info": return abciInfo()
    case "abci_query": return try await abciQuery(arguments)
    case "genesis": return genesis()
    case "consensus_params":
      let height = try reader.height(arguments.integer("height"))
      return [
        "block_height": RPCShapes.text(height),
        "consensus_params": RPCShapes.consensusParameters,
      ]
    case "validators": return try validators(arguments)
    case "block", "block_by_hash", "block_results", "blockchain", "header", "header_by_hash",
      "commit":
      return try blockMethod(method, arguments)
    case _ where Self.unsupported.contains(method):
      throw .internal("\(method) is not supported by the Solo driver")
    default: return try await transactionMethod(method, arguments)
    }
  }

  private func status() throws(RPCError) -> JSONValue {
    let info = reader.info
    let latest = info.height > 0 ? try reader.block(at: info.height).header : nil
    let first = try reader.earliestHeight()
    let earliest = first > 0 ? try reader.block(at: first).header : nil
    let empty = JSONValue.string("")
    let genesisTime = driver.application.genesis.genesisTimeMilliseconds
    return [
      "node_info": nodeInfo,
      "sync_info": [
        "latest_block_hash": latest.map { RPCShapes.hash($0.hash) } ?? empty,
        "latest_app_hash": latest.map { RPCShapes.hash($0.appHash) } ?? empty,
        "latest_block_height": RPCShapes.text(info.height),
        "latest_block_time": RPCShapes.time(info.timeMilliseconds),
        "earliest_block_hash": earliest.map { RPCShapes.hash($0.hash) } ?? empty,
        "earliest_app_hash": earliest.map { RPCShapes.hash($0.appHash) } ?? empty,
        "earliest_block_height": RPCShapes.text(first),
        "earliest_block_time": RPCShapes.time(earliest?.timeMilliseconds ?? genesisTime),
        "catching_up": false,
      ],
      "validator_info": [
        "address": RPCShapes.address(driver.proposer),
        "pub_key": RPCShapes.publicKey(driver.proposer),
        "voting_power": "1",
      ],
    ]
  }

  private var nodeInfo: JSONValue {
    let id = Array(Digest.sha256(driver.proposer.bytes).bytes.prefix(20)).hex
    return [
      "protocol_version": ["p2p": "8", "block": "11", "app": "1"],
      "id": .string(id),
      "listen_addr": .string("tcp://\(listenAddress)"),
      "network": .string(reader.chainName),
      "version": "solo/1",
      "channels": "",
      "moniker": .string(moniker),
      "other": ["tx_index": "on", "rpc_address": .string("tcp://\(listenAddress)")],
    ]
  }

  private func abciInfo() -> JSONValue {
    let info = reader.info
    return [
      "response": [
        "data": .string("trellis"), "version": "1", "app_version": "1",
        "last_block_height": RPCShapes.text(info.height),
        "last_block_app_hash": RPCShapes.base64(info.stateRoot.bytes),
      ]
    ]
  }

  private func abciQuery(_ arguments: RPCArguments) async throws(RPCError) -> JSONValue {
    let data = try arguments.bytes("data", .hex)
    let query = ApplicationQuery(
      path: try arguments.text("path"), data: data, wantsProof: try arguments.flag("prove"),
      height: UInt64(clamping: try arguments.integer("height") ?? 0))
    let outcome = await driver.application.query(query)
    let proof: JSONValue =
      outcome.proof.map { bytes in
        [
          "ops": [
            [
              "type": "trellis/state/1", "key": RPCShapes.base64(data),
              "data": RPCShapes.base64(bytes),
            ]
          ]
        ]
      } ?? .null
    return [
      "response": [
        "code": .number("\(outcome.code)"), "log": .string(outcome.log), "info": "",
        "index": "0", "key": RPCShapes.base64(data),
        "value": outcome.value.map(RPCShapes.base64) ?? .null, "proofOps": proof,
        "height": RPCShapes.text(outcome.height),
        "codespace": outcome.code == 0 ? "" : "trellis",
      ]
    ]
  }

  private func genesis() -> JSONValue {
    let genesis = driver.application.genesis
    let validators: [JSONValue] = genesis.validators.map {
      let key = AccountID($0.terms.consensusPublicKey)
      return [
        "address": RPCShapes.address(key), "pub_key": RPCShapes.publicKey(key),
        "power": RPCShapes.text($0.terms.power), "name": .string($0.terms.name),
      ]
    }
    return [
      "genesis": [
        "genesis_time": RPCShapes.time(genesis.genesisTimeMilliseconds),
        "chain_id": .string(genesis.chainName),
        "initial_height": "1",
        "consensus_params": RPCShapes.consensusParameters,
        "validators": .array(validators),
        "app_hash": "",
        "app_state": [
          "chain": .string(genesis.chain.hex),
          "canonical": RPCShapes.base64(genesis.canonicalBytes()),
        ],
      ]
    ]
  }

  private func validators(_ arguments: RPCArguments) throws(RPCError) -> JSONValue {
    let height = try reader.height(arguments.integer("height"))
    let all = driver.application.machine.validatorSet
    let range = try Page(arguments, total: all.count).range
    let listed: [JSONValue] = all[range].map {
      let key = AccountID($0.publicKey)
      return [
        "address": RPCShapes.address(key), "pub_key": RPCShapes.publicKey(key),
        "voting_power": RPCShapes.text($0.power), "proposer_priority": "0",
      ]
    }
    return [
      "block_height": RPCShapes.text(height), "validators": .array(listed),
      "count": RPCShapes.text(listed.count), "total": RPCShapes.text(all.count),
    ]
  }
}

/// A page of a list, with CometBFT's limits: 30 a page unless asked, at most 100.
struct Page {
  let range: Range<Int>

  init(_ arguments: RPCArguments, total: Int) throws(RPCError) {
    var size = try arguments.count("per_page") ?? 30
    if size < 1 { size = 30 }
    size = min(size, 100)
    let pages = max(1, (total + size - 1) / size)
    let page = try arguments.count("page") ?? 1
    guard (1...pages).contains(page) else {
      throw .internal("page should be within [1, \(pages)] range, given \(page)")
    }
    let start = (page - 1) * size
    range = start..<min(total, start + size)
  }
}
