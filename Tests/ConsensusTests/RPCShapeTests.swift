import Cryptography
import Foundation
import Primitives
import TestSupport
import Testing

@testable import Consensus

/// Solo's answers have the fields and types of those that a real CometBFT gave (recorded in
/// `Tests/Fixtures/comet-rpc`).
@Suite struct RPCShapeTests {
  private static func fixture(_ name: String) throws -> JSONValue {
    let path = SourceTree.root + "/Tests/Fixtures/comet-rpc/" + name
    return try JSONParser.parse(Array(try Data(contentsOf: URL(fileURLWithPath: path))))
  }

  /// Where the two differ: a field that is missing, or of another type. Where the recording has
  /// null or an empty list, ours may be anything; where it has a list, our first element is
  /// compared with its first.
  static func differences(
    _ recorded: JSONValue, _ ours: JSONValue, at path: String = ""
  ) -> [String] {
    switch (recorded, ours) {
    case (.object(let fields), .object):
      return fields.flatMap { field -> [String] in
        guard let value = ours[field.name] else { return ["\(path).\(field.name) is missing"] }
        return differences(field.value, value, at: "\(path).\(field.name)")
      }
    case (.array(let theirs), .array(let mine)):
      guard let first = theirs.first, let own = mine.first else { return [] }
      return differences(first, own, at: "\(path)[]")
    case (.null, _), (_, .null): return []
    case (.bool, .bool), (.number, .number), (.string, .string): return []
    default: return ["\(path): \(recorded) against \(ours)".prefix(200).description]
    }
  }

  private func expectShape(_ name: String, _ answer: String) throws {
    let ours = try JSONParser.parse(Array(answer.utf8))
    #expect(Self.differences(try Self.fixture(name), ours).isEmpty, "\(name): \(answer)")
  }

  @Test func aDifferenceIsFound() throws {
    let recorded = try Self.fixture("info/status.get.json")
    #expect(!Self.differences(recorded, ["jsonrpc": "2.0", "result": [:]]).isEmpty)
    #expect(!Self.differences(["a": "1"], ["a": 1]).isEmpty)
  }

  static let gets = [
    ("/status", "info/status.get.json"), ("/health", "info/health.get.json"),
    ("/net_info", "info/net_info.get.json"), ("/genesis", "info/genesis.get.json"),
    ("/consensus_params", "info/consensus_params.get.json"),
    ("/num_unconfirmed_txs", "info/num_unconfirmed_txs.get.json"),
    ("/block?height=2", "heights/011/block.get.json"),
    ("/block_results?height=2", "heights/011/block_results.get.json"),
    ("/commit?height=2", "heights/011/commit.get.json"),
    ("/header?height=2", "heights/011/header.get.json"),
    ("/validators?height=%222%22", "heights/011/validators.get.json"),
    ("/blockchain?minHeight=1&maxHeight=2", "blockchain/range.get.json"),
    ("/tx_search?query=%22tx.height=2%22&prove=true", "search/tx_height.get.json"),
    ("/tx_search?query=%22tx.height=99%22", "search/tx_none.get.json"),
  ]

  @Test func getsHaveTheRecordedShapes() async throws {
    try await RPCHarness.run { harness in
      try await harness.commit(sequence: 0)
      try await harness.commit(sequence: 1)
      for (path, name) in Self.gets {
        let answer = try await harness.get(path)
        #expect(answer.status == 200, "\(path): \(answer.body)")
        try expectShape(name, answer.body)
      }
      let hash = try #require(try await harness.reply("header", ["height": "2"])["last_block_id"])
      let block = try await harness.get("/block_by_hash?hash=0x\(hash["hash"]?.text ?? "")")
      try expectShape("heights/011/block_by_hash.get.json", block.body)
    }
  }

  @Test func transactionsHaveTheRecordedShapes() async throws {
    try await RPCHarness.run { harness in
      let item = Data(harness.chain.transfer(sequence: 0)).base64EncodedString()
      func call(_ method: String, _ tx: String) -> String {
        #"{"jsonrpc":"2.0","id":7,"method":"\#(method)","params":{"tx":"\#(tx)"}}"#
      }
      let committed = try await harness.post(call("broadcast_tx_commit", item))
      try expectShape("broadcast/commit_ok.post.json", committed.body)
      let again = try await harness.post(call("broadcast_tx_commit", item))
      #expect(again.body == committed.body, "the first result, again")
      try expectShape(
        "broadcast/sync_ok.post.json", try await harness.post(call("broadcast_tx_sync", item)).body)
      let bad = Data([1, 2, 3]).base64EncodedString()
      let refused = try await harness.post(call("broadcast_tx_sync", bad))
      try expectShape("broadcast/sync_checktx_rejected.post.json", refused.body)
      let result = try JSONParser.parse(Array(refused.body.utf8))["result"]
      #expect(result?["code"] == 2)
      try expectShape(
        "broadcast/commit_checktx_rejected.post.json",
        try await harness.post(call("broadcast_tx_commit", bad)).body)
      let hash = Digest.sha256(harness.chain.transfer(sequence: 0)).hex
      let found = try await harness.get("/tx?hash=0x\(hash)&prove=true")
      try expectShape("tx/multi3_prove.get.json", found.body)
    }
  }

  @Test func errorsAreTheRecordedOnes() async throws {
    try await RPCHarness.run { harness in
      try await harness.commit(sequence: 0)
      let posts = [
        (#"{"jsonrpc":"2.0","id":162,"method":"no_such_method","params":{}}"#, "unknown_method"),
        (#"{"jsonrpc":"2.0","id":1,"#, "malformed_json"),
        (
          #"{"jsonrpc":"2.0","id":153,"method":"block","params":{"height":"0"}}"#,
          "block_height_zero"
        ),
        (
          #"{"jsonrpc":"2.0","id":156,"method":"block","params":{"height":true}}"#,
          "block_height_bool"
        ),
      ]
      for (body, name) in posts {
        let answer = try await harness.post(body)
        let recorded = try Self.fixture("errors/\(name).post.json")
        #expect(try JSONParser.parse(Array(answer.body.utf8)) == recorded, "\(name)")
        #expect(answer.status == (name == "malformed_json" ? 500 : 200))
      }
      let future = try await harness.post(
        #"{"jsonrpc":"2.0","id":152,"method":"block","params":{"height":"1000000"}}"#)
      #expect(
        future.body.contains(
          "height 1000000 must be less than or equal to the current blockchain height 1"))
      let batch = try await harness.post(
        #"[{"jsonrpc":"2.0","id":1,"method":"health","params":{}},{"jsonrpc":"2.0","id":2,"#
          + #""method":"no_such_method","params":{}},{"jsonrpc":"2.0","method":"health"},"#
          + #"{"jsonrpc":"2.0","id":4,"method":"block","params":{"height":"-1"}}]"#)
      let recorded = try Self.fixture("batch/mixed_error.post.json")
      #expect(try JSONParser.parse(Array(batch.body.utf8)) == recorded)
      #expect(try await harness.post("[]").body == "")
      #expect(try await harness.get("/no_such_method").status == 404)
      let missing = try await harness.get(
        "/block_by_hash?hash=0x" + String(repeating: "AB", count: 32))
      try expectShape("errors/block_by_hash_missing.get.json", missing.body)
    }
  }

  @Test func queriesReadTheCommittedState() async throws {
    try await RPCHarness.run { harness in
      try await harness.commit(sequence: 0)
      let answer = try await harness.post(
        #"{"jsonrpc":"2.0","id":149,"method":"abci_query","params":{"path":"/height","data":""}}"#)
      try expectShape("abci_query/existing.post.json", answer.body)
      let bad = try await harness.post(
        #"{"jsonrpc":"2.0","id":1,"method":"abci_query","params":{"path":"/state","data":"YQ=="}}"#)
      #expect(bad.body.contains("-32602"))
      let unknown = try await harness.reply("abci_query", ["path": "/nowhere", "data": ""])
      #expect(unknown["response"]?["code"] == 2)
    }
  }
}

extension RPCHarness {
  /// A POST's result.
  func reply(_ method: String, _ parameters: JSONValue) async throws -> JSONValue {
    let call: JSONValue = [
      "jsonrpc": "2.0", "id": 1, "method": .string(method), "params": parameters,
    ]
    let answer = try await post(String(decoding: call.bytes, as: UTF8.self))
    let json = try JSONParser.parse(Array(answer.body.utf8))
    guard let result = json["result"] else { throw Unexpected(answer.body) }
    return result["header"] ?? result
  }
}
