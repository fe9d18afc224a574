import Hummingbird
import Logging
import NIOCore

/// How a process is, for `/health`, `trellis status` and the page.
package struct HealthReport: Sendable {
  /// Whether the process does its work.
  package let isHealthy: Bool
  /// What it does, or why it does not, in a sentence.
  package let summary: String
  /// Further values, in the order in which they are shown.
  package let details: [(name: String, value: String)]

  package init(
    isHealthy: Bool, summary: String, details: [(name: String, value: String)] = []
  ) {
    self.isHealthy = isHealthy
    self.summary = summary
    self.details = details
  }

  /// The report as a JSON object.
  package var json: String {
    var fields = ["\"healthy\":\(isHealthy)", "\"summary\":\(JSONText.quoted(summary))"]
    let details = details.map { "\(JSONText.quoted($0.name)):\(JSONText.quoted($0.value))" }
    fields.append("\"details\":{\(details.joined(separator: ","))}")
    return "{\(fields.joined(separator: ","))}"
  }
}

/// Serves `/metrics` (Prometheus text) and `/health` (JSON; status 503 when not healthy) on
/// loopback.
package struct TelemetryServer: Sendable {
  private let port: Int
  private let registry: MetricsRegistry
  private let logger: Logger
  private let health: @Sendable () async -> HealthReport

  /// A server on `127.0.0.1:port`; port 0 takes a free one.
  package init(
    port: Int, registry: MetricsRegistry = .process, logger: Logger,
    health: @escaping @Sendable () async -> HealthReport
  ) {
    self.port = port
    self.registry = registry
    self.logger = logger
    self.health = health
  }

  /// Serves until the task is cancelled; `onRunning` hears the port.
  /// - Throws: when the port is taken.
  package func run(onRunning: @escaping @Sendable (Int) async -> Void = { _ in }) async throws {
    let application = Application(
      router: router(), configuration: .init(address: .hostname("127.0.0.1", port: port)),
      onServerRunning: { await onRunning($0.localAddress?.port ?? 0) }, logger: logger.forServer)
    try await application.run()
  }

  private func router() -> Router<BasicRequestContext> {
    let router = Router()
    let registry = registry
    let health = health
    router.get("metrics") { _, _ in
      Self.answer(registry.prometheusText(), type: "text/plain; version=0.0.4; charset=utf-8")
    }
    router.get("health") { _, _ in
      let report = await health()
      return Self.answer(
        report.json, type: "application/json", status: report.isHealthy ? .ok : .serviceUnavailable)
    }
    return router
  }

  private static func answer(
    _ text: String, type: String, status: HTTPResponse.Status = .ok
  ) -> Response {
    Response(
      status: status, headers: [.contentType: type],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}
