import Telemetry

/// Where a process's parts say how they are; `/health` reads it.
actor HealthBoard {
  private var ask: @Sendable () async -> HealthReport = {
    HealthReport(isHealthy: false, summary: "starting")
  }

  /// From now on this tells.
  func set(_ ask: @escaping @Sendable () async -> HealthReport) { self.ask = ask }

  /// A sentence that stands until the next.
  func set(healthy: Bool, _ summary: String) {
    ask = { HealthReport(isHealthy: healthy, summary: summary) }
  }

  func report() async -> HealthReport { await ask() }
}
