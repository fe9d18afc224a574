/// What a simulation says in sentences: the report's and the terminal's first lines.
package struct Findings: Sendable {
  /// A figure with its name and what stands behind it.
  package struct Tile: Sendable {
    package let label: String
    package let value: String
    package let note: String
    package let isBad: Bool
  }

  package let tiles: [Tile]
  package let sentences: [String]

  package init(_ played: PlayedSimulation) {
    let all = played.result.all
    let last = played.plan.sampleDays.count - 1
    tiles = [
      Self.insolvency(all), Self.efficiency(played, last), Self.use(played, all, last),
      Self.sales(all, last), Self.income(played),
    ]
    sentences =
      [Self.regimes(played, last), Self.capacity(played, last), Self.cause(all)]
      .compactMap { $0 } + Self.operators(played)
  }

  private static func insolvency(_ all: RegimeResult) -> Tile {
    let count = all.insolvent(withinMonths: 24)
    return Tile(
      label: "Insolvent within 24 months", value: RunShare.percent(count, of: all.runs),
      note: "\(count) of \(all.runs) runs; \(all.insolventRuns) over the whole time",
      isBad: count * 20 > all.runs)
  }

  private static func efficiency(_ played: PlayedSimulation, _ last: Int) -> Tile {
    let medians = played.result.regimes.compactMap { $0[.incentiveEfficiency][last].median }
    let low = medians.min() ?? .zero
    return Tile(
      label: "Customers pay per $1 of incentives",
      value: range(medians) { "$" + $0.shortText },
      note: "at the end, medians of \(medians.count) price regimes", isBad: low < .one)
  }

  private static func use(_ played: PlayedSimulation, _ all: RegimeResult, _ last: Int) -> Tile {
    let used = all[.used][last].median ?? .zero
    let capacity = all[.capacity][last].median ?? .zero
    let share = all[.utilisation][last].median ?? .zero
    return Tile(
      label: "Used of what is there", value: "\((share * Fixed(100)).shortText) %",
      note: "\(used.shortText) of \(capacity.shortText) \(played.plan.scenario.unit) a day",
      isBad: share < Fixed(1, over: 10))
  }

  private static func sales(_ all: RegimeResult, _ last: Int) -> Tile {
    let ratio = all[.priceToSales][last].median ?? .zero
    let diluted = all[.priceToSalesDiluted][last].median ?? .zero
    return Tile(
      label: "Price / sales", value: ratio.shortText,
      note: "circulating; \(diluted.shortText) fully diluted", isBad: ratio > Fixed(50))
  }

  private static func income(_ played: PlayedSimulation) -> Tile {
    let cohort = played.plan.scenario.supply.firstIndex { $0.behaviour == .honest } ?? 0
    let operators = played.result.all.operators[cohort]
    let middle = operators.netPerMonth.median ?? .zero
    let low = operators.netPerMonth.quantile(perMille: 100) ?? .zero
    let high = operators.netPerMonth.quantile(perMille: 900) ?? .zero
    return Tile(
      label: "\(operators.cohort): net a month", value: Money.dollars(middle),
      note: "\(Money.dollars(low)) to \(Money.dollars(high)) (p10 to p90), after all costs",
      isBad: middle.raw < 0)
  }

  /// `a`, or `a to b` when they differ in what is shown.
  private static func range(_ values: [Fixed], _ text: (Fixed) -> String) -> String {
    let low = text(values.min() ?? .zero)
    let high = text(values.max() ?? .zero)
    return low == high ? low : "\(low) to \(high)"
  }

  private static func regimes(_ played: PlayedSimulation, _ last: Int) -> String {
    let parts = played.result.regimes.map { regime in
      let revenue = regime[.customerRevenue][last].median ?? .zero
      let emitted = regime[.emittedValue][last].median ?? .zero
      return "\(regime.name): customers pay \(Money.dollars(revenue)) a day, "
        + "new tokens are worth \(Money.dollars(emitted))"
    }
    return "At the end, by price regime (medians): " + parts.joined(separator: "; ") + "."
  }

  /// A rise of utilisation that a fall of the denominator made is called that.
  private static func capacity(_ played: PlayedSimulation, _ last: Int) -> String? {
    let all = played.result.all
    guard let before = all[.capacity][0].median, let after = all[.capacity][last].median,
      let shareBefore = all[.utilisation][0].median,
      let shareAfter = all[.utilisation][last].median, let usedBefore = all[.used][0].median,
      let usedAfter = all[.used][last].median
    else { return nil }
    let text =
      "Utilisation went from \((shareBefore * Fixed(100)).shortText) % to "
      + "\((shareAfter * Fixed(100)).shortText) %: use from \(usedBefore.shortText) to "
      + "\(usedAfter.shortText), capacity from \(before.shortText) to \(after.shortText) "
      + "\(played.plan.scenario.unit) a day"
    if shareAfter > shareBefore && after < before * Fixed(9, over: 10) {
      return text + ". Part of that rise is a smaller denominator, not more use."
    }
    return text + "."
  }

  private static func cause(_ all: RegimeResult) -> String? {
    guard all.insolventRuns > 0 else { return nil }
    let causes = Insolvency.allCases.filter { all.insolvencies[$0.rawValue] > 0 }
      .sorted { all.insolvencies[$0.rawValue] > all.insolvencies[$1.rawValue] }
      .map { "\($0.text) (\(RunShare.text(all.insolvencies[$0.rawValue], of: all.runs)))" }
    return "Runs ended in insolvency because " + causes.joined(separator: "; ") + "."
  }

  private static func operators(_ played: PlayedSimulation) -> [String] {
    let scenario = played.plan.scenario
    return played.result.all.operators.enumerated().compactMap { index, result in
      guard scenario.supply[index].behaviour == .honest else { return nil }
      let net = result.netPerMonth.median ?? .zero
      let payback = result.payback(perMille: 500)
      let hardware = Money.dollars(scenario.supply[index].hardware)
      let back =
        payback.map { "gets \(hardware) of hardware back after \($0.shortText) months" }
        ?? "does not get \(hardware) of hardware back"
      return "An operator of `\(result.cohort)` nets \(Money.dollars(net)) a month and \(back) "
        + "(medians; never in \(RunShare.percent(result.neverPaidBack, of: played.result.runs)) "
        + "of the runs)."
    }
  }
}
