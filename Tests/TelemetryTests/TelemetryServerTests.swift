import Foundation
import Locks
import Logging
import Metrics
import TestSupport
import Testing

@testable import Telemetry

@Suite struct TelemetryServerTests {
  @Test func servesMetricsAndHealth() async throws {
    let registry = MetricsRegistry()
    registry.makeCounter(label: "seen", dimensions: []).increment(by: 1)
    let healthy = Locked(true)
    let port = Locked<Int?>(nil)
    let server = TelemetryServer(
      port: 0, registry: registry, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) {
      HealthReport(
        isHealthy: healthy.withLock { $0 }, summary: "a \"test\"", details: [("height", "3")])
    }
    let run = Task { try await server.run { bound in port.withLock { $0 = bound } } }
    try await eventually("the server listens") { port.withLock { $0 } != nil }
    let base = "http://127.0.0.1:\(try #require(port.withLock { $0 }))"
    let metrics = try await Self.get(base + "/metrics")
    #expect(metrics.status == 200)
    #expect(metrics.body.contains("seen 1\n"))
    let good = try await Self.get(base + "/health")
    #expect(good.status == 200)
    #expect(
      good.body == #"{"healthy":true,"summary":"a \"test\"","details":{"height":"3"}}"#)
    healthy.withLock { $0 = false }
    #expect(try await Self.get(base + "/health").status == 503)
    #expect(try await Self.get(base + "/nothing").status == 404)
    run.cancel()
    _ = try? await run.value
  }

  /// By `curl`: the target has no HTTP client.
  private static func get(_ url: String) async throws -> (status: Int, body: String) {
    try await Task.detached {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
      process.arguments = ["-s", "-m", "5", "-w", "\n%{http_code}", url]
      let pipe = Pipe()
      process.standardOutput = pipe
      try process.run()
      let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      let lines = String(decoding: data, as: UTF8.self).split(
        separator: "\n", omittingEmptySubsequences: false)
      return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
    }.value
  }
}
