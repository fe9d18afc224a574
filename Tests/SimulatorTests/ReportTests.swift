import Simulator
import Testing

/// What a simulation is written as.
@Suite struct ReportTests {
  private func played() async throws -> PlayedSimulation {
    let scenario = try ScenarioReader.read(
      ExampleRules.scenario, file: "example", changes: [("days", "70")])
    let plan = SimulationPlan(
      preset: "example", scenario: scenario, firstDay: 20_000, seed: 5, runs: 6)
    return PlayedSimulation(
      plan: plan,
      result: try await SimulationRunner.play(plan, rules: ExampleRules(), threads: 2))
  }

  private let context = ReportContext(
    version: "trellis 0", commandLine: "trellis simulate example --set 'a=<b>'",
    scenarioHash: "c0ffee", scenarioText: "unit: <GB> & more", title: "An example",
    notes: ["It is <invented>."])

  @Test func thePageStandsAlone() async throws {
    let page = try HTMLReport(await played(), context: context).html()
    for part in ["sha256:c0ffee", "trellis 0", "prefers-color-scheme:dark", "<svg", "p10 / p50"] {
      #expect(page.contains(part), "\(part) is missing")
    }
    #expect(page.contains("It is &lt;invented&gt;."))
    #expect(page.contains("unit: &lt;GB&gt; &amp; more"))
    for foreign in ["http://", "https://", "src=", "<script", "@import", "url(", ">nil<", "NaN"] {
      #expect(!page.contains(foreign), "\(foreign) is in the page")
    }
  }

  @Test func linesHaveTheirColumns() async throws {
    let played = try await played()
    let lines = DataFiles.csv(played).split(separator: "\n")
    #expect(lines[0].split(separator: ",").map(String.init) == DataFiles.columns)
    for line in lines {
      #expect(line.split(separator: ",", omittingEmptySubsequences: false).count == 11)
    }
    let json = DataFiles.jsonLines(played, context: context).split(separator: "\n")
    #expect(json[0].contains("\"seed\":5") && json[0].contains("\"scenario-sha256\":\"c0ffee\""))
    #expect(json.allSatisfy { $0.hasPrefix("{\"kind\":\"") && $0.hasSuffix("}") })
  }

  @Test func theSummarySaysWhatWasRun() async throws {
    let text = TerminalSummary.text(try await played(), context: context)
    for part in ["seed 5", "6 runs", "Insolvent within 24 months", "falling", "home"] {
      #expect(text.contains(part), "\(part) is missing")
    }
  }

  @Test(arguments: [
    "depth", "depth=1", "depth=1..1", "=1..2", "depth=a..b", "depth=1..2/1", "depth=1..2/x",
    "depth=1..2/1000",
  ])
  func sweepsThatCannotRunSayWhy(text: String) {
    #expect(throws: Sweep.Mistake.self) { try Sweep(text) }
  }

  @Test func aSweepHasBothEnds() throws {
    let sweep = try Sweep("market.depth=0.1..0.5/5")
    #expect(sweep.key == "market.depth" && sweep.values.count == 5)
    #expect(sweep.values.first == Fixed(decimal: "0.1") && sweep.values.last == Fixed(1, over: 2))
  }
}
