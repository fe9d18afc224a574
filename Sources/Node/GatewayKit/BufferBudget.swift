import NodeLink

/// The bytes that a gateway may hold in memory for all its requests together.
///
/// Whoever buffers reserves first and waits, in order of arrival, until there is room; so the sum
/// is bounded whatever the clients send, and the waiting reaches their sockets.
package actor BufferBudget {
  /// What a gateway holds at most by default: 192 MiB.
  package static let standardBytes = 192 << 20

  /// Why no bytes were reserved.
  package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// More than the whole budget was asked for at once.
    case tooLarge(bytes: Int, budget: Int)

    package var description: String {
      switch self {
      case .tooLarge(let bytes, let budget):
        "\(bytes) bytes at once are more than the gateway's whole buffer budget of \(budget)."
      }
    }
  }

  /// The whole budget in bytes.
  package nonisolated let capacity: Int
  private nonisolated let semaphore: FairSemaphore

  package init(bytes: Int = BufferBudget.standardBytes) {
    capacity = max(1, bytes)
    semaphore = FairSemaphore(capacity: capacity)
  }

  /// Waits until `bytes` are free and takes them. Who came earlier is served earlier, large
  /// requests too.
  /// - Throws: ``Failure/tooLarge(bytes:budget:)``, or `CancellationError`; nothing is held then.
  package nonisolated func reserve(_ bytes: Int) async throws {
    guard bytes >= 0, bytes <= capacity else {
      throw Failure.tooLarge(bytes: bytes, budget: capacity)
    }
    try await semaphore.acquire(bytes)
  }

  /// Takes `bytes` if they are free now and nobody waits.
  package nonisolated func tryReserve(_ bytes: Int) -> Bool {
    bytes >= 0 && bytes <= capacity && semaphore.tryAcquire(bytes)
  }

  /// Gives bytes back.
  package func release(_ bytes: Int) { semaphore.release(bytes) }

  /// Gives bytes back from code that cannot wait, such as a `defer`.
  package nonisolated func giveBack(_ bytes: Int) { semaphore.release(bytes) }

  /// Runs `body` with `bytes` reserved.
  /// - Throws: as ``reserve(_:)``, or what `body` throws.
  package nonisolated func withReserved<T>(
    _ bytes: Int, _ body: () async throws -> T
  ) async throws -> T {
    try await reserve(bytes)
    defer { giveBack(bytes) }
    return try await body()
  }

  /// Bytes that nobody holds.
  package nonisolated var available: Int { semaphore.available }
  /// Callers that wait.
  package nonisolated var waiting: Int { semaphore.waiting }
}
