import Simulator
import Testing

/// Many runs of a world.
@Suite struct SimulationRunnerTests {
  private func plan(runs: UInt64, seed: UInt64 = 5, days: Int = 60) throws -> SimulationPlan {
    let scenario = try ScenarioReader.read(
      ExampleRules.scenario, file: "example", changes: [("days", "\(days)")])
    return SimulationPlan(
      preset: "example", scenario: scenario, firstDay: 20_000, seed: seed, runs: runs)
  }

  @Test func theNumberOfThreadsDoesNotShow() async throws {
    let plan = try plan(runs: 9)
    let one = try await SimulationRunner.play(plan, rules: ExampleRules(), threads: 1)
    let four = try await SimulationRunner.play(plan, rules: ExampleRules(), threads: 4)
    let onePlayed = PlayedSimulation(plan: plan, result: one)
    let fourPlayed = PlayedSimulation(plan: plan, result: four)
    #expect(DataFiles.csv(onePlayed) == DataFiles.csv(fourPlayed))
    #expect(one.runs == 9)
  }

  @Test func seedsAndRunsDiffer() async throws {
    let one = try await SimulationRunner.play(plan(runs: 6), rules: ExampleRules(), threads: 2)
    let two = try await SimulationRunner.play(
      plan(runs: 6, seed: 6), rules: ExampleRules(), threads: 2)
    let last = one.regimes[0][.price].count - 1
    #expect(one.regimes[0][.price][last] != two.regimes[0][.price][last])
    #expect(one.regimes[0][.price][last].minimum < one.regimes[0][.price][last].maximum)
  }

  @Test func aStopKeepsWhatThereIs() async throws {
    let plan = try plan(runs: 1000, days: 5)
    let done = ProgressCount()
    let result = try await SimulationRunner.play(
      plan, rules: ExampleRules(), threads: 2, stop: { done.value >= 10 },
      progress: { done.set($0) })
    #expect(result.runs >= 10 && result.runs < 1000)
    let played = PlayedSimulation(plan: plan, result: result)
    #expect(played.isPartial)
  }

  @Test func moreBurnMeansLessSupply() async throws {
    let plan = try plan(runs: 3)
    var heavy = ExampleRules()
    heavy.burnShare = .one
    let light = try await SimulationRunner.play(plan, rules: ExampleRules(), threads: 1)
    let burnt = try await SimulationRunner.play(plan, rules: heavy, threads: 1)
    let last = light.all[.supply].count - 1
    let lightSupply = try #require(light.all[.supply][last].median)
    let burntSupply = try #require(burnt.all[.supply][last].median)
    #expect(burntSupply < lightSupply)
  }
}
