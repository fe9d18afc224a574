import CISAL

/// A CRC-32C over a block of a shard. It finds what a disk did to bytes at a small part of what
/// SHA-256 costs; whoever must convince others hashes.
struct BlockCheck: Hashable, Sendable {
  /// The check's register, inverted as the polynomial's users do.
  private(set) var value: UInt32 = 0

  /// Reads more bytes of the block.
  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
    // ISA-L takes its source as mutable but only reads it. A block is far below its limit of 2 GiB.
    let pointer = UnsafeMutablePointer(mutating: base.assumingMemoryBound(to: UInt8.self))
    value = ~crc32_iscsi(pointer, Int32(bytes.count), ~value)
  }

  /// The check of a whole block.
  static func of(_ block: UnsafeRawBufferPointer) -> UInt32 {
    var check = BlockCheck()
    check.update(block)
    return check.value
  }
}
