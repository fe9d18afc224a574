import NIOCore
import Primitives
import ServiceKit
import StorageService
import TestSupport
import Testing

@testable import StorageGateway

/// What a customer is told when money runs out, and what is left behind.
@Suite("Money at the gateway") struct EngineMoneyTests {
  private func bench(funded: Int) async throws -> CompactionTests.Bench {
    let bench = try await CompactionTests.Bench(segmentBytes: 1 << 20)
    bench.network.state.withLock { $0.fundedCommitments = funded }
    return bench
  }

  @Test(
    "without money nothing new is taken, and we say how much is missing; reads go on"
  )
  func unfunded() async throws {
    let bench = try await bench(funded: 1)
    let bytes = EngineTests.random(200_000, seed: 1)
    _ = try await EngineTests.put(bytes, key: "a", in: bench.engine)
    await bench.engine.flush()
    try await eventually("the gateway has heard of it") {
      do {
        _ = try await EngineTests.put(bytes, key: "b", in: bench.engine)
        try await Task.sleep(for: .milliseconds(200))
        return false
      } catch EngineError.unfunded(let needed) {
        return needed == .whole(7)
      }
    }
    #expect(try await bench.read("a") == bytes)
    try await bench.delete("a")
    #expect(try await bench.read("a") == nil)
    // A top-up restores all.
    bench.network.state.withLock { $0.fundedCommitments = nil }
    try await eventually("writes are taken again") {
      (try? await EngineTests.put(bytes, key: "c", in: bench.engine)) != nil
    }
    #expect(try await bench.read("c") == bytes)
  }

  @Test(
    "money that ends under way: an error, no half object, and its bytes are collected"
  )
  func runsOutUnderWay() async throws {
    let bench = try await bench(funded: 1)
    let (stream, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
    let putting = Task { [engine = bench.engine] in
      try await engine.put(stream, bucket: "b") { blob in
        .putObject(
          LogRecord.PutObject(
            bucket: "b", key: "half", blobs: [blob], etag: "", attributes: .init(contentType: ""),
            checksums: []))
      }
    }
    let piece = ByteBuffer(bytes: EngineTests.random(1 << 20, seed: 2))
    for _ in 0..<10 { continuation.yield(piece) }
    try await eventually("pieces were bundled: the money is spent") {
      await bench.engine.flush()
      return bench.network.state.withLock { $0.commits.count } > 0
    }
    // The body goes on until the gateway says no.
    let feeding = Task {
      while !Task.isCancelled {
        continuation.yield(piece)
        try await Task.sleep(for: .milliseconds(100))
      }
    }
    await #expect(throws: EngineError.unfunded(needed: .whole(7))) { try await putting.value }
    feeding.cancel()
    #expect(try await bench.read("half") == nil)
    bench.network.state.withLock { $0.fundedCommitments = nil }
    try await eventually("nothing of it is paid for") {
      try await bench.settle()
      return bench.paidBytes < 100_000
    }
  }

  @Test("answers carry the runway, and a warning when it is short")
  func headers() async throws {
    let harness = try await S3Harness()
    try await harness.run { client in
      #expect(try await client.send(.put, "/bucket").headers[.init("x-trellis-warning")!] == nil)
      harness.engines["main"]?.setFunding(
        FundingStatus(
          level: .low, runwaySeconds: 4_321, needed: .zero, warning: "lease 1 runs low"))
      let answer = try await client.send(.get, "/bucket")
      #expect(answer.headers[.init("x-trellis-runway-seconds")!] == "4321")
      #expect(answer.headers[.init("x-trellis-warning")!] == "lease 1 runs low")
      harness.engines["main"]?.refuse(.unfunded(needed: .whole(2)))
      let refused = try await client.send(.put, "/bucket/key", body: [1])
      #expect(refused.status.code == 403)
      #expect(refused.headers[.init("x-trellis-runway-seconds")!] == "4321")
      let text = String(buffer: refused.body)
      #expect(text.contains("InsufficientCredits") && text.contains("2 more"), "\(text)")
    }
  }
}
