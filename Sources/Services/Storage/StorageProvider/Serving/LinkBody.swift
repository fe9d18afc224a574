import NIOCore
import Primitives
import StorageService

/// A storage message in a network buffer: the header is decoded, the tail stays where it is.
package enum LinkBody {
  /// Takes a message apart; the tail shares the buffer's memory.
  /// - Throws: ``CodecError``.
  package static func decode<Header: CanonicalCodable>(
    _ type: Header.Type = Header.self, _ body: ByteBuffer
  ) throws(CodecError) -> (header: Header, tail: ByteBuffer) {
    var body = body
    guard let length = body.readInteger(as: UInt32.self) else {
      throw .truncated(offset: body.readableBytes, needed: 4 - body.readableBytes)
    }
    let count = try LinkMessage.headerLength(length, available: body.readableBytes)
    guard let raw = body.readBytes(length: count) else {
      throw .truncated(offset: 0, needed: count)
    }
    return (try Header(canonicalBytes: raw), body)
  }

  /// Puts a message together.
  package static func encode(
    _ header: some CanonicalCodable, tail: [UInt8] = []
  ) -> ByteBuffer {
    let prefix = LinkMessage.prefix(header)
    var buffer = ByteBufferAllocator().buffer(capacity: prefix.count + tail.count)
    buffer.writeBytes(prefix)
    buffer.writeBytes(tail)
    return buffer
  }

  /// Equal for appends to one shard, so that a link server runs them in their order; nil for
  /// everything else.
  package static func orderingKey(_ body: ByteBuffer) -> UInt64? {
    // u32 length, case 1, then the order: chain (32), lease (8), group (8), segment (8), slot (1).
    let start = body.readerIndex
    guard body.getInteger(at: start + 4, as: UInt8.self) == 1,
      let lease = body.getInteger(at: start + 37, as: UInt64.self),
      let segment = body.getInteger(at: start + 53, as: UInt64.self),
      let slot = body.getInteger(at: start + 61, as: UInt8.self)
    else { return nil }
    return (lease &* 0x9E37_79B9_7F4A_7C15) ^ (segment &* 256 &+ UInt64(slot))
  }
}
