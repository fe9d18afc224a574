import NIOCore

/// A message's bytes in up to two pieces, so that a large second one goes out as it lies in memory
/// and is never copied to stand behind the first.
package struct LinkPayload: Sendable {
  /// The first bytes, most often few.
  package let head: ByteBuffer
  /// The bytes behind them.
  package let tail: ByteBuffer

  package init(_ head: ByteBuffer, tail: ByteBuffer = ByteBuffer()) {
    self.head = head
    self.tail = tail
  }

  /// Bytes of both pieces.
  package var readableBytes: Int { head.readableBytes + tail.readableBytes }
}
