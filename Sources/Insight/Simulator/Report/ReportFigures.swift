/// The figures of a report: which metrics stand together, on which scale, and what they mean.
struct ReportFigures {
  /// A figure as the page shows it.
  struct Figure {
    let title: String
    let explanation: String
    /// Charts, each with a caption that may be empty.
    let panels: [(caption: String, svg: String)]
    /// The lines' names and colours.
    let legend: [(name: String, color: String)]
    let isWide: Bool
  }

  private let played: PlayedSimulation
  private static let colors = ["a", "b", "c"]

  init(_ played: PlayedSimulation) { self.played = played }

  /// All figures, in the page's order.
  var all: [Figure] {
    let unit = played.plan.scenario.unit
    var figures = [
      overlay(
        .price, "Token price",
        "US dollars, logarithmic. The weakest part of any such model: "
          + "judge the rules by what holds in all regimes.", prefix: "$", isLogarithmic: true),
      overlay(
        .incentiveEfficiency, "Incentive efficiency",
        "What customers pay for each dollar's worth of new tokens. Below 1 the network pays more "
          + "for service than anybody gives for it.", prefix: "$", isLogarithmic: true),
      pair(
        .supply, .circulating, "Supply and circulating",
        "Tokens that exist, and those that can "
          + "be sold."),
      pair(
        .burnedValue, .emittedValue, "Burned and emitted, in dollars",
        "A day, at the day's price.", prefix: "$", isLogarithmic: true),
      pair(
        .burned, .emitted, "Burned and emitted, in tokens",
        "A day. Where the lines cross, supply "
          + "stops growing."),
      pair(
        .used, .capacity, "Used and there",
        "\(unit) a day: the numerator and the denominator of "
          + "utilisation, which by itself can rise because suppliers leave.", isLogarithmic: true),
      overlay(
        .utilisation, "Utilisation", "Used over there.", isPercent: true),
      overlay(
        .customerRevenue, "Customers pay", "US dollars a day, without self-dealing.",
        prefix: "$"),
      overlay(
        .priceToSales, "Price / sales", "Circulating value over a year's revenue, logarithmic.",
        isLogarithmic: true),
      overlay(
        .priceToSalesDiluted, "Price / sales, fully diluted",
        "The value of all tokens over a year's revenue, logarithmic.", isLogarithmic: true),
      overlay(
        .stakeRatio, "Staked share", "Tokens at stake over those and the circulating.",
        isPercent: true),
      overlay(
        .concentration, "Concentration",
        "The share of emission that the best paid tenth of "
          + "operators gets.", isPercent: true),
      overlay(
        .operators, "Operators", "All cohorts.", isLogarithmic: true),
      overlay(
        .pretenders, "Emission to pretenders", "Farmers, spoofers and self-dealers.",
        isPercent: true),
    ]
    if hasVault {
      figures.append(
        overlay(
          .vaultRatio, "Vault ratio",
          "What the vault holds over what it owes. Below 1 credits "
            + "are not covered."))
    }
    figures.append(insolvency)
    return figures
  }

  private var hasVault: Bool {
    played.result.regimes.contains { $0[.vaultRatio].contains { $0.maximum.raw > 0 } }
  }

  private func overlay(
    _ metric: Metric, _ title: String, _ explanation: String, prefix: String = "",
    isLogarithmic: Bool = false, isPercent: Bool = false
  ) -> Figure {
    let series = played.result.regimes.enumerated().map { index, regime in
      LineChart.Series(regime.name, color: Self.color(index), regime[metric])
    }
    var chart = LineChart(
      series: series,
      axis: ChartAxis(series.flatMap(\.values), isLogarithmic: isLogarithmic),
      days: played.calendarDays, label: title)
    chart.prefix = prefix
    chart.isPercent = isPercent
    return Figure(
      title: title, explanation: explanation, panels: [("", chart.svg)],
      legend: series.map { ($0.name, $0.color) }, isWide: false)
  }

  private func pair(
    _ first: Metric, _ second: Metric, _ title: String, _ explanation: String,
    prefix: String = "", isLogarithmic: Bool = false
  ) -> Figure {
    let pairs = played.result.regimes.map { regime in
      [
        LineChart.Series(first.title, color: "a", regime[first]),
        LineChart.Series(second.title, color: "b", regime[second]),
      ]
    }
    let axis = ChartAxis(pairs.joined().flatMap(\.values), isLogarithmic: isLogarithmic)
    let panels = zip(played.result.regimes, pairs).map { regime, series in
      var chart = LineChart(
        series: series, axis: axis, days: played.calendarDays,
        label: "\(title), \(regime.name)")
      chart.width = 360
      chart.height = 210
      chart.prefix = prefix
      return (caption: regime.name, svg: chart.svg)
    }
    return Figure(
      title: title, explanation: explanation, panels: panels,
      legend: [(first.title, "a"), (second.title, "b")], isWide: true)
  }

  /// How many runs have become insolvent by each point of time.
  private var insolvency: Figure {
    let series = played.result.regimes.enumerated().map { index, regime in
      let shares = played.plan.sampleDays.map { day -> QuantileSketch in
        var sketch = QuantileSketch()
        let count = regime.insolvent(withinMonths: (day + 1) * 12 / 365)
        sketch.add(Fixed(Int(count)).divided(by: Fixed(Int(regime.runs)), orIfZero: .zero))
        return sketch
      }
      return LineChart.Series(regime.name, color: Self.color(index), shares)
    }
    var chart = LineChart(
      series: series,
      axis: ChartAxis(series.flatMap(\.values), isLogarithmic: false, atLeast: Fixed(1, over: 20)),
      days: played.calendarDays, label: "Insolvent runs")
    chart.isPercent = true
    return Figure(
      title: "Insolvent by then",
      explanation: "The share of runs that could no longer pay or "
        + "serve, from the first day on.", panels: [("", chart.svg)],
      legend: series.map { ($0.name, $0.color) }, isWide: false)
  }

  /// What operators net a month, by cohort and regime.
  var income: Figure {
    let scenario = played.plan.scenario
    let groups = scenario.supply.indices.map { index in
      IntervalChart.Group(
        name: scenario.supply[index].name,
        rows: played.result.regimes.enumerated().map { place, regime in
          let net = regime.operators[index].netPerMonth
          return IntervalChart.Row(
            name: regime.name, color: Self.color(place),
            low: net.quantile(perMille: 100) ?? .zero, middle: net.median ?? .zero,
            high: net.quantile(perMille: 900) ?? .zero)
        })
    }
    let chart = IntervalChart(groups: groups, prefix: "$", label: "Net income a month")
    return Figure(
      title: "Net income of one operator a month",
      explanation: "p10 to p90 and the median, after power, data, interest, stake and the "
        + "hardware's wear. Each kind has a scale of its own.", panels: [("", chart.svg)],
      legend: [], isWide: false)
  }

  static func color(_ index: Int) -> String { colors[index % colors.count] }
}
