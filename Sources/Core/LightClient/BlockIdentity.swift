import Primitives

/// What names a block: its header's hash and the parts in which it travelled.
package struct BlockIdentity: Hashable, Sendable {
  /// The header's hash: 32 bytes, or none for "no block".
  package let hash: [UInt8]
  /// How many parts the block was cut into.
  package let partCount: UInt32
  /// The root over the parts: 32 bytes or none.
  package let partsHash: [UInt8]

  package init(hash: [UInt8], partCount: UInt32, partsHash: [UInt8]) {
    self.hash = hash
    self.partCount = partCount
    self.partsHash = partsHash
  }

  /// Whether it names a block.
  package var isComplete: Bool { hash.count == 32 && partsHash.count == 32 && partCount > 0 }

  /// `BlockID`, and `CanonicalBlockID`, which has the same fields.
  var encoded: [UInt8] {
    let parts = ProtobufEncoder.message {
      $0.encode(Int64(partCount), field: 1)
      $0.encode(partsHash, field: 2)
    }
    return ProtobufEncoder.message {
      $0.encode(hash, field: 1)
      $0.encode(message: parts, field: 2)
    }
  }
}
