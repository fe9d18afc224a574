import Economics
import Primitives
import Simulator
import Testing

/// A trace of a ledger is replayed to the base unit.
@Suite struct TraceReplayTests {
  /// A random trace: accounts come, work, buy and lock; the price moves.
  private func trace(
    _ preset: Preset, epochs: Int, seed: UInt64
  ) throws -> (start: PolicyState, epochs: [TraceReplay.Epoch]) {
    var stream = RandomStream(seed: seed, run: 0, purpose: .benchmark)
    let first = preset.calendar.epoch(from: UnixTime(2026, 8, 6))
    let start = try preset.observedState(
      epoch: first, supply: .whole(1_300_000_000), circulating: .whole(700_000_000))
    var state = start
    var result: [TraceReplay.Epoch] = []
    for _ in 0..<epochs {
      var accounts: [AccountInput] = []
      for index in 0..<(3 + stream.next() % 6) {
        let role = preset.roles[Int(stream.next() % UInt64(preset.roles.count))]
        var input = AccountInput(
          AccountID(Bytes32(words: (0, 0, 0, index))), role: role)
        input.measures.usage = Credits(
          baseUnits: UInt128(stream.next() % 1_000_000_000_000_000_000))
        input.measures.capacity = UInt128(stream.next() % 1_000_000_000_000)
        input.measures.work = UInt128(stream.next() % 1000)
        input.measures.stake = Amount(baseUnits: UInt128(stream.next()))
        input.measures.votes = .whole(UInt128(stream.next() % 100))
        input.bought = .whole(10)
        accounts.append(input)
      }
      let price = Credits(baseUnits: UInt128(stream.next() % 1_000_000_000_000_000_000))
      let inputs = EpochInputs(
        price: Credits(baseUnits: price.baseUnits + Credits.baseUnitsPerWhole), accounts: accounts)
      let settlement = try preset.settle(inputs, &state)
      result.append(
        TraceReplay.Epoch(inputs: inputs, lines: settlement.lines, state: state))
    }
    return (start, result)
  }

  @Test(arguments: ["commons", "helium", "akash"])
  func aTrueTraceHasNoDifference(name: String) throws {
    let preset = try #require(PresetCatalogue.preset(named: name))
    let (start, epochs) = try trace(preset, epochs: 100, seed: 77)
    #expect(try TraceReplay.firstDifference(epochs, preset: preset, from: start) == nil)
  }

  @Test func oneBaseUnitIsSeen() throws {
    let (start, epochs) = try trace(.commons, epochs: 10, seed: 78)
    var forged = epochs
    // Another price in the fourth epoch: its lines no longer follow from its inputs.
    var inputs = forged[3].inputs
    inputs.price = Credits(baseUnits: inputs.price.baseUnits + inputs.price.baseUnits / 10)
    forged[3] = TraceReplay.Epoch(inputs: inputs, lines: epochs[3].lines, state: epochs[3].state)
    let found = try TraceReplay.firstDifference(forged, preset: .commons, from: start)
    #expect(found?.epoch == start.epoch + 3)
    // A state that a ledger reached by other means.
    forged = epochs
    forged[5] = TraceReplay.Epoch(
      inputs: epochs[5].inputs, lines: epochs[5].lines, state: epochs[4].state)
    let other = try TraceReplay.firstDifference(forged, preset: .commons, from: start)
    #expect(other?.epoch == start.epoch + 5)
    // A line that is missing.
    forged = epochs
    forged[2] = TraceReplay.Epoch(
      inputs: epochs[2].inputs, lines: epochs[2].lines.dropLast(), state: epochs[2].state)
    let missing = try TraceReplay.firstDifference(forged, preset: .commons, from: start)
    #expect(missing?.epoch == start.epoch + 2)
    #expect(missing?.rules.contains("vesting") == true)
  }
}
