import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `trellis simulate` as a founder types it; no network runs.
  @Suite struct SimulateCommandTests {
    private static let month = ["--from", "2026-08-05", "--to", "2026-09-05", "--seed", "7"]

    private func simulate(_ arguments: String..., seconds: Double = 120) async throws
      -> ShellCommand
    {
      try await ShellCommand.run(
        [DevNetwork.executable, "simulate"] + arguments + Self.month, seconds: seconds)
    }

    @Test(.timeLimit(.minutes(3)))
    func setReachesTheRulesAndTheScenario() async throws {
      let directory = try TemporaryDirectory("simulate")
      var files: [String: String] = [:]
      for (name, changes) in [
        ("plain", []), ("again", []), ("rules", ["--set", "policy.vesting.epochs=3"]),
        ("world", ["--set", "market.price-usd=2"]),
      ] as [(String, [String])] {
        let path = directory.file("\(name).csv")
        let run = try await ShellCommand.run(
          [DevNetwork.executable, "simulate", "commons", "--runs", "3", "--csv", path] + changes
            + Self.month)
        _ = try run.succeeded()
        files[name] = try String(contentsOfFile: path, encoding: .utf8)
      }
      #expect(files["plain"] == files["again"])
      #expect(files["plain"] != files["rules"] && files["plain"] != files["world"])
      let unknown = try await simulate("commons", "--set", "policy.vesting.months=3")
      #expect(unknown.status == 1 && unknown.output.contains("months"), "\(unknown)")
      let absurd = try await simulate("commons", "--set", "policy.vesting.locked=300 %")
      #expect(absurd.status == 1 && absurd.output.contains("vesting.locked"), "\(absurd)")
      let lost = try await simulate("commons", "--set", "market.nothing=3")
      #expect(lost.status == 1 && lost.output.contains("market.nothing"), "\(lost)")
    }

    @Test(.timeLimit(.minutes(3)))
    func aSweepPlaysEachValue() async throws {
      let text = try await simulate(
        "commons", "--runs", "3", "--sweep", "policy.vesting.epochs=30..120/4"
      ).succeeded()
      for value in ["30", "60", "90", "120"] {
        #expect(text.contains("\n\(value) "), "\(value) in\n\(text)")
      }
      let none = try await simulate("commons", "--sweep", "policy.vesting.epochs=3..3")
      #expect(none.status != 0 && none.output.contains("use --set for one value"), "\(none)")
    }

    @Test(.timeLimit(.minutes(4)))
    func anAuditSaysWhatBreaksFirst() async throws {
      let text = try await simulate("commons", "--runs", "3", "--audit", seconds: 200).succeeded()
      for attack in ["self-dealing", "location-spoofing", "token-crash", "mass-exit"] {
        #expect(text.contains("\n\(attack) "), "\(attack) in\n\(text)")
      }
      #expect(text.contains("commons"), "\(text)")
    }

    /// Ctrl-C keeps what was played, says so, and exits with 130.
    @Test(.timeLimit(.minutes(2)))
    func anInterruptedRunKeepsWhatItHas() async throws {
      let directory = try TemporaryDirectory("simulate")
      let (log, csv) = (directory.file("log"), directory.file("partial.csv"))
      _ = FileManager.default.createFile(atPath: log, contents: nil)
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
      let process = Process()
      process.executableURL = URL(fileURLWithPath: DevNetwork.executable)
      process.arguments =
        ["simulate", "commons", "--runs", "1000000", "--csv", csv] + Self.month
      process.standardOutput = handle
      process.standardError = handle
      process.standardInput = FileHandle.nullDevice
      try process.run()
      defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
      func text() -> String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }
      try await eventually("runs are played", within: 60) { text().contains("of 1000000 runs") }
      kill(process.processIdentifier, SIGINT)
      try await eventually("it ends", within: 30) { !process.isRunning }
      #expect(process.terminationStatus == 130, "\(text())")
      #expect(text().contains("wrote \(csv)"), "\(text())")
      let figures = try String(contentsOfFile: csv, encoding: .utf8)
      #expect(figures.hasPrefix("regime,subject,measure"), "\(figures.prefix(200))")
    }
  }
}
