import AsyncHTTPClient
import Consensus
import Foundation
import Locks
import Logging
import NIOCore
import Primitives

/// A price that a web address answers as a decimal: asked for in the background, so that no vote
/// waits for it. Without a new answer the last one is said until it is too old.
final class TokenPriceFeed: TokenPriceSource {
  /// How often the address is asked.
  static let interval = Duration.seconds(10)
  /// For how long an answer is good.
  static let maximumAge = Duration.seconds(600)

  private struct Answer {
    let price: Credits
    let at: ContinuousClock.Instant
  }

  private let url: String
  private let logger: Logger
  private let last = Locked<Answer?>(nil)

  init(url: String, logger: Logger) {
    self.url = url
    self.logger = logger
  }

  func price() async -> Credits? {
    last.withLock { answer in
      guard let answer, answer.at.duration(to: .now) <= Self.maximumAge else { return nil }
      return answer.price
    }
  }

  /// Asks until it is cancelled.
  func run() async {
    while !Task.isCancelled {
      do {
        try await ask()
      } catch {
        logger.warning("no token price", metadata: ["url": "\(url)", "reason": "\(error)"])
      }
      try? await Task.sleep(for: Self.interval)
    }
  }

  private struct NoPrice: Error, CustomStringConvertible {
    let description: String
  }

  private func ask() async throws {
    let response = try await HTTPClient.shared.execute(
      HTTPClientRequest(url: url), timeout: .seconds(5))
    guard response.status == .ok else {
      throw NoPrice(description: "the answer has status \(response.status.code)")
    }
    let body = try await response.body.collect(upTo: TokenPriceFile.byteLimit)
    guard let price = TokenPriceFile.parse(String(buffer: body)) else {
      throw NoPrice(description: "the answer is no decimal above 0")
    }
    last.withLock { $0 = Answer(price: price, at: .now) }
  }
}
