import AsyncHTTPClient
import Foundation
import NIOCore

/// What a process says of itself at `/health`.
struct Health: Codable, Sendable {
  let healthy: Bool
  let summary: String
  let details: [String: String]
}

/// Asks processes how they are.
enum HealthProbe {
  /// The process's own words; nil when it does not answer within a second.
  static func ask(_ name: ProcessName, ports: PortPlan) async -> Health? {
    let url = "http://127.0.0.1:\(ports.telemetry(of: name))/health"
    do {
      let request = HTTPClientRequest(url: url)
      let response = try await HTTPClient.shared.execute(request, timeout: .seconds(1))
      let body = try await response.body.collect(upTo: 1 << 20)
      return try JSONDecoder().decode(Health.self, from: Data(body.readableBytesView))
    } catch {
      return nil
    }
  }

  /// All of them at once, in the order given.
  static func ask(_ names: [ProcessName], ports: PortPlan) async -> [ProcessName: Health] {
    await withTaskGroup(of: (ProcessName, Health?).self) { group in
      for name in names { group.addTask { (name, await ask(name, ports: ports)) } }
      var answers: [ProcessName: Health] = [:]
      for await (name, health) in group { answers[name] = health }
      return answers
    }
  }
}
