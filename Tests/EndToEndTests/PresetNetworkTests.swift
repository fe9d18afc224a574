import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// A network of real processes on the rules of a preset: ten epochs with use that is fed, settled
  /// once more by the rules alone.
  @Suite struct PresetNetworkTests {
    /// Use of the network: fields of a line of the trace, for epochs 0 to 9.
    private static func trace(_ lines: [String]) -> String {
      (0..<10).flatMap { epoch in
        lines.map { "{\"epoch\": \(epoch), \($0)}\n" }
      }.joined()
    }

    private func run(
      _ preset: String, port: Int, _ lines: [String], from: String
    ) async throws {
      let network = try await DevNetwork(
        providers: 4, port: port, epoch: 1, more: ["--preset", preset, "--from", from])
      #expect(network.log.contains("an epoch of 1 s stands for one of"), "\(network.log)")
      let file = network.directory.file("use.jsonl")
      try Self.trace(lines).write(toFile: file, atomically: true, encoding: .utf8)
      let sent = try await network.trellis("tx", "usage", "--trace", file).succeeded()
      let first = try #require(sent.firstMatch(of: #/epochs (\d+) to (\d+)/#)?.output)
      let last = try #require(Int(first.2))
      #expect(Int(first.1).map { $0 + 9 } == last)
      var compared = ""
      try await eventually("ten epochs have ended", within: 60) {
        compared = try await network.trellis("network", "trace").output
        return compared.firstMatch(of: #/^(\d+) epochs/#).flatMap { Int($0.output.1) }
          .map { $0 > last } ?? false
      }
      #expect(compared.contains("are equal to the base unit"), "\(compared)")
      // The exported inputs are a trace again.
      let out = network.directory.file("out.jsonl")
      _ = try await network.trellis("network", "trace", "--out", out).succeeded()
      let exported = try String(contentsOfFile: out, encoding: .utf8)
      #expect(exported.contains("\"account\":\"provider-1\""), "\(exported.prefix(500))")
      _ = try await network.trellis("tx", "usage", "--trace", out).succeeded()
      try await network.stop()
    }

    /// Two networks side by side: both mostly wait for their epochs.
    @Test(.timeLimit(.minutes(3)))
    func presetsRunTenEpochs() async throws {
      async let helium: Void = runHelium()
      async let akash: Void = runAkashFromAFile()
      _ = try await (helium, akash)
    }

    private func runHelium() async throws {
      try await run(
        "helium", port: 25_800,
        [
          "\"price\": \"2.5\"", "\"candidate\": \"mobile\", \"votes\": \"1000\"",
          "\"account\": \"main\", \"role\": \"mobile-hotspot\", \"bought\": \"12\"",
          "\"account\": \"provider-1\", \"role\": \"mobile-hotspot\", \"work\": 9, "
            + "\"usage\": \"12\", \"score\": 0.95",
        ], from: "2025-02-01")
    }

    private func runAkashFromAFile() async throws {
      let directory = try TemporaryDirectory("preset")
      let file = directory.file("mine.yaml")
      _ = try await ShellCommand.run([
        DevNetwork.executable, "network", "new", "--from", "akash", "--set", "name=mine", "--out",
        file,
      ]).succeeded()
      try await run(
        file, port: 26_000,
        [
          "\"account\": \"main\", \"role\": \"tenant\", \"bought\": \"12\"",
          "\"account\": \"provider-1\", \"role\": \"provider\", \"usage\": \"12\"",
        ], from: "2026-11-26")
    }

    @Test(.timeLimit(.minutes(1)))
    func mistakesAreSaidBeforeAnythingStarts() async throws {
      let directory = try TemporaryDirectory("preset")
      for (arguments, text) in [
        (["--preset", "nowhere"], "Presets: commons"),
        (["--preset", "helium", "--from", "tomorrow"], "is no date"),
        (["--from", "2026-01-01"], "give both"),
        (["--epoch", "1"], "within 5 to 86400"),
      ] {
        let up = try await ShellCommand.run(
          [DevNetwork.executable, "up", "--data", directory.file("none")] + arguments)
        #expect(up.status != 0 && up.output.contains(text), "\(arguments): \(up)")
      }
    }
  }
}
