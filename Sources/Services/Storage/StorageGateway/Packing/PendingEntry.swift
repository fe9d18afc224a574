import NIOCore
import Primitives
import StorageService

/// Bytes and the log record that gives them meaning, on their way into a stripe.
///
/// Owned by one ``SegmentWriter``; a stripe that fails puts its entries back, from their beginning,
/// at the head of the queue.
final class PendingEntry: @unchecked Sendable {
  // Unchecked because only the writer's actor touches the mutable state.

  /// The sealed records; may be empty for an entry that is only a log record.
  let data: ByteBuffer
  /// Makes the log record once the extents are known; nil for a part of a longer body.
  let makeMutation: (@Sendable ([Extent]) throws -> LogRecord.Mutation)?
  private let continuation: CheckedContinuation<[Extent], any Error>

  /// Where the bytes placed so far lie.
  private(set) var extents: [Extent] = []
  /// How many of ``data``'s bytes have a place.
  private(set) var placedBytes = 0
  /// Stripes that hold parts of it and are not durable yet.
  private var undecidedStripes = 0
  private var isWhole = false
  /// Whether it was refused: it is not tried again.
  private(set) var hasFailed = false

  init(
    data: ByteBuffer, makeMutation: (@Sendable ([Extent]) throws -> LogRecord.Mutation)?,
    continuation: CheckedContinuation<[Extent], any Error>
  ) {
    self.data = data
    self.makeMutation = makeMutation
    self.continuation = continuation
  }

  var unplacedBytes: Int { data.readableBytes - placedBytes }

  /// The next bytes without a place, at most `limit`.
  func nextBytes(limit: Int) -> ByteBuffer {
    let count = min(limit, unplacedBytes)
    return data.getSlice(at: data.readerIndex + placedBytes, length: count) ?? ByteBuffer()
  }

  /// Notes that the next bytes lie at `extent`.
  func place(_ extent: Extent) {
    extents.append(extent)
    placedBytes += Int(extent.length)
  }

  /// A stripe that holds part of it goes out; `isWhole` says that nothing is left to be placed.
  func joins(isWhole: Bool) {
    undecidedStripes += 1
    if isWhole { self.isWhole = true }
  }

  /// A stripe that holds part of it is durable and its records are in the index.
  func stripeSucceeded() {
    undecidedStripes -= 1
    if isWhole && undecidedStripes == 0 && !hasFailed { continuation.resume(returning: extents) }
  }

  /// A stripe that holds part of it was lost: begin again.
  func startAgain() {
    extents = []
    placedBytes = 0
    undecidedStripes = 0
    isWhole = false
  }

  /// Nothing will become of it.
  func fail(_ error: any Error) {
    if hasFailed { return }
    hasFailed = true
    continuation.resume(throwing: error)
  }
}
