import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Whatever is killed, `up` takes up again, and nothing acknowledged is lost.
  @Suite struct ResumeTests {
    @Test(.timeLimit(.minutes(5)))
    func killedNetworkResumesAndLivingChildrenAreAdopted() async throws {
      let network = try await DevNetwork(providers: 4, port: 21_200)
      var random = SeededGenerator.fromEnvironment(default: 2)
      _ = try await network.client("aws", "s3", "mb", "s3://kept").succeeded()
      let before = try await store("before", random.bytes(300_000), in: network)

      // `up` alone dies: its children live on, and the next `up` adopts them.
      let pids = try network.manifest().processes.map(\.pid)
      try await network.killSupervisor(andAll: false)
      let meanwhile = try await store("meanwhile", random.bytes(10_000), in: network)
      try await network.start()
      #expect(try network.manifest().processes.map(\.pid) == pids)
      #expect(network.log.contains("adopted"))

      // Everything dies at once, with bytes that are staged and not yet bundled.
      let staged = try await store("staged", random.bytes(70_000), in: network)
      try await network.killSupervisor(andAll: true)
      try await network.start()
      #expect(try network.manifest().processes.map(\.pid) != pids)
      for (key, bytes) in [before, meanwhile, staged] {
        try await expect(key, bytes, in: network)
      }
      _ = try await network.trellis("verify").succeeded()
      try await network.stop()

      // A clean stop resumes too.
      try await network.start()
      try await expect(staged.key, staged.bytes, in: network)
      try await network.stop()
    }

    private func store(
      _ key: String, _ bytes: [UInt8], in network: DevNetwork
    ) async throws -> (key: String, bytes: [UInt8]) {
      try Data(bytes).write(to: URL(fileURLWithPath: network.directory.file(key)))
      _ = try await network.client("aws", "s3", "cp", key, "s3://kept/\(key)").succeeded()
      return (key, bytes)
    }

    private func expect(_ key: String, _ bytes: [UInt8], in network: DevNetwork) async throws {
      _ = try await network.client("aws", "s3", "cp", "s3://kept/\(key)", "back").succeeded()
      let back = try Data(contentsOf: URL(fileURLWithPath: network.directory.file("back")))
      #expect(Array(back) == bytes, "\(key) is not what was stored")
    }
  }
}
