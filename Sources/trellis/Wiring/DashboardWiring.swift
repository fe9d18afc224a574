import Dashboard

/// Builds the live page.
enum DashboardWiring {
  /// Runs until cancelled. - Throws: when the port is taken.
  static func run(_ context: NodeProcess.Context) async throws {
    let source = LedgerDashboardSource(network: context.network, client: context.ledger)
    let server = try DashboardServer(
      port: context.ports.dashboard, source: source, logger: context.logger)
    try await server.run(onRunning: { _ in
      await context.health.set(healthy: true, "serves the page")
    })
  }
}
