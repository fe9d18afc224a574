import ABCI
import Foundation
import Ledger
import Primitives
import Testing

/// An engine's genesis that does not belong to the ledger's is refused, and the error says why.
@Suite struct ChainStartTests {
  private let genesis = TestGenesis(validators: 3)

  /// What InitChain is refused with; nil when it is not.
  private func refusal(
    _ change: @Sendable (inout ABCIRequestInitChain) -> Void
  ) async throws -> String? {
    let ledger = try await TestLedger(genesis)
    var start = ScriptedEngineTests.start(genesis)
    change(&start)
    let request = start
    let connection = try await ledger.connect()
    do {
      _ = try await connection.call { $0.initChain = request }
      return nil
    } catch let failure as EngineFailure {
      // Nothing was made durable: the right genesis is taken afterwards.
      let right = ScriptedEngineTests.start(genesis)
      _ = try await ledger.connect().call { $0.initChain = right }
      return failure.description
    }
  }

  @Test func theRightOneIsTaken() async throws {
    #expect(try await refusal { _ in } == nil)
    #expect(try await refusal { $0.validators = [] } == nil)
    #expect(try await refusal { $0.appStateBytes = Data() } == nil)
    #expect(try await refusal { $0.appStateBytes = Data("{\"other\": [1]}".utf8) } == nil)
    #expect(try await refusal { $0.validators.reverse() } == nil)
  }

  @Test func eachDifferenceIsNamed() async throws {
    let own = genesis.genesis
    func expect(
      _ words: String..., change: @Sendable (inout ABCIRequestInitChain) -> Void
    ) async throws {
      let text = try #require(try await refusal(change))
      for word in words { #expect(text.contains(word), "\(text)") }
    }
    try await expect("chain_id", "other", own.chainName) { $0.chainID = "other" }
    try await expect("initial_height", "7") { $0.initialHeight = 7 }
    try await expect("genesis_time") { $0.time.seconds -= 1 }
    let foreign = String(repeating: "ab", count: 32)
    try await expect("app_state.chain", foreign, own.chain.hex) {
      $0.appStateBytes = Data("{\"chain\": \"\(foreign)\"}".utf8)
    }
    try await expect("app_state", "JSON") { $0.appStateBytes = Data("{\"chain\": 5}".utf8) }
    try await expect("app_state", "JSON") { $0.appStateBytes = Data("chain".utf8) }
    let first = genesis.validators[0].accountID.hex
    try await expect("power 999", "1000") {
      $0.validators[0].power = 999
    }
    try await expect("lacks the validator", first) {
      $0.validators.removeAll { [UInt8]($0.pubKey.ed25519).hex == first }
    }
    try await expect("not in the ledger's", "0707") {
      $0.validators[1].pubKey.ed25519 = Data(repeating: 7, count: 32)
    }
    try await expect("twice") { $0.validators.append($0.validators[2]) }
  }

  /// A ledger that has blocks is not begun anew.
  @Test func aChainBeginsOnce() async throws {
    let ledger = try await TestLedger(genesis)
    let start = ScriptedEngineTests.start(genesis)
    let connection = try await ledger.connect()
    for _ in 0..<2 { _ = try await connection.call { $0.initChain = start } }
    _ = try await connection.call {
      $0.finalizeBlock.height = 1
      $0.finalizeBlock.time = start.time
      $0.finalizeBlock.proposerAddress = Data(count: 20)
    }
    _ = try await connection.call { $0.commit = ABCIRequestCommit() }
    let failure = await #expect(throws: EngineFailure.self) {
      _ = try await connection.call { $0.initChain = start }
    }
    #expect(failure?.description.contains("InitChain at height 1") ?? false)
  }
}
