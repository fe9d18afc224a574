/// A simulation's figures for other programs.
package enum DataFiles {
  /// The columns of ``csv(_:)``.
  package static let columns = [
    "regime", "subject", "measure", "date", "runs", "p10", "p50", "p90", "mean", "min", "max",
  ]

  /// One line of CSV for each regime, measure and point of time; operators' figures have no date.
  package static func csv(_ played: PlayedSimulation) -> String {
    var lines = [columns.joined(separator: ",")]
    for row in rows(played) {
      lines.append(
        ([quoted(row.regime), quoted(row.subject), row.measure, row.date ?? ""]
          + [String(row.sketch.count)] + row.numbers.map { $0?.exactText ?? "" })
          .joined(separator: ","))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// JSON Lines: first what was run, then what ``csv(_:)`` has, then insolvencies.
  package static func jsonLines(_ played: PlayedSimulation, context: ReportContext) -> String {
    var lines = [
      object([
        ("kind", text("simulation")), ("preset", text(played.plan.preset)),
        ("version", text(context.version)), ("command", text(context.commandLine)),
        ("seed", String(played.plan.seed)), ("runs", String(played.result.runs)),
        ("runs-wanted", String(played.plan.runs)),
        ("scenario-sha256", text(context.scenarioHash)),
      ])
    ]
    for row in rows(played) {
      var fields = [
        ("kind", text("quantiles")), ("regime", text(row.regime)), ("subject", text(row.subject)),
        ("measure", text(row.measure)),
      ]
      if let date = row.date { fields.append(("date", text(date))) }
      fields.append(("runs", String(row.sketch.count)))
      for (name, number) in zip(columns.dropFirst(5), row.numbers) {
        fields.append((name, number?.exactText ?? "null"))
      }
      lines.append(object(fields))
    }
    for regime in played.result.regimes {
      lines.append(
        object([
          ("kind", text("insolvency")), ("regime", text(regime.name)),
          ("runs", String(regime.runs)), ("insolvent", String(regime.insolventRuns)),
          ("within-24-months", String(regime.insolvent(withinMonths: 24))),
        ]))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private struct Row {
    let regime: String
    let subject: String
    let measure: String
    let date: String?
    let sketch: QuantileSketch

    var numbers: [Fixed?] {
      let isEmpty = sketch.count == 0
      return [
        sketch.quantile(perMille: 100), sketch.median, sketch.quantile(perMille: 900),
        sketch.mean, isEmpty ? nil : sketch.minimum, isEmpty ? nil : sketch.maximum,
      ]
    }
  }

  private static func rows(_ played: PlayedSimulation) -> [Row] {
    played.result.regimes.flatMap { regime -> [Row] in
      let series = Metric.allCases.flatMap { metric in
        zip(played.calendarDays, regime[metric]).map { day, sketch in
          Row(
            regime: regime.name, subject: "network", measure: metric.key,
            date: CalendarDay(daysSince1970: day).description, sketch: sketch)
        }
      }
      let operators = regime.operators.flatMap { operators in
        [
          ("net-usd-per-month", operators.netPerMonth), ("payback-months", operators.paybackMonths),
          ("break-even-price-usd", operators.breakEvenPrice),
        ].map { measure, sketch in
          Row(
            regime: regime.name, subject: operators.cohort, measure: measure, date: nil,
            sketch: sketch)
        }
      }
      return series + operators
    }
  }

  /// A CSV field.
  static func quoted(_ field: String) -> String {
    guard field.contains(where: { ",\"\n\r".contains($0) }) else { return field }
    return "\""
      + field.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }

  private static func object(_ fields: [(String, String)]) -> String {
    "{" + fields.map { "\(text($0.0)):\($0.1)" }.joined(separator: ",") + "}"
  }

  /// A JSON string.
  static func text(_ value: String) -> String {
    var result = "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        if scalar.value < 32 {
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
