import Cryptography
import Ledger
import LightClient
import Logging
import Primitives
import ServiceKit
import TestSupport
import Testing

@testable import ChainClient

/// A node that shows prepared blocks, and fails where it has none.
private struct FakeSource: LightBlockSource {
  struct Missing: Error {}
  let name: String
  var blocks: [LightBlock]

  func latestHeight() async throws -> UInt64 { UInt64(blocks.count) }
  func lightBlock(at height: UInt64) async throws -> LightBlock {
    guard height >= 1, height <= blocks.count else { throw Missing() }
    return blocks[Int(height) - 1]
  }
}

@Suite struct VerifiedChainTests {
  private let logger = Logger(label: "test")

  private func root(_ chain: SyntheticChain, height: Int = 1) -> TrustRoot {
    TrustRoot(
      chainID: SyntheticChain.chainID, height: UInt64(height),
      hash: chain.blocks[height - 1].header.hash.hex, trustingPeriodSeconds: 100_000)
  }

  private func verified(
    _ chain: SyntheticChain, _ sources: [FakeSource], root: TrustRoot? = nil,
    progress: String? = nil
  ) -> VerifiedChain {
    let now = chain.now
    return VerifiedChain(
      root: root ?? self.root(chain), sources: sources, progressPath: progress, logger: logger,
      now: { now })
  }

  @Test func headersUpAndDownAreVerified() async throws {
    let chain = try SyntheticChain(length: 40, seed: 21)
    let client = verified(chain, [FakeSource(name: "a", blocks: chain.blocks)])
    #expect(try await client.header(at: 40) == chain.blocks[39].header)
    #expect(try await client.header(at: 17) == chain.blocks[16].header)
    #expect(await client.verifiedHeight == 40)
  }

  @Test func aNodeOfAnotherChainIsPassedOver() async throws {
    let chain = try SyntheticChain(length: 10, seed: 22)
    let other = try SyntheticChain(length: 10, seed: 23)
    let liar = FakeSource(name: "liar", blocks: other.blocks)
    let honest = FakeSource(name: "honest", blocks: chain.blocks)
    let client = verified(chain, [liar, honest])
    #expect(try await client.header(at: 10) == chain.blocks[9].header)
    let alone = verified(chain, [liar])
    await #expect(throws: LightClientError.self) { _ = try await alone.header(at: 10) }
  }

  /// The validators of the last block sign two: whoever sees both is told.
  @Test func aForkIsSaid() async throws {
    let chain = try SyntheticChain(length: 6, changeOneIn: 1_000_000, seed: 24)
    let last = chain.blocks[5]
    let header = SyntheticChain.header(
      6, set: last.validators, next: last.validators, previous: chain.blocks[4],
      seconds: last.header.time.seconds, application: [99])
    var forked = chain.blocks
    forked[5] = SyntheticChain.signed(header, set: last.validators, keys: chain.keys[5])
    let client = verified(
      chain,
      [FakeSource(name: "a", blocks: chain.blocks), FakeSource(name: "b", blocks: forked)])
    await #expect(
      throws: LightClientError.conflictingBlocks(
        height: 6, first: last.header.hash, second: header.hash)
    ) { _ = try await client.header(at: 6) }
  }

  @Test func anUnsignedWitnessDoesNotStopAnyone() async throws {
    let chain = try SyntheticChain(length: 6, seed: 25)
    let other = try SyntheticChain(length: 6, seed: 26)
    let client = verified(
      chain,
      [FakeSource(name: "a", blocks: chain.blocks), FakeSource(name: "b", blocks: other.blocks)])
    #expect(try await client.header(at: 6) == chain.blocks[5].header)
  }

  @Test func aSecondStartGoesOnWhereTheFirstWas() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/verified.json"
    let chain = try SyntheticChain(length: 30, seed: 27)
    let first = verified(
      chain, [FakeSource(name: "a", blocks: chain.blocks)], progress: path)
    _ = try await first.header(at: 30)
    #expect(try TrustRoot(file: path) == root(chain, height: 30))
    // The node has lost the early blocks: only the kept height can be begun with.
    var pruned = FakeSource(name: "a", blocks: chain.blocks)
    pruned.blocks[0] = chain.blocks[1]
    let second = verified(chain, [pruned], progress: path)
    #expect(try await second.header(at: 30) == chain.blocks[29].header)
  }

  @Test func anExpiredRootIsRefused() async throws {
    let chain = try SyntheticChain(length: 5, seed: 28)
    let late = chain.now.advanced(seconds: 200_000)
    let client = VerifiedChain(
      root: root(chain), sources: [FakeSource(name: "a", blocks: chain.blocks)], logger: logger,
      now: { late })
    await #expect(throws: LightClientError.trustExpired(height: 1)) {
      _ = try await client.header(at: 5)
    }
  }

  @Test func rowsAreProvenAgainstTheNextHeader() async throws {
    let (here, there) = (StateKey([200, 1]), StateKey([200, 2]))
    var tree = StateTree()
    tree.update([
      StateTree.Change(key: here.treeKey, value: Digest.sha256([7])),
      StateTree.Change(key: StateKey([200, 9]).treeKey, value: Digest.sha256([9])),
    ])
    let root = tree.root
    let chain = try SyntheticChain(
      length: 5, seed: 29, applicationHash: { $0 == 5 ? root.bytes : [] })
    let reads = ProvenReads(
      chain: verified(chain, [FakeSource(name: "a", blocks: chain.blocks)]), patienceSeconds: 0)
    func answer(_ key: StateKey, _ value: [UInt8]?, height: UInt64 = 4) -> StateAnswer {
      StateAnswer(
        value: value, height: height, proof: tree.proof(for: key.treeKey).canonicalBytes())
    }
    try await reads.check(answer(here, [7]), at: here)
    try await reads.check(answer(there, nil), at: there)
    let wrong = [
      (answer(here, [8]), here), (answer(here, nil), here), (answer(there, [7]), there),
      (answer(here, [7], height: 3), here), (answer(here, [7], height: 5), here),
      (StateAnswer(value: [7], height: 4, proof: nil), here),
    ]
    for (answer, key) in wrong {
      await #expect(throws: LedgerClientError.self) {
        try await reads.check(answer, at: key)
      }
    }
  }

  @Test func trustFilesSayWhatIsWrong() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/trust.json"
    for (text, word) in [
      ("{", "trust file"), (#"{"chain_id":"a","height":1,"hash":"ab"}"#, "trusting_period"),
      (#"{"chain_id":"a","height":1,"hash":"ab","trusting_period_seconds":86400}"#, "hash"),
      (#"{"chain_id":"a","height":"1","hash":"ab","trusting_period_seconds":86400}"#, "height"),
    ] {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      do {
        _ = try TrustRoot(file: path)
        Issue.record("\(text) is taken")
      } catch {
        #expect(error.description.contains(word), "\(error)")
      }
    }
  }
}
