import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// A gateway killed, lost, overtaken: no acknowledged change is lost, none that was undone
  /// returns, and what clients saw is what one register a key could have shown them.
  @Suite struct GatewayLossTests {
    private static let soakSeconds =
      ProcessInfo.processInfo.environment["TRELLIS_SOAK_SECONDS"].flatMap { Int($0) }

    @Test(.timeLimit(.minutes(180)))
    func historiesAcrossKillsAreLinearizable() async throws {
      try await run("kill", port: 25_000, seconds: Self.soakSeconds ?? 15)
    }

    @Test(.timeLimit(.minutes(180)))
    func aGatewayWhoseDirectoryIsGoneComesBackWhole() async throws {
      try await run("recover", port: 25_200, seconds: Self.soakSeconds ?? 20)
    }

    @Test(.timeLimit(.minutes(180)))
    func anOvertakenGatewayThatWakesIsFencedAndSaysSo() async throws {
      try await run("fence", port: 25_400, seconds: Self.soakSeconds ?? 18)
    }

    private struct Entry: Decodable {
      let key: String
      let kind: RegisterOperation.Kind
      let value: String?
      let invoked: UInt64
      let returned: UInt64?
    }

    private func run(_ scenario: String, port: Int, seconds: Int) async throws {
      let network = try await DevNetwork(providers: 6, port: port, epoch: 10)
      var random = SeededGenerator.fromEnvironment(default: 12)
      let path = network.directory.file("history.jsonl")
      _ = try await network.tool(
        "histories.py", DevNetwork.executable, network.data, "\(random.next() % 1_000_000)",
        "\(seconds)", scenario, path, seconds: Double(seconds) + 500
      ).succeeded()
      let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      let entries = try lines.map { try JSONDecoder().decode(Entry.self, from: Data($0.utf8)) }
      for (key, operations) in Dictionary(grouping: entries, by: \.key) {
        let history = operations.map {
          RegisterOperation($0.kind, $0.value, $0.invoked, $0.returned)
        }
        #expect(history.count > 5)
        #expect(LinearizabilityChecker.isLinearizable(history), "\(key) of \(path)")
      }
    }
  }
}
