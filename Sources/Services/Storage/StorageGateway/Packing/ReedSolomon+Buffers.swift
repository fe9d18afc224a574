import ErasureCoding
import NIOCore

extension ReedSolomon {
  /// Rebuilds the `wanted` chunks from any k or more others, which are read where they lie.
  ///
  /// - Parameter chunks: by index, all of one length.
  /// - Throws: ``ErasureCodingError`` for unknown, too few or unequal chunks.
  func reconstruct(
    _ chunks: [Int: ByteBuffer], wanted: [Int]
  ) throws -> [Int: ByteBuffer] {
    let plan = try reconstruction(from: chunks.keys.sorted(), wanted: wanted)
    let sources = plan.sources.compactMap { chunks[$0] }
    let length = sources.first?.readableBytes ?? 0
    var target = ByteBuffer()
    try target.writeWithUnsafeMutableBytes(minimumWritableBytes: length * wanted.count) { memory in
      try Self.withPointers(to: sources[...], []) { pointers in
        try plan.apply(
          pointers,
          into: wanted.indices.map {
            UnsafeMutableRawBufferPointer(rebasing: memory[$0 * length..<($0 + 1) * length])
          })
      }
      return length * wanted.count
    }
    var rebuilt: [Int: ByteBuffer] = [:]
    for (position, chunk) in wanted.enumerated() {
      rebuilt[chunk] = target.getSlice(
        at: target.readerIndex + position * length, length: length)
    }
    return rebuilt
  }

  /// Calls `body` with where the buffers' bytes lie: at most k, so the recursion is shallow.
  private static func withPointers(
    to buffers: ArraySlice<ByteBuffer>, _ found: [UnsafeRawBufferPointer],
    _ body: ([UnsafeRawBufferPointer]) throws -> Void
  ) throws {
    guard let first = buffers.first else { return try body(found) }
    try first.withUnsafeReadableBytes {
      try withPointers(to: buffers.dropFirst(), found + [$0], body)
    }
  }
}
