import Simulator
import Testing

/// Attacks break what they should, and only that.
@Suite struct AuditTests {
  private func entry(
    _ attack: Attack, _ rules: ExampleRules, strength: Int
  ) async throws -> (isBroken: Bool, finding: String) {
    let scenario = try ScenarioReader.read(
      ExampleRules.scenario, file: "example", changes: [("days", "120")])
    let plan = SimulationPlan(
      preset: "example", scenario: scenario, firstDay: 20_000, seed: 1, runs: 3)
    let auditor = Auditor(plan, threads: 2) { _ in rules }
    return try await auditor.judge(attack, strength: attack.ladder[strength])
  }

  /// $50,000 of tokens a day, half by usage, against $15,000 of real usage: self-dealing pays.
  @Test func aSubsidyByUsageIsSelfDealt() async throws {
    let found = try await entry(.selfDealing, ExampleRules(), strength: 1)
    #expect(found.isBroken, "\(found.finding)")
  }

  @Test func aBurnAboveTheSubsidyStopsIt() async throws {
    var rules = ExampleRules()
    rules.emission = Fixed(1000)
    let found = try await entry(.selfDealing, rules, strength: 1)
    #expect(!found.isBroken, "\(found.finding)")
  }

  @Test func capacityThatIsPaidIsFarmed() async throws {
    let found = try await entry(.capacityFarming, ExampleRules(), strength: 5)
    #expect(found.isBroken, "\(found.finding)")
    var rules = ExampleRules()
    rules.usageShare = .one
    let unpaid = try await entry(.capacityFarming, rules, strength: 5)
    #expect(!unpaid.isBroken, "\(unpaid.finding)")
  }

  @Test func ladderClimbsAndVerdictsFollow() {
    for attack in Attack.allCases {
      #expect(attack.ladder.count == 6 && !attack.meaning.isEmpty && !attack.parameter.isEmpty)
    }
  }
}
