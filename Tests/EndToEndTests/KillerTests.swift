import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// A hostile user: processes killed under load, disks that lie, bad input to every listener.
  ///
  /// The clients are Python scripts in `tools`, which can be run by hand against any network. Short
  /// here; with TRELLIS_SOAK_SECONDS set they run as long as that says, with the seed in
  /// TRELLIS_SEED if there is one.
  @Suite struct KillerTests {
    private static let soakSeconds =
      ProcessInfo.processInfo.environment["TRELLIS_SOAK_SECONDS"].flatMap { Int($0) }

    @Test(.timeLimit(.minutes(180)))
    func nothingAcknowledgedIsLostWhateverIsKilled() async throws {
      let network = try await DevNetwork(providers: 6, port: 22_000, epoch: 10)
      let seconds = Self.soakSeconds ?? 25
      var random = SeededGenerator.fromEnvironment(default: 9)
      _ = try await network.tool(
        "killer.py", DevNetwork.executable, network.data, "\(random.next() % 1_000_000)",
        "\(seconds)", "3", seconds: Double(seconds) + 400
      ).succeeded()
    }

    @Test(.timeLimit(.minutes(180)))
    func badInputToEveryListenerHarmsNobody() async throws {
      let network = try await DevNetwork(providers: 4, port: 22_200, epoch: 10)
      let seconds = Self.soakSeconds ?? 15
      var random = SeededGenerator.fromEnvironment(default: 10)
      _ = try await network.tool(
        "hostile.py", network.data, "\(random.next() % 1_000_000)", "\(seconds)",
        seconds: Double(seconds) + 200
      ).succeeded()
      try await network.stop()
    }

    @Test(.timeLimit(.minutes(10)))
    func disksThatLieAreNoticedAndRepairedElsewhere() async throws {
      let network = try await DevNetwork(providers: 6, port: 22_400, epoch: 10)
      var random = SeededGenerator.fromEnvironment(default: 11)
      let scenarios = Self.soakSeconds == nil ? ["flipped", "truncated", "lost", "still"] : []
      _ = try await network.tool(
        ["corrupt.py", DevNetwork.executable, network.data, "\(random.next() % 1_000_000)"]
          + scenarios, seconds: 500
      ).succeeded()
      try await network.stop()
    }
  }
}

extension DevNetwork {
  /// Runs one of this folder's Python tools with the network's credentials in its environment.
  func tool(_ arguments: String..., seconds: Double) async throws -> ShellCommand {
    try await tool(arguments, seconds: seconds)
  }

  /// Runs one of this folder's Python tools with the network's credentials in its environment.
  func tool(_ arguments: [String], seconds: Double) async throws -> ShellCommand {
    let script = SourceTree.root + "/Tests/EndToEndTests/tools/" + arguments[0]
    return try await ShellCommand.run(
      ["python", script] + arguments.dropFirst(), environment: try await environment(),
      directory: directory.path, seconds: seconds)
  }
}
