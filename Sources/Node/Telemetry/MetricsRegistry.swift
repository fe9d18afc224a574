import Locks
import Metrics

/// A swift-metrics backend that keeps every metric in memory and prints them as Prometheus text.
///
/// Counters and gauges are printed as they are; recorders and timers as histograms, timers in
/// seconds. Labels of a series are its dimensions. A name whose series would pass
/// ``seriesLimit`` takes no more: a peer that can choose a label must not fill the memory.
package final class MetricsRegistry: MetricsFactory {
  /// The most series (label sets) that one name keeps.
  package static let seriesLimit = 1000

  private struct Family {
    var kind: MetricKind
    var series: [SeriesLabels: MetricCell] = [:]
  }

  private struct State {
    var families: [String: Family] = [:]
    var help: [String: String] = [:]
  }

  private let state = Locked(State())

  package init() {}

  /// The process's registry; ``bootstrap()`` makes it swift-metrics' backend.
  package static let process = MetricsRegistry()

  private static let bootstrapped: Void = MetricsSystem.bootstrap(process)

  /// Makes ``process`` the backend of every `Counter`, `Gauge`, `Recorder` and `Timer` of the
  /// process. Can be called more than once.
  @discardableResult
  package static func bootstrap() -> MetricsRegistry {
    bootstrapped
    return process
  }

  /// Says what a metric means; printed as its HELP line.
  package func describe(_ name: String, _ help: String) {
    let family = PrometheusText.name(name)
    state.withLock { $0.help[family] = help }
  }

  /// Everything in Prometheus' text format 0.0.4, names and labels in ascending order.
  package func prometheusText() -> String {
    let (families, help) = state.withLock { ($0.families, $0.help) }
    var text = ""
    for name in families.keys.sorted() {
      guard let family = families[name] else { continue }
      let meaning = help[name] ?? "\(name) (no description)"
      text += "# HELP \(name) \(PrometheusText.escapeHelp(meaning))\n"
      text += "# TYPE \(name) \(family.kind.prometheusName)\n"
      for labels in family.series.keys.sorted() {
        guard let cell = family.series[labels] else { continue }
        PrometheusText.append(cell.sample(), name: name, labels: labels, to: &text)
      }
    }
    return text
  }

  private func cell(
    _ label: String, _ dimensions: [(String, String)], _ kind: MetricKind
  ) -> MetricCell {
    let name = PrometheusText.name(label)
    let labels = SeriesLabels(dimensions)
    return state.withLock { state in
      var family = state.families[name] ?? Family(kind: kind)
      // One name has one type: a second use as another type goes nowhere rather than make the
      // whole page unreadable for Prometheus.
      guard family.kind == kind else { return MetricCell(kind) }
      if let known = family.series[labels] { return known }
      let fresh = MetricCell(kind)
      if family.series.count < Self.seriesLimit { family.series[labels] = fresh }
      state.families[name] = family
      return fresh
    }
  }

  // MARK: MetricsFactory

  package func makeCounter(
    label: String, dimensions: [(String, String)]
  ) -> any CounterHandler {
    cell(label, dimensions, .counter)
  }

  package func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    cell(label, dimensions, .counter)
  }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    cell(label, dimensions, .gauge)
  }

  package func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    cell(label, dimensions, aggregate ? .histogram(.quantities) : .gauge)
  }

  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    cell(label, dimensions, .histogram(.seconds))
  }

  // A series lives as long as its process: Prometheus expects a counter to stay.
  package func destroyCounter(_ handler: any CounterHandler) {}
  package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  package func destroyMeter(_ handler: any MeterHandler) {}
  package func destroyRecorder(_ handler: any RecorderHandler) {}
  package func destroyTimer(_ handler: any TimerHandler) {}
}

/// What a metric's numbers mean.
enum MetricKind: Hashable, Sendable {
  case counter
  case gauge
  case histogram(HistogramBounds)

  var prometheusName: String {
    switch self {
    case .counter: "counter"
    case .gauge: "gauge"
    case .histogram: "histogram"
    }
  }
}

/// The upper bounds of a histogram's buckets.
enum HistogramBounds: Hashable, Sendable {
  case seconds
  case quantities

  var values: [Double] {
    switch self {
    case .seconds:
      [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
    case .quantities:
      [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 67_108_864]
    }
  }
}

/// The labels of one series, in ascending order.
struct SeriesLabels: Hashable, Comparable, Sendable {
  let pairs: [Pair]

  struct Pair: Hashable, Comparable, Sendable {
    let name: String
    let value: String
    static func < (left: Pair, right: Pair) -> Bool {
      (left.name, left.value) < (right.name, right.value)
    }
  }

  init(_ dimensions: [(String, String)]) {
    var seen: [String: String] = [:]
    for (name, value) in dimensions { seen[PrometheusText.labelName(name)] = value }
    pairs = seen.map { Pair(name: $0.key, value: $0.value) }.sorted()
  }

  static func < (left: SeriesLabels, right: SeriesLabels) -> Bool {
    left.pairs.lexicographicallyPrecedes(right.pairs)
  }
}
