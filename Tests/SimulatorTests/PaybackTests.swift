import Economics
import Simulator
import Testing

/// The three home operators of the reference, and what `payback` says.
@Suite struct PaybackTests {
  private func fixed(_ text: String) -> Fixed { Fixed(decimal: text) ?? .largest }

  /// AIOZ home node: 0.0000675 tokens at $0.30 in three weeks for $18 of mobile data, 32 GB of a
  /// 100 GB cap: earns $0.00002, a loss of 888,889 to 1.
  @Test func theAIOZHomeNodeLoses() throws {
    let node = ObservedIncome(
      tokens: fixed("0.0000675"), price: fixed("0.3"), months: fixed("0.69"), hardware: .zero,
      costs: fixed("18"))
    #expect(node.income.text(decimals: 5) == "0.00002")
    let ratio = try #require(node.costPerDollar)
    #expect((ratio - fixed("888889")).magnitude < fixed("10"), "\(ratio.exactText)")
    #expect(node.paybackMonths == nil)
    #expect(node.sentence.contains("never pays back"))
    let even = try #require(node.breakEvenPrice)
    #expect(even > fixed("266000") && even < fixed("267000"))
  }

  /// Helium hotspot: $23 in 14 months against $180 of hardware.
  @Test func theHeliumHotspotPaysBackAfterNineYears() throws {
    let hotspot = ObservedIncome(
      tokens: fixed("23"), price: .one, months: fixed("14"), hardware: fixed("180"), costs: .zero)
    #expect(hotspot.netPerMonth.text(decimals: 2) == "1.64")
    #expect(try #require(hotspot.paybackMonths).text(decimals: 0) == "110")
    #expect(hotspot.sentence.contains("after 110 months"))
  }

  /// Grass: most earned under $20. What the preset pays an average home connection in its first
  /// three months.
  @Test func theGrassNodeEarnsLittle() async throws {
    let text = try #require(BuiltInScenarios.text(preset: "grass"))
    let scenario = try ScenarioReader.read(text, file: "grass")
    var question = PaybackQuestion()
    question.like = "home connection"
    question.hardware = .zero
    let changed = try question.applied(to: scenario, days: 91)
    let first = try #require(scenario.firstDay)
    let plan = SimulationPlan(
      preset: "grass", scenario: changed, firstDay: first, seed: 1, runs: 9)
    let rules = try PolicyDriver(.grass, scenario: changed, firstDay: first)
    let result = try await SimulationRunner.play(plan, rules: rules, threads: 2)
    let answer = PaybackAnswer(PlayedSimulation(plan: plan, result: result))
    let total = answer.netPerMonth[1] * Fixed(3)
    #expect(total.raw > 0 && total < fixed("20"), "\(total.exactText)")
  }

  @Test func questionsChangeTheirCohort() throws {
    let scenario = try ScenarioReader.read(ExampleRules.scenario, file: "x")
    var question = PaybackQuestion()
    question.watts = Fixed(77)
    question.bandwidth = Fixed(1)
    let changed = try question.applied(to: scenario, days: 100)
    let you = try #require(changed.supply.last)
    #expect(you.name == "you" && you.watts == Fixed(77) && changed.days == 100)
    // 1 Mbit/s moves 10.8 GB a day; the cohort could have rendered 50.
    #expect(you.capacityPerDay == fixed("10.8"))
    question.like = "nobody"
    #expect(throws: ScenarioError.self) { try question.applied(to: scenario, days: 100) }
  }
}
