import Economics
import Ledger
import Primitives
import Simulator
import TestSupport
import Testing

/// Trace mode: what a ledger exports is replayed by the rules alone, and every account, bucket,
/// lock and the supply agree to the base unit.
@Suite struct TraceModeTests {
  private func run(
    _ preset: Preset, epochs: UInt64, checksEach: Bool, random: SeededGenerator
  ) throws -> PresetLedger {
    var ledger = try PresetLedger(preset)
    var usage = RandomUsage(preset: preset, random: random)
    for epoch in 0..<epochs {
      ledger.endEpoch([.reportUsage(usage.report(epoch: epoch))])
      if checksEach { try ledger.machine.checkInvariants() }
    }
    try ledger.machine.checkInvariants()
    #expect(ledger.machine.clock.epoch == epochs)
    #expect(ledger.refusals.isEmpty, "\(ledger.refusals.prefix(3))")
    return ledger
  }

  @Test(arguments: PresetCatalogue.names)
  func tenEpochsOfEveryPresetAreWhatTheRulesSay(name: String) throws {
    let preset = try #require(PresetCatalogue.preset(named: name))
    let ledger = try run(
      preset, epochs: 10, checksEach: true, random: SeededGenerator.fromEnvironment(default: 4_001))
    let trace = try ledger.trace()
    let difference = try TraceReplay.firstDifference(
      trace, preset: preset, from: ledger.start(), ledger: PresetLedger.comparison)
    #expect(difference == nil, "\(String(describing: difference))")
    // The replay ends in the state that the ledger has.
    var state = try ledger.start()
    for epoch in trace { _ = try preset.settle(epoch.inputs, &state) }
    #expect(state == ledger.machine.policyState)
    #expect(trace.contains { !$0.lines.isEmpty })
  }

  /// A long random trace; the presets whose rules remember most.
  @Test(arguments: [("commons", 400), ("helium", 300), ("filecoin", 150), ("akash", 150)])
  func aThousandRandomEpochsAreWhatTheRulesSay(name: String, epochs: UInt64) throws {
    let preset = try #require(PresetCatalogue.preset(named: name))
    let ledger = try run(
      preset, epochs: epochs, checksEach: false,
      random: SeededGenerator.fromEnvironment(default: 4_002))
    let difference = try TraceReplay.firstDifference(
      ledger.trace(), preset: preset, from: ledger.start(), ledger: PresetLedger.comparison)
    #expect(difference == nil, "\(String(describing: difference))")
  }

  /// The ledger's own rules against ones that differ in one number: the comparison sees it.
  @Test func oneRuleThatDiffersIsSeen() throws {
    let ledger = try run(
      .commons, epochs: 10, checksEach: false,
      random: SeededGenerator.fromEnvironment(default: 4_003))
    let trace = try ledger.trace()
    let mutations: [(inout PolicyRules) -> Void] = [
      { $0.revenue[0].perMillion += 1 },
      { $0.vesting?.epochs += 1 },
      { $0.vesting?.lockedPerMillion -= 1 },
      { $0.streams[0].split.residual = "elsewhere" },
      { $0.supplyCap = .whole(1_000_001_000) },
    ]
    var unseen: [Int] = []
    for (index, change) in mutations.enumerated() {
      var other = Preset.commons
      change(&other.rules[0])
      let found = try TraceReplay.firstDifference(
        trace, preset: other, from: ledger.start(), ledger: PresetLedger.comparison)
      if found == nil { unseen.append(index) }
    }
    // A cap that is not reached, and the name of a bucket that stays empty, change nothing.
    #expect(unseen == [3, 4])
  }

  /// A ledger that is not what its rules say: one base unit in a balance, another vesting grant.
  @Test func oneBaseUnitOfALedgerIsSeen() throws {
    let ledger = try run(
      .commons, epochs: 5, checksEach: false,
      random: SeededGenerator.fromEnvironment(default: 4_004))
    let trace = try ledger.trace()
    let place = try #require(trace.firstIndex { $0.balances?.isEmpty == false })
    let epoch = trace[place]
    var balances = epoch.balances ?? []
    balances[0] = BalanceChange(
      account: balances[0].account, before: balances[0].before,
      after: Amount(baseUnits: balances[0].after.baseUnits + 1))
    var forged = trace
    forged[place] = TraceReplay.Epoch(
      inputs: epoch.inputs, lines: epoch.lines, charges: epoch.charges, balances: balances,
      state: epoch.state, accounts: epoch.accounts)
    let found = try TraceReplay.firstDifference(
      forged, preset: .commons, from: ledger.start(), ledger: PresetLedger.comparison)
    #expect(found?.subject.hasPrefix("balance of account") == true)
    forged[place] = TraceReplay.Epoch(
      inputs: epoch.inputs, lines: epoch.lines, charges: epoch.charges, balances: epoch.balances,
      state: epoch.state, accounts: .zero)
    let hashed = try TraceReplay.firstDifference(
      forged, preset: .commons, from: ledger.start(), ledger: PresetLedger.comparison)
    #expect(hashed?.subject.contains("vests and is locked") == true)
  }
}
