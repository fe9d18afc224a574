import Cryptography
import Foundation
import Ledger
import LedgerStore
import Primitives
import ServiceKit

/// The chain's objects in the shapes of CometBFT's RPC. Fields that Solo has no meaning for (votes'
/// hashes, consensus parameters' hash) are there and empty.
enum RPCShapes {
  /// A number as CometBFT writes 64-bit ones.
  static func text(_ number: some BinaryInteger) -> JSONValue { .string("\(number)") }

  /// Bytes in base 64.
  static func base64(_ bytes: [UInt8]) -> JSONValue {
    .string(Data(bytes).base64EncodedString())
  }

  /// A hash in upper-case hexadecimal digits.
  static func hash(_ digest: Digest) -> JSONValue { .string(digest.hex.uppercased()) }

  /// CometBFT's address of a validator: the first 20 bytes of the key's SHA-256.
  static func address(_ account: AccountID) -> JSONValue {
    .string(Array(Digest.sha256(account.bytes).bytes.prefix(20)).hex.uppercased())
  }

  static func publicKey(_ account: AccountID) -> JSONValue {
    ["type": "tendermint/PubKeyEd25519", "value": base64(account.bytes)]
  }

  /// Milliseconds since 1970 as RFC 3339 in UTC.
  static func time(_ milliseconds: UInt64) -> JSONValue {
    let seconds = Int(clamping: milliseconds / 1000)
    let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
    // Civil date from days since 1970 (proleptic Gregorian), in eras of 400 years.
    let shifted = days + 719_468
    let era = shifted / 146_097
    let day = shifted - era * 146_097
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let date = (
      year: year + era * 400 + (month >= 10 ? 1 : 0), month: month < 10 ? month + 3 : month - 9,
      day: dayOfYear - (153 * month + 2) / 5 + 1
    )
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let fraction = String(milliseconds % 1000 + 1000).dropFirst()
    return .string(
      "\(date.year)-\(two(date.month))-\(two(date.day))T\(two(rest / 3600)):"
        + "\(two(rest / 60 % 60)):\(two(rest % 60)).\(fraction)Z")
  }

  /// A block's identity. Solo does not cut blocks into parts: there is one, known by its items.
  static func blockID(_ header: BlockHeader) -> JSONValue {
    [
      "hash": hash(header.hash),
      "parts": ["total": 1, "hash": hash(header.itemsHash)],
    ]
  }

  static let noBlockID: JSONValue = ["hash": "", "parts": ["total": 0, "hash": ""]]

  static func header(
    _ header: BlockHeader, chainName: String, previous: BlockHeader?
  ) -> JSONValue {
    [
      "version": ["block": "11", "app": "1"],
      "chain_id": .string(chainName),
      "height": text(header.height),
      "time": time(header.timeMilliseconds),
      "last_block_id": previous.map(blockID) ?? noBlockID,
      "last_commit_hash": "",
      "data_hash": hash(header.itemsHash),
      "validators_hash": "",
      "next_validators_hash": "",
      "consensus_hash": "",
      "app_hash": hash(header.appHash),
      "last_results_hash": "",
      "evidence_hash": "",
      "proposer_address": address(header.proposer),
    ]
  }

  /// A block's commit: on Solo the proposer's one signature over the header's hash.
  static func commit(_ block: StoredBlock) -> JSONValue {
    [
      "height": text(block.header.height),
      "round": 0,
      "block_id": blockID(block.header),
      "signatures": [
        [
          "block_id_flag": 2,
          "validator_address": address(block.header.proposer),
          "timestamp": time(block.header.timeMilliseconds),
          "signature": base64(block.signature.bytes),
        ]
      ],
    ]
  }

  static func block(
    _ block: StoredBlock, chainName: String, previous: StoredBlock?
  ) -> JSONValue {
    [
      "header": header(block.header, chainName: chainName, previous: previous?.header),
      "data": ["txs": .array(block.items.map(base64))],
      "evidence": ["evidence": []],
      "last_commit": previous.map(commit)
        ?? ["height": "0", "round": 0, "block_id": noBlockID, "signatures": []],
    ]
  }

  static func events(_ events: [StoredEvent]) -> JSONValue {
    .array(
      events.map { stored in
        let attributes: [JSONValue] = stored.event.attributes.map {
          ["key": .string($0.name), "value": .string($0.value), "index": true]
        }
        return ["type": .string(stored.event.kind), "attributes": .array(attributes)]
      })
  }

  /// An item's result. The log is `name: detail`, so that a client can tell both.
  static func result(_ result: StoredItemResult, events list: [StoredEvent]) -> JSONValue {
    let isSuccess = result.code == 0
    return [
      "code": .number("\(result.code)"),
      "data": .null,
      "log": isSuccess ? "" : .string("\(result.codeName): \(result.detail)"),
      "info": "",
      "gas_wanted": "0",
      "gas_used": "0",
      "events": events(list),
      "codespace": isSuccess ? "" : "trellis",
    ]
  }

  /// The result of a check that refused, or (with nil) of one that did not.
  static func check(_ rejection: Rejection?) -> JSONValue {
    let stored = rejection.map {
      StoredItemResult(code: $0.code.number, codeName: $0.code.name, detail: $0.detail)
    }
    return result(
      stored ?? StoredItemResult(code: 0, codeName: "", detail: ""), events: [])
  }

  /// A block's results with each item's events at the item.
  static func results(_ results: StoredResults) -> (items: JSONValue, block: JSONValue) {
    var perItem = Array(repeating: [StoredEvent](), count: results.results.count)
    var rest: [StoredEvent] = []
    for event in results.events {
      if let index = event.itemIndex.map(Int.init), index < perItem.count {
        perItem[index].append(event)
      } else {
        rest.append(event)
      }
    }
    let items = zip(results.results, perItem).map { result($0, events: $1) }
    return (.array(items), events(rest))
  }

  /// A committed transaction, as `tx` answers it.
  static func transaction(_ item: CommittedItem, hash digest: Digest, proves: Bool) -> JSONValue {
    var fields = [
      JSONValue.Field("hash", hash(digest)),
      JSONValue.Field("height", text(item.height)),
      JSONValue.Field("index", .number("\(item.index)")),
      JSONValue.Field("tx_result", result(item.result, events: item.events)),
      JSONValue.Field("tx", base64(item.bytes)),
    ]
    if proves { fields.append(JSONValue.Field("proof", proof(item))) }
    return .object(fields)
  }

  private static func proof(_ item: CommittedItem) -> JSONValue {
    let leaves = StoredBlock.itemLeaves(of: item.block.block.items)
    let path = MerkleTree.path(to: item.index, in: leaves)
    return [
      "root_hash": hash(item.block.block.header.itemsHash),
      "data": base64(item.bytes),
      "proof": [
        "total": text(leaves.count),
        "index": text(item.index),
        "leaf_hash": base64(leaves[item.index].bytes),
        "aunts": .array(path.map { base64($0.bytes) }),
      ],
    ]
  }

  static let consensusParameters: JSONValue = [
    "block": ["max_bytes": "22020096", "max_gas": "-1"],
    "evidence": [
      "max_age_num_blocks": "100000", "max_age_duration": "172800000000000",
      "max_bytes": "1048576",
    ],
    "validator": ["pub_key_types": ["ed25519"]],
    "version": ["app": "1"],
    "abci": ["vote_extensions_enable_height": "0"],
  ]
}
