@preconcurrency import Dispatch
import Foundation

/// Waits for the wish to stop: SIGINT, SIGTERM or SIGHUP.
final class StopSignal: Sendable {
  private let stream: AsyncStream<Int32>
  /// Kept so that they stay in force; touched by nobody after `init`.
  private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

  /// From now on these signals no longer end the process at once.
  init() {
    let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
    self.stream = stream
    signal(SIGPIPE, SIG_IGN)
    sources = [SIGINT, SIGTERM, SIGHUP].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { continuation.yield(number) }
      source.resume()
      return source
    }
  }

  /// Returns with the first signal; nil when the task is cancelled.
  func wait() async -> Int32? {
    for await number in stream { return number }
    return nil
  }
}
