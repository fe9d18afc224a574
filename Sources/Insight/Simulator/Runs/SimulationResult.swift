/// What many runs came to, in memory that does not grow with their number.
package struct SimulationResult: Hashable, Sendable {
  /// One entry for each price regime of the scenario.
  package private(set) var regimes: [RegimeResult]

  init(_ plan: SimulationPlan) {
    let samples = plan.sampleDays.count
    regimes = plan.scenario.market.regimes.map { regime in
      RegimeResult(name: regime.name, samples: samples, cohorts: plan.scenario.supply.map(\.name))
    }
  }

  /// How many runs it holds.
  package var runs: UInt64 { regimes.reduce(0) { $0 + $1.runs } }

  /// All regimes in one, for a figure that stands for the whole.
  package var all: RegimeResult {
    var merged = regimes[0]
    for regime in regimes.dropFirst() { merged.merge(regime) }
    return merged
  }

  mutating func add(_ run: RunRecord, regime: Int) { regimes[regime].add(run) }

  mutating func merge(_ other: SimulationResult) {
    for index in regimes.indices { regimes[index].merge(other.regimes[index]) }
  }
}

/// The runs under one price regime.
package struct RegimeResult: Hashable, Sendable {
  package let name: String
  package private(set) var runs: UInt64 = 0
  /// By ``Metric`` and by point of time.
  package private(set) var series: [[QuantileSketch]]
  /// How many runs became insolvent, by cause.
  package private(set) var insolvencies: [UInt64]
  /// How many runs became insolvent in each month of 365/12 days.
  package private(set) var insolvenciesByMonth: [UInt64] = []
  package private(set) var operators: [OperatorResult]

  init(name: String, samples: Int, cohorts: [String]) {
    self.name = name
    series = Metric.allCases.map { _ in Array(repeating: QuantileSketch(), count: samples) }
    insolvencies = Array(repeating: 0, count: Insolvency.allCases.count)
    operators = cohorts.map { OperatorResult(cohort: $0) }
  }

  /// The sketches of a metric.
  package subscript(_ metric: Metric) -> [QuantileSketch] { series[metric.rawValue] }

  /// How many runs were insolvent before `months` months were over.
  package func insolvent(withinMonths months: Int) -> UInt64 {
    insolvenciesByMonth.prefix(months).reduce(0, +)
  }

  /// How many runs were ever insolvent.
  package var insolventRuns: UInt64 { insolvenciesByMonth.reduce(0, +) }

  mutating func add(_ run: RunRecord) {
    runs += 1
    for metric in series.indices {
      for sample in run.samples.indices { series[metric][sample].add(run.samples[sample][metric]) }
    }
    for index in operators.indices { operators[index].add(run.books[index]) }
    guard let (day, cause) = run.insolvency else { return }
    insolvencies[cause.rawValue] += 1
    count(1, month: day * 12 / 365)
  }

  private mutating func count(_ runs: UInt64, month: Int) {
    while insolvenciesByMonth.count <= month { insolvenciesByMonth.append(0) }
    insolvenciesByMonth[month] += runs
  }

  mutating func merge(_ other: RegimeResult) {
    runs += other.runs
    for metric in series.indices {
      for sample in series[metric].indices {
        series[metric][sample].merge(other.series[metric][sample])
      }
    }
    for index in operators.indices { operators[index].merge(other.operators[index]) }
    for cause in insolvencies.indices { insolvencies[cause] += other.insolvencies[cause] }
    for (month, runs) in other.insolvenciesByMonth.enumerated() { count(runs, month: month) }
  }
}

/// What one operator of a cohort who was there from the first day came to.
package struct OperatorResult: Hashable, Sendable {
  package let cohort: String
  /// US dollars a month after all costs, wear of the hardware among them.
  package private(set) var netPerMonth = QuantileSketch()
  /// Months until the cash paid for the hardware; runs in which it never did are not in it.
  package private(set) var paybackMonths = QuantileSketch()
  package private(set) var neverPaidBack: UInt64 = 0
  /// US dollars a token at which it would have come out even; runs without tokens are not in it.
  package private(set) var breakEvenPrice = QuantileSketch()

  init(cohort: String) { self.cohort = cohort }

  /// The months below which `perMille` thousandths of all runs paid back; nil when so many never
  /// did.
  package func payback(perMille: UInt64) -> Fixed? {
    let total = paybackMonths.count + neverPaidBack
    if total == 0 { return nil }
    let rank = (total - 1) * perMille / 1000
    if rank >= paybackMonths.count { return nil }
    if paybackMonths.count == 1 { return paybackMonths.minimum }
    return paybackMonths.quantile(perMille: rank * 1000 / (paybackMonths.count - 1))
  }

  mutating func add(_ books: MemberBooks) {
    netPerMonth.add(books.netPerMonth)
    if let day = books.paybackDay {
      paybackMonths.add(Fixed(day) / CohortState.daysPerMonth)
    } else {
      neverPaidBack += 1
    }
    if let price = books.breakEvenPrice { breakEvenPrice.add(price) }
  }

  mutating func merge(_ other: OperatorResult) {
    netPerMonth.merge(other.netPerMonth)
    paybackMonths.merge(other.paybackMonths)
    neverPaidBack += other.neverPaidBack
    breakEvenPrice.merge(other.breakEvenPrice)
  }
}

/// One run, before it is added up.
struct RunRecord {
  /// By point of time, then in the order of ``Metric``.
  var samples: [[Fixed]]
  var books: [MemberBooks]
  var insolvency: (day: Int, cause: Insolvency)?
}
