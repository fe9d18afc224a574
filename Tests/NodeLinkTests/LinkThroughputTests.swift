import Foundation
import NIOCore
import Testing

@testable import NodeLink

/// How fast one connection is. Runs only with `TRELLIS_BENCH=1`, and only an optimised build says
/// anything; a bench is not a pass or a fail.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["TRELLIS_BENCH"] == "1"))
struct LinkThroughputTests {
  @Test(arguments: [1 << 20, 64 << 10, 4 << 10])
  func loopback(bodyBytes: Int) async throws {
    let answer = ByteBuffer(string: "ok")
    try await LinkFixtures.withServer { _, body in
      precondition(body.readableBytes == bodyBytes)
      return answer
    } run: { _, port in
      try await LinkFixtures.withClient(port: port) { client in
        let body = ByteBuffer(repeating: 7, count: bodyBytes)
        _ = try await client.call(body, timeoutSeconds: 10)
        let calls = max(64, min(20_000, (1 << 30) / bodyBytes))
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
          for lane in 0..<16 {
            group.addTask {
              for _ in 0..<(calls / 16 + (lane < calls % 16 ? 1 : 0)) {
                _ = try await client.call(body, timeoutSeconds: 60)
              }
            }
          }
          try await group.waitForAll()
        }
        let elapsed = ContinuousClock.now - start
        let seconds = elapsed / .seconds(1)
        let rate = Double(calls * bodyBytes) / seconds / 1e6
        print(
          "link: \(calls) × \(bodyBytes) B: \(Int(rate)) MB/s, \(Int(Double(calls) / seconds))/s")
      }
    }
  }
}
