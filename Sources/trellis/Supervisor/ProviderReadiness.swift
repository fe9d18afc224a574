import Foundation

/// Waits for providers that were just started.
enum ProviderReadiness {
  /// Returns when all of them are healthy.
  /// - Throws: ``UserError`` naming those that are not, after a minute.
  static func wait(for names: [ProcessName], in network: OpenNetwork) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(60))
    var waiting = names
    while !waiting.isEmpty {
      let answers = await HealthProbe.ask(waiting, ports: network.settings.ports)
      waiting = waiting.filter { answers[$0]?.healthy != true }
      if ContinuousClock.now >= deadline, !waiting.isEmpty {
        let reasons = waiting.map { name in
          "\(name.id): \(answers[name]?.summary ?? "does not answer") "
            + "(log: \(network.directory.logPath(of: name)))"
        }
        throw UserError("not ready after 60 s:\n" + reasons.joined(separator: "\n"))
      }
      if !waiting.isEmpty { try await Task.sleep(for: .milliseconds(100)) }
    }
    let chain = try GenesisFile.identity(in: network.directory)
    try NetworkManifest(of: network.directory, settings: network.settings, chain: chain)
      .save(to: network.directory)
  }
}
