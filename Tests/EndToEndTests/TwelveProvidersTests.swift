import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// The network that `make demo` starts: real clients, the page in a browser, six of twelve
  /// providers killed, and redundancy whole again after their replacement.
  @Suite struct TwelveProvidersTests {
    @Test(.timeLimit(.minutes(10)))
    func realClientsAPageAndSixOfTwelveKilled() async throws {
      let network = try await DevNetwork(providers: 12, port: 21_400, epoch: 10)
      _ = try await python("boto3_client.py", "write", network).succeeded()
      _ = try await python("rclone_client.py", "write", network).succeeded()
      _ = try await python("restic_client.py", "write", network).succeeded()
      try await lookAtPage(of: network)

      let killed = try network.killProviders(6)
      #expect(killed.count == 6)
      for script in ["boto3_client.py", "rclone_client.py", "restic_client.py"] {
        _ = try await python(script, "read", network).succeeded()
      }
      _ = try await network.trellis("provider", "start", "--count", "6", seconds: 90).succeeded()
      // Whole again: the full class is in force, and no column lies with a dead provider or nobody.
      try await eventually("redundancy is whole again", within: 120) {
        let storage = try await network.status()["storage"] as? [String: Any]
        guard storage?["codeClass"] as? String == "RS(6,12)" else { return false }
        // Nobody rebuilds what was released: its customer wants it no more.
        let lines = try await network.trellis("query", "bundles").succeeded().split(separator: "\n")
        let holders = zip(lines, lines.dropFirst())
          .filter { pair in pair.0.hasPrefix("bundle ") && !pair.0.hasSuffix(", released") }
          .flatMap { pair in pair.1.split(whereSeparator: { ", ".contains($0) }).map(String.init) }
        return !holders.contains("vacant") && !killed.contains { holders.contains($0) }
      }
      let explained = try await network.trellis("earnings", "--explain", "--epochs", "1000")
        .succeeded()
      #expect(explained.contains("slashes\n"), "the dead providers were not slashed")
      _ = try await network.trellis("verify").succeeded()
      try await network.stop()
    }

    private func python(
      _ script: String, _ phase: String, _ network: DevNetwork
    ) async throws -> ShellCommand {
      try await network.client(
        "python", SourceTree.root + "/Tests/Clients/" + script, phase, network.directory.path,
        seconds: 240)
    }

    /// Drives a headless browser at desktop and phone widths. With TRELLIS_SCREENSHOTS set the
    /// pictures of docs/images are taken anew.
    private func lookAtPage(of network: DevNetwork) async throws {
      let keeps = ProcessInfo.processInfo.environment["TRELLIS_SCREENSHOTS"] != nil
      let folder = keeps ? SourceTree.root + "/docs/images" : network.directory.path
      let page = try #require(try network.manifest().endpoints["dashboard"])
      _ = try await network.client(
        "python", SourceTree.root + "/Tests/Clients/page_browser.py", page, folder
      ).succeeded()
    }
  }
}
