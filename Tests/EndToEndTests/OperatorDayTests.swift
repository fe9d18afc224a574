import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// The operator's day with the command alone: set up, started, paused, drained, taken out, paid.
  @Suite struct OperatorDayTests {
    private struct Row: Decodable {
      let provider: String
      let isRunning: Bool
      let isPaused: Bool
      let standing: String
      let bondFreeInSeconds: UInt64?
      let columns: UInt64
      let diskLimitBytes: UInt64?
    }

    private struct Earnings: Decodable {
      struct Total: Decodable {
        struct Net: Decodable {
          let gross: String
          let electricity: String
          let depreciation: String
          let net: String
        }
        let provider: String
        let net: Net?
      }
      let totals: [Total]
    }

    private func rows(_ network: DevNetwork) async throws -> [String: Row] {
      let text = try await network.trellis("provider", "list", "--json").succeeded()
      let rows = try JSONDecoder().decode([Row].self, from: Data(text.utf8))
      return Dictionary(uniqueKeysWithValues: rows.map { ($0.provider, $0) })
    }

    private func expectObject(_ object: [UInt8], of network: DevNetwork) async throws {
      _ = try await network.client(
        "aws", "s3api", "get-object", "--bucket", "photos", "--key", "a", "back"
      ).succeeded()
      let back = try Data(contentsOf: URL(fileURLWithPath: network.directory.file("back")))
      #expect(Array(back) == object)
    }

    @Test(.timeLimit(.minutes(5)))
    func fromInitToTheBondBack() async throws {
      let network = try await DevNetwork(providers: 5, port: 23_400)
      var random = SeededGenerator.fromEnvironment(default: 3)
      let object = random.bytes(1 << 20)
      try Data(object).write(to: URL(fileURLWithPath: network.directory.file("object")))
      _ = try await network.client("aws", "s3api", "create-bucket", "--bucket", "photos")
        .succeeded()
      _ = try await network.client(
        "aws", "s3api", "put-object", "--bucket", "photos", "--key", "a", "--body", "object"
      ).succeeded()

      // What makes no sense is refused in the words of the options, and makes no provider.
      let wrong = try await network.trellis(
        "provider", "init", "--tariff", "0.30", "--no-questions")
      #expect(wrong.status != 0 && wrong.output.contains("--watts"), "\(wrong)")
      let made = try await network.trellis(
        "provider", "init", "--disk", "2GiB", "--watts", "6", "--tariff", "0.30",
        "--hardware-price", "180", "--hardware-life", "5y", "--no-questions"
      ).succeeded()
      #expect(made.contains("provider-6 is made"), "\(made)")
      #expect(try await rows(network)["provider-6"]?.isRunning == false)
      _ = try await network.trellis("provider", "start", "--id", "provider-6").succeeded()
      #expect(try await rows(network)["provider-6"]?.diskLimitBytes == 2 << 30)

      _ = try await network.trellis("provider", "pause", "--id", "provider-6").succeeded()
      #expect(try await rows(network)["provider-6"]?.isPaused == true)
      _ = try await network.trellis("provider", "resume", "--id", "provider-6").succeeded()

      // Every operator of so small a network is in every bundle: they are coded anew without who
      // goes, and nothing is lost. The bond of one that leaves waits while the other is drained.
      try await eventually("the object is in a bundle", within: 60) {
        try await rows(network)["provider-1"]?.columns ?? 0 > 0
      }
      let leaving = try await network.trellis(
        "provider", "leave", "--id", "provider-2", seconds: 120
      ).succeeded()
      #expect(leaving.contains("Its bond of"), "\(leaving)")
      #expect(try await rows(network)["provider-2"]?.standing == "leaving")
      #expect(try await rows(network)["provider-2"]?.bondFreeInSeconds != nil)
      _ = try await network.trellis("provider", "drain", "--id", "provider-1", seconds: 120)
        .succeeded()
      #expect(try await rows(network)["provider-1"]?.columns == 0)
      #expect(try await rows(network)["provider-1"]?.standing == "active")
      try await expectObject(object, of: network)
      let left = try await network.trellis(
        "provider", "leave", "--id", "provider-2", "--wait", seconds: 120
      ).succeeded()
      #expect(left.contains("tokens are back in its account"), "\(left)")
      #expect(try await rows(network)["provider-2"]?.standing == "left")

      let text = try await network.trellis(
        "earnings", "--json", "--epochs", "100", "--provider", "provider-6"
      ).succeeded()
      let report = try JSONDecoder().decode(Earnings.self, from: Data(text.utf8))
      let net = try #require(report.totals.first { $0.provider == "provider-6" }?.net)
      #expect(net.electricity != "0" && net.depreciation != "0", "\(net)")
      _ = try await network.trellis("verify").succeeded()
      try await network.stop()
    }
  }
}
