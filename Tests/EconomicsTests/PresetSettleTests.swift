import Primitives
import TestSupport
import Testing

@testable import Economics

@Suite struct PresetSettleTests {
  /// Random traces keep every token accounted for, under every preset.
  @Test(arguments: PresetCatalogue.names)
  func everyTokenIsAccountedFor(name: String) throws {
    var random = SeededGenerator.fromEnvironment(default: 77)
    let preset = try #require(PresetCatalogue.preset(named: name))
    var state = try preset.genesisState()
    for _ in 0..<60 {
      var inputs = try Self.inputs(preset, &random)
      if state.circulating == .zero {  // nobody can buy before something was emitted
        for index in inputs.accounts.indices { inputs.accounts[index].bought = .zero }
      }
      do throws(ArithmeticError) {
        _ = try preset.settle(inputs, &state)
      } catch .underflow {
        continue  // customers wanted more than there is: the state is unchanged
      }
      #expect(try state.isBalanced(), "seed \(random.seed), epoch \(state.epoch)")
    }
    #expect(state.epoch > 0)
  }

  private static func inputs(_ preset: Preset, _ random: inout SeededGenerator) throws
    -> EpochInputs
  {
    var accounts: [AccountInput] = []
    for index in 0..<8 {
      let id = try #require(AccountID(bytes: [UInt8](repeating: UInt8(index + 1), count: 32)))
      var input = AccountInput(id, role: preset.roles[index % preset.roles.count])
      input.members = UInt64.random(in: 1...3, using: &random)
      input.measures.usage = Credits(baseUnits: .random(in: 0...5_000_000_000, using: &random))
      input.measures.work = .random(in: 0...1_000, using: &random)
      input.measures.capacity = .random(in: 0...1_000_000, using: &random)
      input.measures.stake = .whole(.random(in: 0...100, using: &random))
      input.measures.scorePerMillion = .random(in: 0...1_000_000, using: &random)
      input.bought = Credits(baseUnits: .random(in: 0...90_000_000_000, using: &random))
      accounts.append(input)
    }
    return EpochInputs(
      price: Credits(baseUnits: .random(in: 1...3_000_000_000_000_000_000, using: &random)),
      accounts: accounts)
  }
}
