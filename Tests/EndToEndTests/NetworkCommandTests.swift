import Foundation
import TestSupport
import Testing

/// `trellis network`: no network runs.
@Suite struct NetworkCommandTests {
  private static func network(_ arguments: String...) async throws -> ShellCommand {
    try await ShellCommand.run([DevNetwork.executable, "network"] + arguments)
  }

  @Test func presetsAreShownCheckedChangedAndCompared() async throws {
    let directory = try TemporaryDirectory("presets")
    let names = try await Self.network("list").succeeded().split(separator: "\n")
      .compactMap { $0.split(separator: " ").first.map(String.init) }
    #expect(names.count == 11 && names.first == "commons")
    for name in names {
      let file = directory.file("\(name).yaml")
      _ = try await Self.network("new", "--from", name, "--out", file).succeeded()
      let checked = try await Self.network("check", file).succeeded()
      #expect(checked.contains("well."), "\(checked)")
      #expect(try await Self.network("diff", name, file).succeeded().contains("No difference"))
    }
    let mine = directory.file("mine.yaml")
    _ = try await Self.network(
      "new", "--from", "commons", "--set", "vesting.epochs=30", "--out", mine
    ).succeeded()
    let diff = try await Self.network("diff", "commons", mine)
    #expect(diff.status == 2, "\(diff)")
    #expect(diff.output.contains("rules[commons/1].vesting.epochs\n  - 90\n  + 30"), "\(diff)")
  }

  @Test func mistakesNameFileLineAndField() async throws {
    let directory = try TemporaryDirectory("presets")
    let file = directory.file("broken.yaml")
    _ = try await Self.network("new", "--from", "akash", "--out", file).succeeded()
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try text.replacing("part: 4 %", with: "part: 400 %")
      .write(toFile: file, atomically: true, encoding: .utf8)
    let checked = try await Self.network("check", file)
    #expect(checked.status == 1, "\(checked)")
    #expect(
      checked.output.contains(#/broken\.yaml:\d+: rules\[0\]\.revenue\[0\]\.part: `400 %`/#),
      "\(checked)")
    let missing = try await Self.network("check", "nowhere.yaml")
    #expect(missing.status == 1 && missing.output.contains("Presets: commons"), "\(missing)")
  }
}
