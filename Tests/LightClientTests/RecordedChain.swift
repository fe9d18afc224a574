import Foundation
import LightClient
import TestSupport

@testable import ChainClient

/// Forty-six blocks of a real CometBFT chain whose validators change at 19, 38, 42 and 46.
enum RecordedChain {
  static let chainID = "rpc-golden-1"

  /// A height's two answers, as JSON values.
  struct Answers {
    var commit: Any
    var validators: Any

    /// The block that they hold.
    func block() throws -> LightBlock {
      let signed: SignedHeaderAnswer = try Self.decode(commit)
      let page: ValidatorsAnswer = try Self.decode(validators)
      return LightBlock(
        header: signed.header, commit: try signed.commit(),
        validators: try ConsensusValidatorSet(page.validators.map { try $0.validator() }))
    }

    private static func decode<T: Decodable & Sendable>(_ json: Any) throws -> T {
      try RecordedChain.decode(JSONSerialization.data(withJSONObject: json))
    }
  }

  /// An answer out of its envelope.
  static func decode<T: Decodable & Sendable>(_ data: Data) throws -> T {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let result = try decoder.decode(RPCEnvelope<T>.self, from: data).result else {
      throw CocoaError(.coderValueNotFound)
    }
    return result
  }

  /// A height's block as a replay takes it.
  static func engineBlock(_ height: Int) throws -> EngineBlock {
    let blocks = try blocks()
    let name = "heights/\(String(1000 + height).dropFirst())/block.get.json"
    let answer: EngineBlockAnswer = try decode(Data(contentsOf: url(name)))
    return try answer.block(blocks[height - 1], after: blocks[height - 2])
  }

  static func url(_ name: String) -> URL {
    URL(fileURLWithPath: SourceTree.root + "/Tests/Fixtures/comet-rpc/" + name)
  }

  /// All heights' answers, from 1 on.
  static func answers() throws -> [Answers] {
    let text = try String(contentsOf: url("light-client.jsonl"), encoding: .utf8)
    return try text.split(separator: "\n").map { line in
      let json = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      guard let json, let commit = json["commit"], let validators = json["validators"] else {
        throw CocoaError(.coderReadCorrupt)
      }
      return Answers(commit: commit, validators: validators)
    }
  }

  /// All blocks, from height 1 on.
  static func blocks() throws -> [LightBlock] { try answers().map { try $0.block() } }

  /// The rules under which the recording is verified.
  static let rules = LightClientRules(chainID: chainID, trustingPeriodSeconds: 86_400)

  /// A minute after the last block.
  static func now(_ blocks: [LightBlock]) -> ConsensusTime {
    (blocks.last?.header.time ?? .none).advanced(seconds: 60)
  }
}

/// One changed value of a JSON document.
struct JSONMutation {
  let path: String
  let document: Any

  /// Every document that differs from `json` in one leaf, with the leaf's path.
  static func all(of json: Any, path: String = "") -> [JSONMutation] {
    switch json {
    case let object as [String: Any]:
      return object.keys.sorted().flatMap { key in
        all(of: object[key] ?? NSNull(), path: path + "." + key).map { mutation in
          var changed = object
          changed[key] = mutation.document
          return JSONMutation(path: mutation.path, document: changed)
        }
      }
    case let list as [Any]:
      return list.indices.flatMap { index in
        all(of: list[index], path: path + "[]").map { mutation in
          var changed = list
          changed[index] = mutation.document
          return JSONMutation(path: mutation.path, document: changed)
        }
      }
    default:
      return leaf(json).map { JSONMutation(path: path, document: $0) }
    }
  }

  private static func leaf(_ value: Any) -> [Any] {
    switch value {
    case let text as String:
      if text.isEmpty { return ["00"] }
      // The first digit and one in the middle, so that a prefix and a body are both hit.
      return [0, text.count / 2].map { place in
        var characters = Array(text)
        characters[place] =
          characters[place] == "1" ? "2" : characters[place] == "A" ? "B" : "1"
        if String(characters) == text { characters[place] = "3" }
        return String(characters)
      }
    case let number as NSNumber: return [number.intValue + 1]
    default: return ["AA=="]
    }
  }
}
