import Economics
import Primitives
import Simulator
import Testing

/// The simulator runs the ledger's own rules.
@Suite struct PolicyDriverTests {
  private func played(
    _ name: String, days: Int, runs: UInt64 = 3, changes: [(String, String)] = []
  ) async throws -> PlayedSimulation {
    let preset = try #require(PresetCatalogue.preset(named: name))
    let text = try #require(BuiltInScenarios.text(preset: name))
    var scenario = try ScenarioReader.read(
      text, file: name, changes: changes.map { (path: $0.0, value: $0.1) })
    scenario.days = days
    let first = try #require(scenario.firstDay)
    let plan = SimulationPlan(
      preset: name, scenario: scenario, firstDay: first, seed: 3, runs: runs)
    let rules = try PolicyDriver(preset, scenario: scenario, firstDay: first)
    return PlayedSimulation(
      plan: plan, result: try await SimulationRunner.play(plan, rules: rules, threads: 2))
  }

  @Test(arguments: PresetCatalogue.names)
  func everyPresetHasAScenarioThatRuns(name: String) async throws {
    let played = try await played(name, days: 40)
    let supply = try #require(played.result.all[.supply].last?.median)
    #expect(supply.raw > 0 && played.result.runs == 3)
    #expect(try #require(played.result.all[.operators][0].median) > Fixed(1))
  }

  /// HNT's schedule and the supplement that begins on the second day.
  @Test func heliumEmitsItsSchedule() async throws {
    let played = try await played("helium", days: 10)
    let emitted = try #require(played.result.all[.emitted][5].median)
    // 20,547.945 of the schedule and 196,000 of the supplement, less what is burned at once.
    // What comes back of burns is at most what burned on the heaviest day.
    let burned = played.result.all[.burned].map(\.maximum).max() ?? .zero
    #expect(emitted > Fixed(212_000) && emitted < Fixed(216_549) + burned)
  }

  @Test func aRoleThatIsNotThereIsRefused() async throws {
    await #expect(throws: ScenarioError.self) {
      _ = try await played("helium", days: 5, changes: [("supply[0].role", "baker")])
    }
  }

  @Test func moreCirculatingThanExistsIsRefused() throws {
    let text = try #require(BuiltInScenarios.text(preset: "filecoin"))
    let scenario = try ScenarioReader.read(
      text, file: "x",
      changes: [("start.supply-tokens", "860e6"), ("start.circulating-tokens", "740e6")])
    #expect(throws: ScenarioError.self) {
      try PolicyDriver(.filecoin, scenario: scenario, firstDay: 20_653)
    }
  }

  @Test func amountsSurviveTheWayThereAndBack() {
    for text in ["0", "1", "0.5", "123456789.000000001", "42000000000"] {
      let amount = Amount(decimal: text) ?? .zero
      let back = Fixed(amount).baseUnits
      let lost = amount.baseUnits - back
      #expect(back <= amount.baseUnits && lost < 8000, "\(text): \(lost)")
    }
  }

  /// Cohort mode is the rule on N identical members: against N accounts it differs by what is lost
  /// in dividing, at most a unit for each member and payment.
  @Test(arguments: ["commons", "helium", "filecoin", "bittensor"])
  func cohortsEqualTheirMembers(name: String) throws {
    let preset = try #require(PresetCatalogue.preset(named: name))
    let epoch = preset.calendar.epoch(from: UnixTime(2026, 8, 6))
    let sizes: [UInt64] = [7, 30, 1]
    var cohorts: [AccountInput] = []
    var members: [AccountInput] = []
    var next: UInt64 = 1
    for (index, size) in sizes.enumerated() {
      var input = AccountInput(account(1000 + UInt64(index)), role: preset.roles[0])
      input.measures.usage = Credits(decimal: "1.234567")?.times(UInt128(index + 1)) ?? .zero
      input.measures.capacity = 1_000_003 * UInt128(index + 1)
      input.measures.work = 17
      input.measures.stake = .whole(1_000_000)
      input.members = size
      cohorts.append(input)
      input.members = 1
      for _ in 0..<size {
        var member = AccountInput(account(next), role: preset.roles[0])
        member.measures = input.measures
        members.append(member)
        next += 1
      }
    }
    var customer = AccountInput(account(5000), role: "customer")
    customer.bought = .whole(1_000)
    var cohortState = try preset.observedState(
      epoch: epoch, supply: .whole(1_300_000_000), circulating: .whole(700_000_000))
    var memberState = cohortState
    for _ in 0..<5 {
      let byCohort = try preset.settle(
        EpochInputs(price: .whole(2), accounts: cohorts + [customer]), &cohortState)
      let byMember = try preset.settle(
        EpochInputs(price: .whole(2), accounts: members + [customer]), &memberState)
      let gap = difference(byCohort.totals.rewardsPaid, byMember.totals.rewardsPaid)
      #expect(gap <= 200, "\(name): \(gap)")
      #expect(difference(byCohort.totals.burned, byMember.totals.burned) <= 200)
      #expect(byCohort.totals.minted == byMember.totals.minted)
    }
    #expect(difference(cohortState.circulating, memberState.circulating) <= 2000)
    #expect(try cohortState.isBalanced() && memberState.isBalanced())
  }

  private func account(_ number: UInt64) -> AccountID {
    AccountID(Bytes32(words: (0, 0, 0, number)))
  }

  private func difference(_ left: Amount, _ right: Amount) -> UInt128 {
    max(left, right).baseUnits - min(left, right).baseUnits
  }
}

extension Credits {
  fileprivate func times(_ count: UInt128) -> Credits { Credits(baseUnits: baseUnits * count) }
}
