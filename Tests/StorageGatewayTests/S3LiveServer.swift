import Foundation
import Hummingbird
import Testing

@testable import StorageGateway

/// A server over memory engines for tools outside the package (boto3, the aws CLI, rclone): runs
/// only when `TRELLIS_S3_PORT` names a port, until it is killed. Keys: MAINKEY and ALTKEY.
@Suite struct S3LiveServer {
  @Test(.enabled(if: ProcessInfo.processInfo.environment["TRELLIS_S3_PORT"] != nil))
  func serve() async throws {
    let text = ProcessInfo.processInfo.environment["TRELLIS_S3_PORT"] ?? "0"
    let harness = try await S3Harness(
      startMilliseconds: UInt64(Date().timeIntervalSince1970 * 1_000))
    let ticking = Task {
      while !Task.isCancelled {
        try await Task.sleep(for: .seconds(1))
        harness.advance(seconds: 1)
      }
    }
    guard let service = harness.service.service else { return }
    let application = Application(
      responder: service,
      configuration: ApplicationConfiguration(
        address: .hostname("127.0.0.1", port: Int(text) ?? 0)))
    try await application.runService()
    ticking.cancel()
  }
}
