import NIOCore
import SwiftProtobuf

/// A response's bytes with their length in front, made in the buffer that is written to the socket.
enum FramedResponse {
  /// The frame of a flush, which a node sends behind each call that it waits for: nobody need be
  /// asked about it.
  static let flushRequest: [UInt8] = [0x12, 0x00]
  /// The answer to it.
  static let flush = encode(ABCIResponse.with { $0.flush = ABCIResponseFlush() })

  /// Frames a response.
  static func encode(_ response: ABCIResponse) -> ByteBuffer {
    do {
      let bytes: FrameBytes = try response.serializedBytes()
      return bytes.frame
    } catch {
      // More than 2 GiB: nothing that the ledger answers comes near it.
      return encode(ABCIResponse.with { $0.exception.error = "\(error)" })
    }
  }

  /// Frames the answer to PrepareProposal. A block's transactions are written from where they are.
  static func proposal(_ items: [[UInt8]]) -> ByteBuffer {
    let inner = items.reduce(0) { $0 + 1 + varintCount($1.count) + $1.count }
    let tag = RequestMethod.prepareProposal.responseNumber << 3 | 2
    let body = varintCount(tag) + varintCount(inner) + inner
    var buffer = ByteBuffer()
    buffer.reserveCapacity(varintCount(body) + body)
    for number in [body, tag, inner] { FrameDecoder.writePrefix(number, to: &buffer) }
    for item in items {
      buffer.writeInteger(UInt8(1 << 3 | 2))
      FrameDecoder.writePrefix(item.count, to: &buffer)
      buffer.writeBytes(item)
    }
    return buffer
  }

  /// How many bytes a number has as a varint.
  private static func varintCount(_ number: Int) -> Int {
    max(1, (UInt64(number).bitWidth - UInt64(number).leadingZeroBitCount + 6) / 7)
  }
}

/// Where protobuf writes a message: behind its length in a frame.
private struct FrameBytes: SwiftProtobufContiguousBytes {
  private(set) var frame = ByteBuffer()
  let count: Int

  init(repeating byte: UInt8, count: Int) {
    self.count = count
    FrameDecoder.writePrefix(count, to: &frame)
    frame.writeRepeatingByte(byte, count: count)
  }

  init<S: Sequence>(_ sequence: S) where S.Element == UInt8 {
    let bytes = ByteBuffer(bytes: sequence)
    count = bytes.readableBytes
    FrameDecoder.writePrefix(count, to: &frame)
    frame.writeImmutableBuffer(bytes)
  }

  func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try frame.withUnsafeReadableBytes {
      try body(UnsafeRawBufferPointer(rebasing: $0.suffix(count)))
    }
  }

  mutating func withUnsafeMutableBytes<R>(
    _ body: (UnsafeMutableRawBufferPointer) throws -> R
  ) rethrows -> R {
    let count = count
    return try frame.withUnsafeMutableReadableBytes {
      try body(UnsafeMutableRawBufferPointer(rebasing: $0.suffix(count)))
    }
  }
}
