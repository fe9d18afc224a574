import Logging
import Metrics
import NIOPosix
import Primitives
import StorageService

/// Reads all shards again, slowly and for ever, so that lost bits are found by their holder and not
/// by a challenge.
struct ShardScrubber: Sendable {
  let store: ShardStore
  let threads: NIOThreadPool
  /// How fast it reads.
  let bytesPerSecond: Int
  /// How long it rests between two rounds.
  let rest: Duration
  let logger: Logger

  /// Scrubs until it is cancelled; `found` is called after each shard that turned out damaged.
  func run(found: @Sendable () async -> Void) async throws {
    while true {
      for row in store.rows() where !row.isDamaged {
        try Task.checkCancellation()
        try await scrub(row, found)
      }
      try await Task.sleep(for: rest)
    }
  }

  private func scrub(_ row: ShardRow, _ found: @Sendable () async -> Void) async throws {
    let start = ContinuousClock.now
    let isWhole = try await threads.runIfActive { [store] in store.scrub(row.key) }
    Counter(label: "storage_scrubbed_bytes").increment(by: Int64(clamping: row.length))
    if !isWhole {
      Counter(label: "storage_scrub_damage").increment()
      await found()
    }
    let due = Duration.milliseconds(
      Int64(clamping: row.length) * 1_000 / Int64(max(1, bytesPerSecond)))
    let left = due - (ContinuousClock.now - start)
    if left > .zero { try await Task.sleep(for: left) }
  }
}
