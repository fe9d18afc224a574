import Simulator
import Testing

/// Scenario files: what is wrong is named with file, line and field.
@Suite struct ScenarioReaderTests {
  private static let lines = ExampleRules.scenario.split(
    separator: "\n", omittingEmptySubsequences: false
  ).map(String.init)

  /// The example with one line replaced by another.
  private func text(_ old: String, _ new: String) -> String {
    Self.lines.map { $0.contains(old) ? $0.replacing(old, with: new) : $0 }
      .joined(separator: "\n")
  }

  @Test func theExampleIsRead() throws {
    let scenario = try ScenarioReader.read(ExampleRules.scenario, file: "example.yaml")
    #expect(scenario.name == "example" && scenario.days == 730)
    #expect(scenario.supply.map(\.name) == ["home", "rack", "spoofers"])
    #expect(scenario.supply[2].behaviour == .spoofer)
    #expect(scenario.demand[1].elasticity == Fixed(2))
    #expect(scenario.start?.circulatingTokens == Fixed(80_000_000))
    #expect(scenario.market.regimes.count == 3)
  }

  @Test(arguments: [
    ("days: 730", "days: 0", 4, "days"), ("days: 730", "days: many", 4, "days"),
    ("days: 730", "dais: 730", 4, "dais"),
    ("unit-price-usd: 0.5", "unit-price-usd: -1", 3, "unit-price-usd"),
    ("unit-price-usd: 0.5", "unit-price-usd: nan", 3, "unit-price-usd"),
    ("unit-price-usd: 0.5", "unit-price-usd: [1]", 3, "unit-price-usd"),
    ("supply-tokens: 100000000", "supply-tokens: 7", 7, "start.circulating-tokens"),
    ("watts: 20", "watts: 1e30", 27, "supply[0].watts"),
    ("behaviour: spoofer", "behaviour: thief", 42, "supply[2].behaviour"),
    ("potential: 20000", "potential: 2", 24, "supply[0].potential"),
    ("segment: archives", "segment: developers", 11, "demand"),
  ])
  func eachMistakeIsNamed(old: String, new: String, line: Int, field: String) throws {
    let error = #expect(throws: ScenarioError.self) {
      try ScenarioReader.read(text(old, new), file: "my.yaml")
    }
    #expect(error?.file == "my.yaml" && error?.field == field, "\(error.map(\.description) ?? "")")
    #expect(error?.line == line, "\(error.map(\.description) ?? "")")
  }

  @Test(arguments: ["", "- a\n- b\n", "a: [", "a: b\na: c\n", "\u{0}", "&x a: *x\n"])
  func whatIsNoScenarioIsRefused(text: String) {
    #expect(throws: ScenarioError.self) { try ScenarioReader.read(text, file: "x") }
  }

  @Test func fieldsCanBeSet() throws {
    let scenario = try ScenarioReader.read(
      ExampleRules.scenario, file: "x",
      changes: [
        ("market.price-usd", "2.5"), ("supply[home].watts", "33"), ("supply[1].members", "7"),
        ("market.slippage", "0.02"),
      ])
    #expect(scenario.market.price == Fixed(5, over: 2))
    #expect(scenario.supply[0].watts == Fixed(33) && scenario.supply[1].members == Fixed(7))
    #expect(scenario.market.slippage == Fixed(decimal: "0.02"))
  }

  @Test(arguments: [
    "", "market", "nowhere.at.all", "supply[9].watts", "supply[nobody].watts", "supply[0",
    "supply.watts", "days.hours", "start..x",
  ])
  func pathsThatLeadNowhereAreRefused(path: String) {
    #expect(throws: ScenarioError.self) {
      try ScenarioReader.read(ExampleRules.scenario, file: "x", changes: [(path, "1")])
    }
  }

  @Test(arguments: ["2026-02-30", "1969-12-31", "2026-1-1", "yesterday", "2200-01-01"])
  func whatIsNoDateIsRefused(text: String) {
    #expect(CalendarDay(text) == nil)
  }

  @Test func daysAndDatesAgree() {
    #expect(CalendarDay("1970-01-01")?.daysSince1970 == 0)
    #expect(CalendarDay("2026-08-05")?.daysSince1970 == 20_670)
    for day in stride(from: 0, to: 80_000, by: 13) {
      let text = CalendarDay(daysSince1970: day).description
      #expect(CalendarDay(text)?.daysSince1970 == day)
    }
  }
}
