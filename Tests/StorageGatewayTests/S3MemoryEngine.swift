import Cryptography
import Locks
import NIOCore
import Primitives
import StorageService

@testable import StorageGateway

/// An engine that keeps plain bytes in memory and applies its log to an index at once, one record
/// after another. Wrapped keys are checked on every read, so that a copy that does not wrap them
/// anew is found out.
final class MemoryEngine: ObjectEngine {
  private struct State {
    var bytes: [AttemptID: [UInt8]] = [:]
    var sequence: UInt64 = 0
    var last: Task<Void, any Error>?
    var refusal: EngineError?
    var log: [LogRecord] = []
    var funding: FundingStatus?
  }

  private let state = Locked(State())
  let index: ObjectIndex
  let bucketKey: @Sendable (String) -> SymmetricKeyBytes
  let now: @Sendable () -> UInt64

  init(
    index: ObjectIndex, bucketKey: @escaping @Sendable (String) -> SymmetricKeyBytes,
    now: @escaping @Sendable () -> UInt64
  ) {
    self.index = index
    self.bucketKey = bucketKey
    self.now = now
  }

  /// What every write is answered with from now on; nil for none.
  func refuse(_ refusal: EngineError?) { state.withLock { $0.refusal = refusal } }

  /// How the customer's money stands from now on.
  func setFunding(_ funding: FundingStatus) { state.withLock { $0.funding = funding } }

  func funding() async -> FundingStatus? { state.withLock { $0.funding } }

  /// All records so far.
  var log: [LogRecord] { state.withLock { $0.log } }

  func put<Body: AsyncSequence & Sendable>(
    _ body: Body, bucket: String,
    makeMutation: @escaping @Sendable (StoredBlob) throws -> LogRecord.Mutation
  ) async throws -> StoredBlob where Body.Element == ByteBuffer {
    if let refusal = state.withLock({ $0.refusal }) { throw refusal }
    var bytes: [UInt8] = []
    for try await buffer in body { bytes.append(contentsOf: buffer.readableBytesView) }
    let attempt = AttemptID(number: UInt128.random(in: .min ... .max))
    let dataKey = SymmetricKeyBytes(Digest.sha256(attempt.bytes).value)
    let sealed = RecordMath.sealedLength(of: UInt64(bytes.count))
    let blob = StoredBlob(
      attempt: attempt,
      wrappedKey: WrappedDataKey(dataKey, attempt: attempt, bucketKey: bucketKey(bucket)),
      length: UInt64(bytes.count),
      extents: sealed == 0
        ? [] : [Extent(segment: 1, stripe: 0, offset: 32, length: UInt32(sealed))])
    let mutation = try makeMutation(blob)
    let kept = bytes
    state.withLock { $0.bytes[attempt] = kept }
    try await commit(mutation)
    return blob
  }

  func commit(_ mutation: LogRecord.Mutation) async throws {
    let time = now()
    let task = try state.withLock { state in
      if let refusal = state.refusal { throw refusal }
      state.sequence += 1
      let record = LogRecord(
        sequence: state.sequence, unixMilliseconds: time, mutation: mutation)
      state.log.append(record)
      let previous = state.last
      let task = Task {
        _ = await previous?.result
        if let refusal = try await self.index.apply([record])[record.sequence] { throw refusal }
      }
      state.last = task
      return task
    }
    try await task.value
  }

  func read(
    _ blob: StoredBlob, bucket: String, range: Range<UInt64>
  ) -> AsyncThrowingStream<ByteBuffer, any Error> {
    AsyncThrowingStream { continuation in
      do {
        _ = try blob.wrappedKey.unwrap(attempt: blob.attempt, bucketKey: bucketKey(bucket))
        guard let bytes = state.withLock({ $0.bytes[blob.attempt] }) else {
          throw EngineError.unreadable(reason: "attempt \(blob.attempt) was never written")
        }
        var start = Int(range.lowerBound)
        while start < Int(range.upperBound) {
          let end = min(start + 65_536, Int(range.upperBound))
          continuation.yield(ByteBuffer(bytes: bytes[start..<end]))
          start = end
        }
        continuation.finish()
      } catch { continuation.finish(throwing: error) }
    }
  }

  func status() async -> EngineStatus {
    EngineStatus(
      classInForce: "memory", unavailableReason: nil, stagedBytes: 0, degradedBundles: 0,
      bundlesToRecode: 0)
  }
}
