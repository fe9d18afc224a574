import Foundation
import Ledger
import Primitives
import Testing

@testable import ChainClient

/// Real blocks as a replay of the ledger takes them.
@Suite struct EngineBlockTests {
  @Test func itemsAndVotesAreThoseOfTheBlock() throws {
    let block = try RecordedChain.engineBlock(11)
    #expect(!block.items.isEmpty && block.itemsAreTheHeaders)
    #expect(block.misbehaviour.isEmpty)
    let before = try RecordedChain.blocks()[9]
    #expect(
      block.lastCommit.votes.map(\.validator.bytes) == before.validators.validators.map(\.address))
    #expect(block.lastCommit.votes.map(\.power) == before.validators.validators.map(\.power))
    #expect(block.lastCommit.votes.contains { $0.flag == .commit })
    let other = EngineBlock(
      light: block.light, items: block.items + [[1]], lastCommit: block.lastCommit,
      misbehaviour: [])
    #expect(!other.itemsAreTheHeaders)
  }

  @Test func evidenceIsWhatTheLedgerWasTold() throws {
    let block = try RecordedChain.engineBlock(44)
    #expect(block.itemsAreTheHeaders)
    let address = try #require([UInt8](hex: "866EEE84AAAF70FCD4DD70F42A35F66DCBF4E3CB"))
    #expect(
      block.misbehaviour == [
        Misbehaviour(
          kind: .duplicateVote, validator: try #require(ConsensusAddress(address)), power: 13,
          height: 42, timeMilliseconds: 1_795_247_303_403, totalPower: 54)
      ])
  }

  /// A last commit that is not of the block before, and evidence of an unknown kind.
  @Test func whatDoesNotFitIsRefused() throws {
    let blocks = try RecordedChain.blocks()
    let text = try String(
      contentsOf: RecordedChain.url("heights/044/block.get.json"), encoding: .utf8)
    let answer: EngineBlockAnswer = try RecordedChain.decode(Data(text.utf8))
    #expect(throws: LedgerClientError.self) { try answer.block(blocks[43], after: blocks[41]) }
    let unknown: EngineBlockAnswer = try RecordedChain.decode(
      Data(text.replacing("ValidatorPower", with: "SomethingElse").utf8))
    #expect(throws: LedgerClientError.self) { try unknown.block(blocks[43], after: blocks[42]) }
  }
}
