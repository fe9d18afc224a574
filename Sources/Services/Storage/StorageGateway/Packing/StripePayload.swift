import ErasureCoding
import NIOCore
import StorageService

/// A stripe's payload in memory as it is coded: padded with zeros to k equal chunks.
struct StripePayload: Sendable {
  /// k chunks, one after the other.
  private let padded: ByteBuffer
  let layout: StripeLayout

  /// Pads in place when nobody else holds the buffer and it has room; copies it otherwise.
  /// - Throws: ``EngineError/unavailable(reason:)`` for a size that no stripe has.
  init(_ payload: consuming ByteBuffer, dataShards: Int) throws(EngineError) {
    let length = payload.readableBytes
    guard let layout = StripeLayout(payloadLength: length, dataShards: dataShards) else {
      throw .unavailable(reason: "a stripe of \(length) bytes has no layout")
    }
    payload.writeRepeatingByte(0, count: layout.chunkBytes * dataShards - length)
    padded = payload
    self.layout = layout
  }

  /// Bytes without the padding.
  var length: Int { layout.payloadLength }

  /// All n chunks: k slices of the payload and n − k of one buffer of parity, none of them copied.
  /// - Throws: ``ErasureCodingError`` when the code is not the one that the layout was made for.
  func chunks(by code: ReedSolomon) throws -> [ByteBuffer] {
    let size = layout.chunkBytes
    var parity = ByteBuffer()
    let parityBytes = size * code.parityShards
    try parity.writeWithUnsafeMutableBytes(minimumWritableBytes: parityBytes) { target in
      try padded.withUnsafeReadableBytes { source in
        try code.encode(
          stripe: source, chunkBytes: size,
          parity: (0..<code.parityShards).map {
            UnsafeMutableRawBufferPointer(rebasing: target[$0 * size..<($0 + 1) * size])
          })
      }
      return parityBytes
    }
    return Self.slices(of: padded, size: size) + Self.slices(of: parity, size: size)
  }

  private static func slices(of buffer: ByteBuffer, size: Int) -> [ByteBuffer] {
    (0..<buffer.readableBytes / size).compactMap {
      buffer.getSlice(at: buffer.readerIndex + $0 * size, length: size)
    }
  }
}
