import NIOCore
import Primitives
import ServiceKit
import StorageService

/// Sends one slot's appends in order, one at a time, so that a shard grows the way it was coded.
actor SlotSender {
  private let provider: ProviderID
  private let transport: any ShardTransport
  private var last: Task<ShardAnswer, any Error>?

  init(provider: ProviderID, transport: any ShardTransport) {
    self.provider = provider
    self.transport = transport
  }

  /// Queues a request behind those queued before it. Once one has failed, all later ones fail with
  /// it: a shard with a hole must not grow.
  func enqueue(
    _ request: StorageRequest, tail: ByteBuffer, timeoutSeconds: Double
  ) -> Task<ShardAnswer, any Error> {
    let before = last
    let task = Task { [provider, transport] in
      if let before { _ = try await before.value }
      return try await transport.call(
        request, tail: tail, to: provider, timeoutSeconds: timeoutSeconds)
    }
    last = task
    return task
  }
}
