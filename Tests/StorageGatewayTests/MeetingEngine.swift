import Locks
import NIOCore
import StorageService

@testable import StorageGateway

/// An engine in front of another at whose door writers wait for each other, so that a race is one
/// every time; and that can leave the conditions of writes out of the log.
///
/// Without them a gateway evaluates conditions only where it turns a client away early, which is
/// not the transaction that publishes the object.
final class MeetingEngine: ObjectEngine {
  private struct State {
    var expected = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let base: any ObjectEngine
  private let keepsConditions: Bool
  private let state = Locked(State())

  init(_ base: any ObjectEngine, keepsConditions: Bool) {
    self.base = base
    self.keepsConditions = keepsConditions
  }

  /// The next writes go on when so many are there.
  func arm(_ count: Int) { state.withLock { $0 = State(expected: count) } }

  private func meet() async {
    await withCheckedContinuation { continuation in
      for waiting in arrived(continuation) { waiting.resume() }
    }
  }

  /// Who may go on now.
  private func arrived(
    _ continuation: CheckedContinuation<Void, Never>
  ) -> [CheckedContinuation<Void, Never>] {
    state.withLock { state in
      guard state.expected > 0 else { return [continuation] }
      state.waiting.append(continuation)
      guard state.waiting.count == state.expected else { return [] }
      let all = state.waiting
      state = State()
      return all
    }
  }

  private func published(_ mutation: LogRecord.Mutation) -> LogRecord.Mutation {
    keepsConditions ? mutation : mutation.withoutCondition
  }

  func put<Body: AsyncSequence & Sendable>(
    _ body: Body, bucket: String,
    makeMutation: @escaping @Sendable (StoredBlob) throws -> LogRecord.Mutation
  ) async throws -> StoredBlob where Body.Element == ByteBuffer {
    await meet()
    return try await base.put(body, bucket: bucket) { [self] in published(try makeMutation($0)) }
  }

  func commit(_ mutation: LogRecord.Mutation) async throws {
    await meet()
    try await base.commit(published(mutation))
  }

  func read(
    _ blob: StoredBlob, bucket: String, range: Range<UInt64>
  ) -> AsyncThrowingStream<ByteBuffer, any Error> {
    base.read(blob, bucket: bucket, range: range)
  }

  func status() async -> EngineStatus { await base.status() }
}

extension LogRecord.Mutation {
  /// The same write, whatever there is at its key.
  fileprivate var withoutCondition: LogRecord.Mutation {
    switch self {
    case .putObject(let put):
      .putObject(
        LogRecord.PutObject(
          bucket: put.bucket, key: put.key, blobs: put.blobs, etag: put.etag,
          attributes: put.attributes, checksums: put.checksums))
    case .completeUpload(let upload):
      .completeUpload(
        LogRecord.CompleteUpload(
          bucket: upload.bucket, key: upload.key, upload: upload.upload,
          partNumbers: upload.partNumbers, partsDigest: upload.partsDigest, etag: upload.etag,
          checksums: upload.checksums))
    default: self
    }
  }
}
