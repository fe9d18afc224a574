/// What is to be simulated: all that decides a result, and nothing else does.
package struct SimulationPlan: Sendable {
  /// The preset's name, for reports.
  package var preset: String
  package var scenario: Scenario
  /// The first day, counted from 1 January 1970.
  package var firstDay: Int
  package var seed: UInt64
  /// How many runs; run i takes price regime i mod the number of regimes.
  package var runs: UInt64

  package init(
    preset: String, scenario: Scenario, firstDay: Int, seed: UInt64, runs: UInt64
  ) {
    self.preset = preset
    self.scenario = scenario
    self.firstDay = firstDay
    self.seed = seed
    self.runs = runs
  }

  /// How many points of time are recorded, the first and the last day among them.
  static let mostSamples = 61

  /// The days after which something is recorded, in order; the last day always.
  package var sampleDays: [Int] {
    let days = scenario.days
    let count = min(days, Self.mostSamples)
    return (1...count).map { days * $0 / count - 1 }
  }

  /// The price regime of a run.
  func regime(of run: UInt64) -> Int { Int(run % UInt64(scenario.market.regimes.count)) }
}
