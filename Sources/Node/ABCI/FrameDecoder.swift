import NIOCore

/// Why a byte stream is no stream of frames.
package enum FrameError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A length prefix goes on for too long.
  case unendingLength
  /// A frame is larger than this server takes.
  case oversized(byteCount: UInt64, limit: Int)

  package var description: String {
    switch self {
    case .unendingLength: "a frame's length prefix has more than 5 bytes: this is no ABCI stream"
    case .oversized(let byteCount, let limit):
      "a frame says that it has \(byteCount) bytes; at most \(limit) are taken"
    }
  }
}

/// Cuts a byte stream into ABCI's frames: an unsigned LEB128 length, then so many bytes.
///
/// A frame that arrives in one piece is handed on without a copy. One that arrives in pieces is
/// gathered in a buffer that grows with what has arrived, never with what a length promises.
package struct FrameDecoder: Sendable {
  /// The largest frame taken: a block of 100 MB and what is around it.
  package static let defaultLimit = 128 << 20
  /// A prefix of five bytes says more than the protocol's greatest length, 2³¹ − 1.
  private static let prefixLimit = 5
  /// Read bytes are let go of once there are so many.
  private static let discardLimit = 1 << 16

  private let limit: Int
  private var unread = ByteBuffer()

  /// A decoder of frames of at most `limit` bytes each.
  package init(limit: Int = FrameDecoder.defaultLimit) { self.limit = limit }

  /// How many bytes have come in and are not part of a whole frame yet, or were not asked for.
  package var pendingByteCount: Int { unread.readableBytes }

  /// Takes bytes in.
  package mutating func append(_ bytes: consuming ByteBuffer) {
    if unread.readableBytes == 0 {
      unread = bytes
      return
    }
    if unread.readerIndex > Self.discardLimit, unread.readerIndex > unread.readableBytes {
      unread.discardReadBytes()
    }
    unread.writeBuffer(&bytes)
  }

  /// The next whole frame, without its length.
  /// - Throws: ``FrameError``; the stream is of no use from then on.
  package mutating func next() throws(FrameError) -> ByteBuffer? {
    guard let (length, prefix) = try header() else { return nil }
    guard unread.readableBytes - prefix >= length else { return nil }
    unread.moveReaderIndex(forwardBy: prefix)
    return unread.readSlice(length: length)
  }

  private func header() throws(FrameError) -> (length: Int, prefix: Int)? {
    var length: UInt64 = 0
    for (index, byte) in unread.readableBytesView.prefix(Self.prefixLimit).enumerated() {
      length |= UInt64(byte & 0x7F) << UInt64(7 * index)
      if byte < 0x80 {
        guard length <= UInt64(limit) else {
          throw .oversized(byteCount: length, limit: limit)
        }
        return (Int(length), index + 1)
      }
    }
    if unread.readableBytes >= Self.prefixLimit { throw .unendingLength }
    return nil
  }

  /// Puts a frame's length in front of its bytes.
  package static func writePrefix(_ length: Int, to buffer: inout ByteBuffer) {
    var rest = UInt64(length)
    while rest >= 0x80 {
      buffer.writeInteger(UInt8(rest & 0x7F | 0x80))
      rest >>= 7
    }
    buffer.writeInteger(UInt8(rest))
  }
}
