/// A simulation in the terminal.
package enum TerminalSummary {
  /// The summary, some thirty lines of text.
  package static func text(_ played: PlayedSimulation, context: ReportContext) -> String {
    let plan = played.plan
    let first = CalendarDay(daysSince1970: plan.firstDay)
    let last = CalendarDay(daysSince1970: plan.firstDay + plan.scenario.days - 1)
    var lines = [
      "\(context.title) · \(plan.scenario.name)",
      "\(first) to \(last), \(played.result.runs) runs, seed \(plan.seed), scenario "
        + "\(context.scenarioHash.prefix(12))",
    ]
    if played.isPartial {
      lines.append("stopped: \(played.result.runs) of \(plan.runs) runs were played")
    }
    lines += context.notes.map { "note: \($0)" }
    lines.append("")
    lines += table(played)
    lines.append("")
    lines += operators(played)
    lines.append("")
    lines += Findings(played).sentences
    return lines.joined(separator: "\n")
  }

  /// Medians on the last day by regime.
  private static func table(_ played: PlayedSimulation) -> [String] {
    let regimes = played.result.regimes
    let last = played.plan.sampleDays.count - 1
    var rows = [["at the end (p10 / p50 / p90)"] + regimes.map(\.name)]
    for metric in Metric.allCases {
      if regimes.allSatisfy({ $0[metric][last].maximum.raw <= 0 }) && metric == .vaultRatio {
        continue
      }
      rows.append(
        ["\(metric.title)"]
          + regimes.map { regime in
            [100, 500, 900].map { regime[metric][last].quantile(perMille: $0)?.shortText ?? "–" }
              .joined(separator: " / ")
          })
    }
    rows.append(
      ["Insolvent within 24 months"]
        + regimes.map { RunShare.text($0.insolvent(withinMonths: 24), of: $0.runs) })
    return TextTable.lines(rows)
  }

  private static func operators(_ played: PlayedSimulation) -> [String] {
    var rows = [
      ["operator (p10 / p50 / p90)", "net a month", "payback, months", "break-even price"]
    ]
    for (index, cohort) in played.plan.scenario.supply.enumerated() {
      for regime in played.result.regimes {
        let row = OperatorRow(regime.operators[index], runs: regime.runs)
        rows.append(["\(cohort.name), \(regime.name)", row.net, row.payback, row.breakEven])
      }
    }
    return TextTable.lines(rows)
  }
}

/// Columns of text.
package enum TextTable {
  /// Lines with the first column to the left and the others to the right.
  package static func lines(_ rows: [[String]]) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      var line = ""
      for (column, text) in row.enumerated() {
        let space = String(repeating: " ", count: widths[column] - text.count)
        line += column == 0 ? text + space : "   " + space + text
      }
      while line.hasSuffix(" ") { line.removeLast() }
      return line
    }
  }
}
