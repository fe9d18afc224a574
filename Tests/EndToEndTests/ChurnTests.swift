import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Deleted bytes leave the ledger and the disks, whatever is killed meanwhile, and a lease that
  /// runs out of money ends as people were told. `tools/churn.py` and `tools/money.py` say how;
  /// both can be run by hand against any network.
  @Suite struct ChurnTests {
    @Test(.timeLimit(.minutes(60)))
    func deletedBytesLeaveTheLedgerAndTheDisks() async throws {
      let network = try await DevNetwork(providers: 4, port: 23_000, more: ["--restart"])
      let soak = ProcessInfo.processInfo.environment["TRELLIS_SOAK_SECONDS"].flatMap { Int($0) }
      let rounds = soak.map { max(1, $0 / 90) } ?? 1
      var random = SeededGenerator.fromEnvironment(default: 12)
      _ = try await network.tool(
        "churn.py", DevNetwork.executable, network.data, "\(random.next() % 1_000_000)",
        "\(rounds)", seconds: Double(rounds) * 420
      ).succeeded()
      try await network.stop()
    }

    @Test(.timeLimit(.minutes(10)))
    func moneyRunsOutAsPeopleWereTold() async throws {
      let network = try await DevNetwork(
        providers: 4, port: 23_200,
        more: ["--stream-credits", "0.0000000006", "--no-top-up"])
      _ = try await network.tool(
        "money.py", DevNetwork.executable, network.data, seconds: 500
      ).succeeded()
      try await network.stop()
    }
  }
}
