import Metrics
import Testing

@testable import Telemetry

@Suite struct MetricsRegistryTests {
  @Test func printsCountersGaugesAndHistograms() {
    let registry = MetricsRegistry()
    registry.describe("requests.total", "Requests\nanswered \\ all")
    registry.makeCounter(label: "requests.total", dimensions: [("method", "GET")]).increment(by: 2)
    registry.makeCounter(label: "requests.total", dimensions: [("method", "GET")]).increment(by: 1)
    registry.makeRecorder(label: "height", dimensions: [], aggregate: false).record(7 as Int64)
    let timer = registry.makeTimer(label: "took_seconds", dimensions: [])
    timer.recordNanoseconds(2_000_000)
    timer.recordNanoseconds(70_000_000_000)
    let text = registry.prometheusText()
    #expect(text.hasPrefix("# HELP height"))
    #expect(
      text.contains(
        "# HELP requests_total Requests\\nanswered \\\\ all\n# TYPE requests_total counter\n"
          + "requests_total{method=\"GET\"} 3\n"))
    #expect(text.contains("# TYPE height gauge\nheight 7\n"))
    #expect(text.contains("took_seconds_bucket{le=\"0.001\"} 0\n"))
    #expect(text.contains("took_seconds_bucket{le=\"0.0025\"} 1\n"))
    #expect(text.contains("took_seconds_bucket{le=\"60\"} 1\n"))
    #expect(text.contains("took_seconds_bucket{le=\"+Inf\"} 2\n"))
    #expect(text.contains("took_seconds_sum 70.002\ntook_seconds_count 2\n"))
  }

  @Test func escapesLabelsAndNames() {
    let registry = MetricsRegistry()
    registry.makeCounter(label: "1 odd-name", dimensions: [("a b", "x\"y\\z\nw")]).increment(by: 1)
    #expect(
      registry.prometheusText().contains("_1_odd_name{a_b=\"x\\\"y\\\\z\\nw\"} 1\n"))
  }

  @Test func keepsOneTypeANameAndBoundsItsSeries() {
    let registry = MetricsRegistry()
    registry.makeCounter(label: "one", dimensions: []).increment(by: 1)
    registry.makeMeter(label: "one", dimensions: []).set(99 as Int64)
    #expect(registry.prometheusText().contains("# TYPE one counter\none 1\n"))
    for number in 0..<(MetricsRegistry.seriesLimit + 50) {
      registry.makeCounter(label: "many", dimensions: [("peer", "\(number)")]).increment(by: 1)
    }
    let lines = registry.prometheusText().split(separator: "\n").filter { $0.hasPrefix("many{") }
    #expect(lines.count == MetricsRegistry.seriesLimit)
  }
}
