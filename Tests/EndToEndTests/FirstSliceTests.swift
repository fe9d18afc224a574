import Foundation
import TestSupport
import Testing

/// All end-to-end tests, one network after the other: the machine has few cores.
@Suite(.serialized) struct EndToEnd {}

extension EndToEnd {
  /// The first slice of the network: stored, bundled, proven, paid, explained, and read again with
  /// half of the providers gone.
  @Suite struct FirstSliceTests {
    @Test(.timeLimit(.minutes(5)))
    func storedProvenPaidAndReadWithHalfOfTheProvidersGone() async throws {
      let network = try await DevNetwork(providers: 4, port: 21_000)
      var random = SeededGenerator.fromEnvironment(default: 1)
      let object = random.bytes(1 << 20)
      try Data(object).write(to: URL(fileURLWithPath: network.directory.file("object")))

      _ = try await network.client("aws", "s3api", "create-bucket", "--bucket", "photos")
        .succeeded()
      _ = try await network.client(
        "aws", "s3api", "put-object", "--bucket", "photos", "--key", "a/1", "--body", "object"
      ).succeeded()
      try await expectObject(object, of: network)

      try await eventually("the object's bytes are proven and paid", within: 90) {
        try await paidLine(network) != nil
      }
      let line = try #require(try await paidLine(network))
      let reasons = line["reasons"] as? [[String: Any]] ?? []
      #expect(reasons.contains { ($0["evidence"] as? String)?.count == 64 }, "\(line)")
      let explained = try await network.trellis("earnings", "--explain").succeeded()
      #expect(explained.contains("because") && explained.contains("commons/0"), "\(explained)")
      #expect(explained.contains("storage-possession"), "\(explained)")
      let verified = try await network.trellis("verify").succeeded()
      #expect(verified.contains("agrees at every height"))

      let killed = try network.killProviders(2)
      #expect(killed.count == 2)
      try await eventually("status shows the deaths", within: 2) {
        let text = try await network.trellis("status").output
        return killed.allSatisfy { text.contains("\($0)  DEAD") }
      }
      try await expectObject(object, of: network)
      try await network.stop()
    }

    private func expectObject(_ object: [UInt8], of network: DevNetwork) async throws {
      _ = try await network.client(
        "aws", "s3api", "get-object", "--bucket", "photos", "--key", "a/1", "back"
      ).succeeded()
      let back = try Data(contentsOf: URL(fileURLWithPath: network.directory.file("back")))
      #expect(Array(back) == object)
    }

    /// A payout line that paid something for proven storage.
    private func paidLine(_ network: DevNetwork) async throws -> [String: Any]? {
      let text = try await network.trellis("earnings", "--json", "--epochs", "1000").succeeded()
      let report = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
      let lines = report?["lines"] as? [[String: Any]] ?? []
      return lines.first { line in
        line["source"] as? String == "storage" && line["tokens"] as? String != "0"
      }
    }
  }
}
