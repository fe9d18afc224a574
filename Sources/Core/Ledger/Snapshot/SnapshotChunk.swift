import Cryptography
import Primitives
import ServiceKit

/// A piece of a snapshot: rows in the order of their hashed keys, and what proves them against the
/// state root.
package struct SnapshotChunk: Sendable, CanonicalCodable {
  /// The version of the format: what rows there are, in which order, cut where.
  package static let format: UInt32 = 1
  /// A chunk ends before the row with which its rows would have more bytes than this.
  package static let rowByteLimit = 1 << 20
  /// The most bytes of a whole chunk: engines carry at most 16 MB.
  package static let byteLimit = 16_000_000
  /// The most chunks that an engine asks for.
  package static let countLimit = 100_000

  package let proof: StateRangeProof
  /// Ascending by the key's hash.
  package let rows: [(key: StateKey, value: [UInt8])]

  package init(proof: StateRangeProof, rows: [(key: StateKey, value: [UInt8])]) {
    self.proof = proof
    self.rows = rows
  }

  /// A row's bytes in a chunk.
  static func byteCount(_ key: StateKey, _ value: [UInt8]) -> Int {
    8 + key.bytes.count + value.count
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(proof)
    encoder.encode(UInt32(rows.count))
    for row in rows {
      encoder.encode(row.key.bytes)
      encoder.encode(row.value)
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    proof = try decoder.decode()
    let count = try decoder.decodeCount(limit: Self.byteLimit / 8, minimumElementSize: 8)
    var rows: [(key: StateKey, value: [UInt8])] = []
    rows.reserveCapacity(count)
    for _ in 0..<count {
      let bytes = try decoder.decodeBytes(limit: StateKey.byteLimit)
      guard let key = StateKey(foreign: bytes) else {
        throw .invalid("a row's key has \(bytes.count) bytes")
      }
      rows.append((key, try decoder.decodeBytes(limit: Self.byteLimit)))
    }
    self.rows = rows
  }
}
