import Mustache

/// A simulation as one self-contained page, for people who decide.
package struct HTMLReport {
  private let played: PlayedSimulation
  private let context: ReportContext

  package init(_ played: PlayedSimulation, context: ReportContext) {
    self.played = played
    self.context = context
  }

  /// The page.
  /// - Throws: when a template does not parse, which a test excludes.
  package func html() throws -> String {
    let library = MustacheLibrary(templates: [
      "page": try MustacheTemplate(string: ReportTemplates.page),
      "figure": try MustacheTemplate(string: ReportTemplates.figure),
    ])
    guard let page = library.render(view, withTemplate: "page") else { return "" }
    return page
  }

  /// Optional parts are left out of the view where there are none: the library prints `nil`.
  private var view: [String: Any] {
    let findings = Findings(played)
    let figures = ReportFigures(played)
    var view: [String: Any] = [
      "title": context.title, "lead": lead, "notes": context.notes,
      "tiles": findings.tiles.map {
        ["label": $0.label, "value": $0.value, "note": $0.note, "isBad": $0.isBad] as [String: Any]
      },
      "sentences": findings.sentences, "figures": figures.all.map(Self.view),
      "income": [Self.view(figures.income)], "cohorts": cohorts, "facts": facts,
      "scenario": context.scenarioText,
    ]
    if let partial { view["partial"] = partial }
    return view
  }

  private var lead: String {
    let plan = played.plan
    let first = CalendarDay(daysSince1970: plan.firstDay)
    let last = CalendarDay(daysSince1970: plan.firstDay + plan.scenario.days - 1)
    return "\(plan.scenario.name): \(first) to \(last), \(played.result.runs) runs under "
      + "\(played.result.regimes.count) price regimes. \(plan.scenario.note)"
  }

  private var partial: String? {
    guard played.isPartial else { return nil }
    return "Stopped after \(played.result.runs) of \(played.plan.runs) runs: these figures are of "
      + "the runs that were played."
  }

  private static func view(_ figure: ReportFigures.Figure) -> [String: Any] {
    [
      "title": figure.title, "explanation": figure.explanation, "isWide": figure.isWide,
      "legend": figure.legend.map { ["name": $0.name, "color": $0.color] },
      "panels": figure.panels.map { panel in
        panel.caption.isEmpty ? ["svg": panel.svg] : ["svg": panel.svg, "caption": panel.caption]
      },
    ]
  }

  private var cohorts: [[String: Any]] {
    played.plan.scenario.supply.enumerated().map { index, cohort in
      [
        "name": cohort.name,
        "what": "\(cohort.behaviour.rawValue); \(Money.dollars(cohort.hardware)) of hardware, "
          + "\(cohort.watts.shortText) W at \(Money.dollars(cohort.tariff))/kWh",
        "rows": played.result.regimes.map { regime -> [String: String] in
          let row = OperatorRow(regime.operators[index], runs: regime.runs)
          return [
            "regime": regime.name, "net": row.net, "payback": row.payback, "never": row.never,
            "breakEven": row.breakEven,
          ]
        },
      ]
    }
  }

  private var facts: [[String: String]] {
    [
      ("command", context.commandLine), ("version", context.version),
      ("preset", played.plan.preset), ("seed", String(played.plan.seed)),
      ("runs", "\(played.result.runs) of \(played.plan.runs)"),
      ("scenario", "sha256:\(context.scenarioHash)"),
    ].map { ["name": $0.0, "value": $0.1] }
  }
}

/// One operator's figures in words: p10 / p50 / p90.
struct OperatorRow {
  let net: String
  let payback: String
  let never: String
  let breakEven: String

  init(_ result: OperatorResult, runs: UInt64) {
    let levels: [UInt64] = [100, 500, 900]
    net = levels.map { Money.dollars(result.netPerMonth.quantile(perMille: $0) ?? .zero) }
      .joined(separator: " / ")
    payback = levels.map { result.payback(perMille: $0)?.shortText ?? "never" }
      .joined(separator: " / ")
    never = RunShare.percent(result.neverPaidBack, of: runs)
    breakEven =
      result.breakEvenPrice.count == 0
      ? "no tokens earned"
      : levels.map { Money.dollars(result.breakEvenPrice.quantile(perMille: $0) ?? .zero) }
        .joined(separator: " / ")
  }
}
