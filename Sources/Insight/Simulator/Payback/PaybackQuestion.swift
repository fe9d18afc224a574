/// One operator's situation. What is nil is taken from the scenario's first honest cohort.
package struct PaybackQuestion: Sendable {
  package var hardware: Fixed?
  package var watts: Fixed?
  package var tariff: Fixed?
  package var dataCap: Fixed?
  package var overage: Fixed?
  package var otherCosts: Fixed?
  package var uptime: Fixed?
  package var capacityPerDay: Fixed?
  /// Megabits a second of the line; limits capacity where a unit moves data.
  package var bandwidth: Fixed?
  /// The cohort that one is like.
  package var like: String?

  package init() {}

  /// The scenario with one more cohort, `you`: one operator who neither grows nor leaves.
  /// - Throws: ``ScenarioError`` when there is no cohort of that name.
  package func applied(to scenario: Scenario, days: Int) throws(ScenarioError) -> Scenario {
    let honest = scenario.supply.filter { $0.behaviour == .honest }
    guard var you = like == nil ? honest.first : honest.first(where: { $0.name == like }) else {
      throw ScenarioError(
        file: scenario.name, field: "supply",
        problem: "has no honest cohort \(like ?? ""); there are: "
          + honest.map(\.name).joined(separator: ", "))
    }
    you.name = "you"
    you.members = .one
    you.potential = .one
    you.attention = .zero
    you.patienceDays = 3650
    you.hardware = hardware ?? you.hardware
    you.watts = watts ?? you.watts
    you.tariff = tariff ?? you.tariff
    you.dataCap = dataCap ?? you.dataCap
    you.overage = overage ?? you.overage
    you.otherCosts = otherCosts ?? you.otherCosts
    you.uptime = uptime ?? you.uptime
    you.capacityPerDay = capacityPerDay ?? you.capacityPerDay
    if let bandwidth, you.gigabytesPerUnit.raw > 0 {
      // 1 Mbit/s moves 10.8 GB a day.
      let most = bandwidth * Fixed(108, over: 10) / you.gigabytesPerUnit
      you.capacityPerDay = min(you.capacityPerDay, most)
    }
    var changed = scenario
    changed.supply.append(you)
    changed.days = days
    return changed
  }
}
