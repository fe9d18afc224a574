import Foundation
import Logging
import Primitives
import ServiceKit

extension LedgerClient {
  /// How often an idle chain is asked for its height, in milliseconds.
  package static let followMilliseconds: Int64 = 200

  /// The blocks from `start` on, or from the next one when none is given; without end, and across
  /// restarts of the node. Nothing is fetched before the reader asks for it, so a slow reader costs
  /// no memory.
  package nonisolated func blocks(from start: UInt64? = nil) -> AsyncStream<BlockNotice> {
    let follower = BlockFollower(client: self, next: start)
    return AsyncStream(unfolding: { await follower.nextNotice() })
  }

  /// What happened in a committed block; nil when the chain is not there yet.
  /// - Throws: ``LedgerClientError``.
  package func blockNotice(at height: UInt64) async throws -> BlockNotice? {
    let parameters: [String: RPCParameter] = ["height": .text("\(height)")]
    do {
      let header = try await transport.call("header", parameters, as: HeaderAnswer.self)
      let results = try await transport.call(
        "block_results", parameters, as: BlockResultsAnswer.self)
      return try Self.notice(header.header, results)
    } catch LedgerClientError.remote(_, let message) where message.contains("must be less than") {
      return nil
    }
  }

  private static func notice(
    _ header: HeaderAnswer.Header, _ results: BlockResultsAnswer
  ) throws -> BlockNotice {
    guard let time = RPCTime.milliseconds(header.time) else {
      throw LedgerClientError.malformedAnswer(method: "header", reason: "time “\(header.time)”")
    }
    let items = results.txsResults ?? []
    let events = items.flatMap { $0.events ?? [] } + (results.finalizeBlockEvents ?? [])
    return BlockNotice(
      height: header.height.value, timeMilliseconds: time, events: events.map(\.serviceEvent),
      results: items.map { BlockNotice.ItemResult(code: $0.code, detail: $0.log) })
  }
}

/// Walks along a chain, one block a call.
private actor BlockFollower {
  private let client: LedgerClient
  private var next: UInt64?
  private var tip: UInt64 = 0
  private var failures = 0

  init(client: LedgerClient, next: UInt64?) {
    self.client = client
    self.next = next
  }

  /// The next block, waited for as long as it takes; nil when the reader's task was cancelled.
  func nextNotice() async -> BlockNotice? {
    while !Task.isCancelled {
      do {
        if let notice = try await advance() { return notice }
        failures = 0
        try await Task.sleep(for: .milliseconds(LedgerClient.followMilliseconds))
      } catch is CancellationError {
        return nil
      } catch {
        await backOff(error)
      }
    }
    return nil
  }

  private func advance() async throws -> BlockNotice? {
    let wanted: UInt64
    if let next {
      wanted = next
    } else {
      wanted = try await client.height() + 1
      next = wanted
    }
    if wanted > tip { tip = try await client.height() }
    guard wanted <= tip, let notice = try await client.blockNotice(at: wanted) else { return nil }
    next = wanted + 1
    return notice
  }

  private func backOff(_ error: any Error) async {
    failures = min(failures + 1, 5)
    client.logger.debug(
      "cannot follow the ledger at the moment", metadata: ["reason": "\(error)"])
    try? await Task.sleep(for: .milliseconds(200 << failures))
  }
}
