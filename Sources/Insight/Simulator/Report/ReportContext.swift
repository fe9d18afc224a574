/// What a reader needs to run a simulation again, and what its preset says of itself.
package struct ReportContext: Sendable {
  /// The program's version.
  package var version: String
  /// The command as it was typed.
  package var commandLine: String
  /// SHA-256 of the scenario's text, in hexadecimal.
  package var scenarioHash: String
  /// The scenario's text, before `--set`.
  package var scenarioText: String
  /// The preset's title, such as `Helium, rules of August 2026`.
  package var title: String
  /// What is uncertain about the preset or the scenario.
  package var notes: [String]

  package init(
    version: String, commandLine: String, scenarioHash: String, scenarioText: String,
    title: String, notes: [String]
  ) {
    self.version = version
    self.commandLine = commandLine
    self.scenarioHash = scenarioHash
    self.scenarioText = scenarioText
    self.title = title
    self.notes = notes
  }
}

/// A simulation that was played, wholly or in part.
package struct PlayedSimulation: Sendable {
  package let plan: SimulationPlan
  package let result: SimulationResult

  package init(plan: SimulationPlan, result: SimulationResult) {
    self.plan = plan
    self.result = result
  }

  /// Whether it was stopped before all runs were played.
  package var isPartial: Bool { result.runs < plan.runs }

  /// Days since 1 January 1970 of the points of time.
  var calendarDays: [Int] { plan.sampleDays.map { plan.firstDay + $0 } }

  /// The sample nearest to the end of `months` months, at most the last.
  func sample(afterMonths months: Int) -> Int {
    plan.sampleDays.firstIndex { ($0 + 1) * 12 >= months * 365 } ?? plan.sampleDays.count - 1
  }
}

/// A share of runs, as people read it.
enum RunShare {
  /// `12 of 300 (4 %)`.
  static func text(_ part: UInt64, of whole: UInt64) -> String {
    "\(part) of \(whole) (\(percent(part, of: whole)))"
  }

  /// `4 %`, `0.4 %`; a dash when there is nothing to share.
  static func percent(_ part: UInt64, of whole: UInt64) -> String {
    if whole == 0 { return "–" }
    let share = Fixed(raw: Int128(part) << 48) * Fixed(100) / Fixed(raw: Int128(whole) << 48)
    return "\(share < .one && share.raw > 0 ? share.text(decimals: 1) : share.text(decimals: 0)) %"
  }
}
