import TestSupport
import Testing

extension EndToEnd {
  /// What a team moves first, with the tools that it has: ten thousand small files, and a git
  /// repository with its history.
  @Suite struct ManyFilesTests {
    @Test(.timeLimit(.minutes(10)))
    func filesAndHistoriesComeBackBitForBit() async throws {
      let network = try await DevNetwork(providers: 6, port: 25_600, epoch: 30)
      for part in ["rclone", "restic"] {
        _ = try await network.client(
          "python", SourceTree.root + "/Tests/Clients/many_files.py", part,
          network.directory.path, seconds: 280
        ).succeeded()
      }
      _ = try await network.trellis("verify").succeeded()
      try await network.stop()
    }
  }
}
