import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// No provider is faulted for what it did not cause: clocks an hour off, the ledger standing
  /// still or dead, the gateway down, the whole machine suspended.
  @Suite struct NoFaultTests {
    @Test(.timeLimit(.minutes(10)))
    func nobodyIsFaultedForWhatItDidNotCause() async throws {
      let network = try await DevNetwork(providers: 4, port: 22_600, epoch: 10)
      _ = try await network.tool(
        "nofault.py", DevNetwork.executable, network.data, seconds: 400
      ).succeeded()
      try await network.stop()
    }
  }
}
