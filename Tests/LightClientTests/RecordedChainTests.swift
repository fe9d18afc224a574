import Foundation
import Primitives
import Testing

@testable import ChainClient
@testable import LightClient

/// The light client against a real chain, and against every single change to what it said.
@Suite struct RecordedChainTests {
  struct Derived: Decodable {
    struct Vote: Decodable {
      let height: Int
      let index: Int
      let signBytesHex: String
    }
    struct Header: Decodable {
      struct Leaf: Decodable { let leafHex: String }
      let height: Int
      let leaves: [Leaf]
    }
    let canonicalVoteSignBytes: [Vote]
    let headerHash: [Header]
  }

  @Test func signedBytesAndHeaderLeavesAreThoseThatTheEngineMade() throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let derived = try decoder.decode(
      Derived.self, from: Data(contentsOf: RecordedChain.url("derived.json")))
    let blocks = try RecordedChain.blocks()
    for vote in derived.canonicalVoteSignBytes {
      let bytes = blocks[vote.height - 1].commit.signedBytes(
        at: vote.index, chainID: RecordedChain.chainID)
      #expect(bytes.hex == vote.signBytesHex, "height \(vote.height) place \(vote.index)")
    }
    for header in derived.headerHash {
      #expect(
        blocks[header.height - 1].header.leaves.map(\.hex) == header.leaves.map(\.leafHex))
    }
    #expect(derived.canonicalVoteSignBytes.count == 6 && derived.headerHash.count == 2)
  }

  @Test(arguments: [SkippingVerification.Mode.sequential, .skipping])
  func theWholeChainVerifies(mode: SkippingVerification.Mode) throws {
    let blocks = try RecordedChain.blocks()
    let now = RecordedChain.now(blocks)
    try RecordedChain.rules.verifyRoot(blocks[0], hash: blocks[0].header.hash, height: 1)
    var walk = try SkippingVerification(
      rules: RecordedChain.rules, trusted: blocks[0], target: 46, mode: mode)
    var step = walk.first
    var fetched = 0
    while case .fetch(let height) = step {
      fetched += 1
      step = try walk.take(blocks[Int(height) - 1], expected: height, now: now)
    }
    #expect(step == .done(blocks[45]))
    // More than a third of height 1's validators still sign at 46, so one block is enough.
    #expect(fetched == (mode == .sequential ? 45 : 1))
  }

  /// Fields that no signature or hash of this height covers.
  static let uncovered: Set<String> = [
    ".jsonrpc", ".id", ".result.canonical", ".result.count", ".result.total",
    ".result.block_height", ".result.validators[].proposer_priority",
  ]

  /// Heights with a vote for nothing, an absent validator, a later round, and a plain one.
  @Test(arguments: [1, 20, 24, 33])
  func everyChangeIsRefused(height: Int) throws {
    let all = try RecordedChain.answers()
    let now = RecordedChain.now(try RecordedChain.blocks())
    let original = all[height - 1]
    let hash = try original.block().header.hash
    func isAccepted(_ answers: RecordedChain.Answers) -> Bool {
      guard let block = try? answers.block() else { return false }
      // As a root, and as the block after its predecessor.
      guard height > 1, let before = try? all[height - 2].block() else {
        return
          (try? RecordedChain.rules.verifyRoot(block, hash: hash, height: UInt64(height))) != nil
      }
      return (try? RecordedChain.rules.verify(block, trusted: before, now: now)) != nil
    }
    #expect(isAccepted(original))
    var tried = 0
    for mutation in JSONMutation.all(of: original.commit)
    where !Self.uncovered.contains(mutation.path) {
      tried += 1
      let changed = RecordedChain.Answers(
        commit: mutation.document, validators: original.validators)
      #expect(!isAccepted(changed), "height \(height): a changed \(mutation.path) is believed")
    }
    for mutation in JSONMutation.all(of: original.validators)
    where !Self.uncovered.contains(mutation.path) {
      tried += 1
      let changed = RecordedChain.Answers(commit: original.commit, validators: mutation.document)
      #expect(!isAccepted(changed), "height \(height): a changed \(mutation.path) is believed")
    }
    #expect(tried > 80)
  }

  @Test func votesOfAnotherHeightOrChainDoNotCount() throws {
    let blocks = try RecordedChain.blocks()
    let now = RecordedChain.now(blocks)
    let swapped = LightBlock(
      header: blocks[20].header, commit: blocks[21].commit, validators: blocks[20].validators)
    #expect(throws: LightClientError.self) {
      try RecordedChain.rules.verify(swapped, trusted: blocks[19], now: now)
    }
    let otherRules = LightClientRules(chainID: "rpc-golden-2", trustingPeriodSeconds: 86_400)
    #expect(
      throws: LightClientError.otherChain(found: "rpc-golden-1", expected: "rpc-golden-2")
    ) { try otherRules.verify(blocks[20], trusted: blocks[19], now: now) }
  }
}
