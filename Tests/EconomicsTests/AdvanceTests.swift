import Primitives
import TestSupport
import Testing

@testable import Economics

/// Settling many epochs, or many identical members, at once.
@Suite struct AdvanceTests {
  private static func inputs(
    _ preset: Preset, members: UInt64, _ random: inout SeededGenerator
  ) throws -> EpochInputs {
    var accounts: [AccountInput] = []
    for (index, role) in preset.roles.enumerated() {
      let bytes = [UInt8](repeating: UInt8(index + 1), count: 32)
      var input = AccountInput(try #require(AccountID(bytes: bytes)), role: role)
      input.members = members
      input.measures.work = .random(in: 1...1_000, using: &random)
      input.measures.capacity = .random(in: 1_000...1_000_000, using: &random)
      input.measures.stake = .whole(.random(in: 1...100, using: &random))
      input.measures.usage = Credits(baseUnits: .random(in: 0...9_000_000, using: &random))
      input.bought = input.measures.usage
      accounts.append(input)
    }
    return EpochInputs(price: Credits(decimal: "1.7") ?? .zero, accounts: accounts)
  }

  /// Within one base unit for each account, pool and epoch; exactly, where there is no closed form.
  @Test(arguments: PresetCatalogue.names)
  func advancingIsSteppingWithinItsBound(name: String) throws {
    var random = SeededGenerator.fromEnvironment(default: 201)
    let preset = try #require(PresetCatalogue.preset(named: name))
    let inputs = try Self.inputs(preset, members: 1, &random)
    var quick = try preset.genesisState(epoch: 3)
    if quick.circulating == .zero {
      quick.circulating = .whole(1_000_000)
      quick.minted = try quick.minted.adding(quick.circulating)
    }
    var slow = quick
    let count: UInt64 = 50
    let together = try preset.advance(by: count, inputs, &quick)
    var single = Settlement()
    for _ in 0..<count { try single.add(preset.settle(inputs, &slow)) }
    #expect(quick.epoch == slow.epoch)
    #expect(try quick.isBalanced() && slow.isBalanced())
    let bound = count * UInt64(inputs.accounts.count) * 4
    for (ours, theirs) in [
      (quick.minted, slow.minted), (quick.burned, slow.burned),
      (quick.circulating, slow.circulating), (quick.vault, slow.vault),
      (together.totals.rewardsPaid, single.totals.rewardsPaid),
      (together.totals.usagePaid, single.totals.usagePaid),
    ] {
      let gap = max(ours, theirs).subtractingSaturated(min(ours, theirs))
      #expect(gap.baseUnits <= UInt128(bound), "\(name): \(ours) \(theirs)")
    }
    let closed = try #require(preset.rules(at: 3)).hasClosedForm
    if !closed { #expect(quick == slow) }
    print("advance \(name): closed form \(closed), \(together.lines.count) lines")
  }

  /// A cohort of N is N single members, to the unit.
  @Test(arguments: PresetCatalogue.names)
  func cohortsAreTheirMembers(name: String) throws {
    var random = SeededGenerator.fromEnvironment(default: 202)
    let preset = try #require(PresetCatalogue.preset(named: name))
    let members: UInt64 = 7
    let cohorts = try Self.inputs(preset, members: members, &random)
    var singles = cohorts
    singles.accounts = []
    for cohort in cohorts.accounts {
      for member in 0..<members {
        var bytes = cohort.account.bytes
        bytes[1] = UInt8(100 + member)
        var single = AccountInput(
          try #require(AccountID(bytes: bytes)), role: cohort.role)
        single.measures = cohort.measures
        single.bought = cohort.bought
        singles.accounts.append(single)
      }
    }
    var left = try preset.genesisState(epoch: 3)
    if left.circulating == .zero {
      left.circulating = .whole(1_000_000)
      left.minted = try left.minted.adding(left.circulating)
    }
    var right = left
    for _ in 0..<20 {
      let one = try preset.settle(cohorts, &left)
      let many = try preset.settle(singles, &right)
      #expect(one.totals.minted == many.totals.minted)
      #expect(one.totals.burned == many.totals.burned)
      #expect(one.totals.usagePaid == many.totals.usagePaid)
      #expect(one.totals.rewardsPaid == many.totals.rewardsPaid)
    }
    #expect(left.minted == right.minted && left.burned == right.burned)
    #expect(left.buckets == right.buckets && left.vault == right.vault)
    #expect(left.vesting == right.vesting && left.circulating == right.circulating)
  }

  /// Where customers buy from themselves, `commons` takes more than it gives, at any price.
  @Test func selfDealingLosesUnderCommons() throws {
    var random = SeededGenerator.fromEnvironment(default: 203)
    let preset = Preset.commons
    for _ in 0..<40 {
      var state = try preset.genesisState()
      let id = try #require(AccountID(bytes: [UInt8](repeating: 9, count: 32)))
      var dealer = AccountInput(id, role: "provider")
      dealer.bought = .whole(.random(in: 1...10_000, using: &random))
      dealer.measures.usage = dealer.bought
      let price = Credits(
        baseUnits: .random(in: 10_000_000_000_000_000...50_000_000_000_000_000_000, using: &random))
      let result = try preset.settle(EpochInputs(price: price, accounts: [dealer]), &state)
      let back = try result.totals.usagePaid.adding(result.totals.rewardsPaid)
      let spent = result.totals.spentOnCredits
      let loss = try spent.subtracting(back)
      #expect(try loss >= spent.perMillion(19_999, rounding: .down), "seed \(random.seed)")
      #expect(try state.isBalanced())
    }
  }

  /// Capacity that nobody pays for earns nothing under `commons`.
  @Test func unpaidCapacityEarnsNothingUnderCommons() throws {
    var state = try Preset.commons.genesisState()
    let id = try #require(AccountID(bytes: [UInt8](repeating: 9, count: 32)))
    var farmer = AccountInput(id, role: "provider")
    farmer.measures.capacity = 1 << 60
    let result = try Preset.commons.settle(
      EpochInputs(price: .whole(1), accounts: [farmer]), &state)
    #expect(result.totals.rewardsPaid == .zero)
    #expect(result.totals.minted == result.totals.burned)
  }

  /// Locks come back when they end, with their votes until then.
  @Test func locksVoteAndComeBack() throws {
    let preset = Preset.helium
    let first = preset.calendar.epoch(from: UnixTime(2026, 8, 10))
    var state = try preset.genesisState(epoch: first)
    let id = try #require(AccountID(bytes: [UInt8](repeating: 4, count: 32)))
    var locker = AccountInput(id, role: "delegator")
    locker.lock = .init(amount: .whole(1_000), epochs: 10)
    var inputs = EpochInputs(price: .whole(1), accounts: [locker])
    let before = state.circulating
    _ = try preset.settle(inputs, &state)
    #expect(state.locked == .whole(1_000))
    #expect(state.account(id)?.locks.count == 1)
    inputs.accounts[0].lock = nil
    var votes = Measures()
    votes.votes = .whole(1)
    inputs.candidates = [CandidateInput("mobile", measures: votes)]
    let paid = try preset.settle(inputs, &state)
    #expect(paid.lines.contains { $0.account == id && $0.pool == "mobile-delegators" })
    for _ in 0..<9 { _ = try preset.settle(inputs, &state) }
    #expect(state.locked == .zero && state.account(id) == nil)
    #expect(state.circulating > before)
    #expect(try state.isBalanced())
  }

  /// Sub-tokens are exchanged for the treasury's share, and the breaker stops a run.
  @Test func treasuriesPayTheirShareUntilTheBreakerTrips() throws {
    let preset = Preset.helium
    var state = try preset.genesisState(epoch: preset.calendar.epoch(from: UnixTime(2024, 2, 1)))
    var votes = Measures()
    votes.votes = .whole(1)
    let id = try #require(AccountID(bytes: [UInt8](repeating: 4, count: 32)))
    var inputs = EpochInputs(price: .whole(1), accounts: [AccountInput(id, role: "iot-hotspot")])
    inputs.candidates = [CandidateInput("iot", measures: votes)]
    for _ in 0..<5 { _ = try preset.settle(inputs, &state) }
    let (reserve, supply) = (state.buckets["iot-treasury"], state.subTokens["IOT"])
    #expect(reserve > .zero && supply > .whole(5_000_000_000))
    inputs.accounts[0].redeem = .init(subToken: "IOT", amount: .whole(1_000_000))
    let result = try preset.settle(inputs, &state)
    let line = try #require(result.lines.first { $0.kind == .redeemed })
    let share = Double(line.liquid.baseUnits) / Double(reserve.baseUnits)
    #expect(abs(share / (1e6 / (Double(supply.baseUnits) / 1e18)) - 1) < 0.3)
    inputs.accounts[0].redeem = .init(subToken: "IOT", amount: .whole(3_000_000_000))
    let run = try preset.settle(inputs, &state)
    #expect(run.lines.contains { $0.kind == .refused && $0.pool == "redemption" })
    #expect(run.notes.contains { $0.contains("breaker") })
    #expect(try state.isBalanced())
  }
}
