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

  /// What is uncertain of a schedule is said when its rules come into force, and once.
  @Test func uncertaintyIsSaidWhenRulesAreUsed() throws {
    let preset = Preset.akash
    var state = try preset.genesisState(
      epoch: preset.calendar.epoch(from: UnixTime(2026, 3, 22)))
    let inputs = EpochInputs(price: .whole(1), accounts: [])
    let first = try preset.settle(inputs, &state)
    #expect(
      first.notes.contains { $0.hasPrefix("akash/2025-01: uncertain: the date of this band") })
    let change = try preset.settle(inputs, &state)
    #expect(state.rules == "akash/2026-03")
    #expect(change.notes.contains { $0.hasPrefix("akash/2026-03: uncertain: bands are from") })
    #expect(try preset.settle(inputs, &state).notes.isEmpty)
    for preset in PresetCatalogue.all where preset.name != "commons" {
      #expect(preset.rules.contains { !$0.uncertain.isEmpty }, "\(preset.name)")
    }
  }

  /// Numbers at the edges of their types are settled or refused; nothing traps, and what is refused
  /// leaves the state as it was.
  @Test(arguments: PresetCatalogue.names)
  func hostileInputsNeverTrap(name: String) throws {
    var random = SeededGenerator.fromEnvironment(default: 78)
    let preset = try #require(PresetCatalogue.preset(named: name))
    let dates = preset.rules.map { preset.calendar.epoch(from: $0.effectiveFrom) }
    var state = try preset.genesisState()
    var settled = 0
    for round in 0..<300 {
      if round % 30 == 0 {
        state = try preset.genesisState(epoch: dates[round / 30 % dates.count])
      }
      let before = state
      let inputs = try Self.hostile(preset, &random)
      do throws(ArithmeticError) {
        _ = try preset.settle(inputs, &state)
        settled += 1
        #expect(try state.isBalanced(), "seed \(random.seed), round \(round)")
      } catch {
        #expect(state == before, "seed \(random.seed), round \(round)")
      }
    }
    print("hostile inputs, \(name): \(settled) of 300 settled")
  }

  private static func edge(_ random: inout SeededGenerator) -> UInt128 {
    switch random.next() % 6 {
    case 0: .max
    case 1: 1
    case 2: .random(in: 0...(.max), using: &random)
    case 3: .random(in: 0...1_000_000_000_000_000_000_000, using: &random)
    default: 0
    }
  }

  private static func hostile(
    _ preset: Preset, _ random: inout SeededGenerator
  ) throws -> EpochInputs {
    func count() -> UInt64 { UInt64(truncatingIfNeeded: edge(&random)) }
    var accounts: [AccountInput] = []
    for index in 0..<4 {
      let id = try #require(AccountID(bytes: [UInt8](repeating: UInt8(index % 3), count: 32)))
      var input = AccountInput(id, role: preset.roles[Int(random.next() % 2)])
      if random.next() % 3 == 0 { input.members = count() }
      input.measures.usage = Credits(baseUnits: edge(&random))
      input.measures.work = edge(&random)
      input.measures.capacity = edge(&random)
      input.measures.stake = Amount(baseUnits: edge(&random))
      input.measures.votes = Amount(baseUnits: edge(&random))
      input.measures.scorePerMillion = count()
      input.measures.multiplierPerMillion = count()
      input.bought = Credits(baseUnits: edge(&random))
      if random.next() % 4 == 0 {
        input.lock = .init(amount: Amount(baseUnits: edge(&random)), epochs: count())
        input.redeem = .init(subToken: "IOT", amount: Amount(baseUnits: edge(&random)))
      }
      accounts.append(input)
    }
    var inputs = EpochInputs(price: Credits(baseUnits: edge(&random)), accounts: accounts)
    inputs.priceConfidence = Credits(baseUnits: edge(&random))
    inputs.blockSpaceUsed = edge(&random)
    if random.next() % 2 == 0 { inputs.power = edge(&random) }
    if random.next() % 2 == 0 { inputs.staked = Amount(baseUnits: edge(&random)) }
    var measures = Measures()
    measures.votes = Amount(baseUnits: edge(&random))
    measures.usage = Credits(baseUnits: edge(&random))
    inputs.candidates = [
      CandidateInput("iot", measures: measures), CandidateInput("mobile", measures: Measures()),
    ]
    return inputs
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
