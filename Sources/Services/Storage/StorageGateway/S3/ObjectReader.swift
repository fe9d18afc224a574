import NIOCore
import StorageService

/// The bytes of an object, blob after blob, each read only when the one before is through.
///
/// A class because its state must live across the closure that writes a response; used by one task
/// at a time.
final class ObjectReader: @unchecked Sendable {
  private let engine: any ObjectEngine
  private let bucket: String
  private var pieces: ArraySlice<(blob: StoredBlob, range: Range<UInt64>)>
  private var current: AsyncThrowingStream<ByteBuffer, any Error>.AsyncIterator?
  private var first: ByteBuffer?

  /// - Parameter range: bytes of the object; within its length.
  init(_ blobs: [ContentBlob], range: Range<UInt64>, bucket: String, engine: any ObjectEngine) {
    self.engine = engine
    self.bucket = bucket
    var pieces: [(blob: StoredBlob, range: Range<UInt64>)] = []
    var start: UInt64 = 0
    for item in blobs {
      let end = start + item.blob.length
      let low = max(range.lowerBound, start)
      let high = min(range.upperBound, end)
      if low < high { pieces.append((item.blob, low - start..<high - start)) }
      start = end
    }
    self.pieces = pieces[...]
  }

  /// Reads the first bytes, so that a failure can still be told by the status.
  func prefetch() async throws { first = try await next() }

  /// The next bytes; nil at the end.
  func next() async throws -> ByteBuffer? {
    if let buffer = first {
      first = nil
      return buffer
    }
    while true {
      if current == nil {
        guard let piece = pieces.popFirst() else { return nil }
        current =
          engine.read(piece.blob, bucket: bucket, range: piece.range).makeAsyncIterator()
      }
      if let buffer = try await current?.next() {
        if buffer.readableBytes > 0 { return buffer }
      } else {
        current = nil
      }
    }
  }
}

/// An object's bytes as the body of a part that is copied.
struct ObjectBytes: AsyncSequence, Sendable {
  typealias Element = ByteBuffer

  let reader: ObjectReader
  let digests: BodyDigests

  func makeAsyncIterator() -> Iterator { Iterator(reader: reader, digests: digests) }

  struct Iterator: AsyncIteratorProtocol {
    let reader: ObjectReader
    let digests: BodyDigests
    var hasEnded = false

    mutating func next() async throws -> ByteBuffer? {
      if hasEnded { return nil }
      if let buffer = try await reader.next() {
        digests.update(buffer)
        return buffer
      }
      hasEnded = true
      _ = digests.finish()
      return nil
    }
  }
}
