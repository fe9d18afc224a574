import Primitives

/// How a bundle's segments are coded: any k of n shards give the data back.
///
/// The leaf size is part of the class, because every shard's Merkle tree has it and so has every
/// proof; a network may use several sizes at once.
package struct CodeClass: Hashable, Sendable, CanonicalCodable, CustomStringConvertible {
  /// k: how many shards suffice.
  package let dataShards: UInt8
  /// n: how many shards there are, each with an operator of its own.
  package let totalShards: UInt8
  /// Bytes of a leaf of a shard's Merkle tree; a power of two from 64 to 65,536.
  package let leafBytes: UInt32

  /// What gateways use unless told otherwise: 1 KiB. Hashing a shard costs 19 SHA-256 blocks a
  /// KiB then, against 28 with leaves of 256 bytes; an opened step grows by about 700 bytes.
  package static let standardLeafBytes: UInt32 = 1024
  /// The largest n.
  package static let totalShardLimit: UInt8 = 64

  /// A class; nil for no shards, more data shards than shards, more than 64 shards, or a leaf size
  /// that is no power of two from 64 to 65,536.
  package init?(dataShards: UInt8, totalShards: UInt8, leafBytes: UInt32 = standardLeafBytes) {
    guard dataShards > 0, dataShards <= totalShards, totalShards <= Self.totalShardLimit,
      leafBytes >= 64, leafBytes <= 65_536, leafBytes.nonzeroBitCount == 1
    else { return nil }
    self.dataShards = dataShards
    self.totalShards = totalShards
    self.leafBytes = leafBytes
  }

  /// The strongest class that so many distinct live operators allow on a small network, or nil
  /// when not even one loss could be borne.
  package static func strongest(
    operators: Int, leafBytes: UInt32 = standardLeafBytes
  ) -> CodeClass? {
    let shape: (k: UInt8, n: UInt8)? =
      switch operators {
      case 12...: (6, 12)
      case 4...11: (UInt8(operators / 2), UInt8(operators))
      case 3: (1, 3)
      case 2: (1, 2)
      default: nil
      }
    return shape.flatMap {
      CodeClass(dataShards: $0.k, totalShards: $0.n, leafBytes: leafBytes)
    }
  }

  /// How many lost shards the class bears.
  package var losses: Int { Int(totalShards) - Int(dataShards) }

  /// How many leaves a shard of so many bytes has; the last may be short.
  package func leafCount(shardBytes: UInt64) -> UInt64 {
    let size = UInt64(leafBytes)
    return shardBytes / size + (shardBytes.isMultiple(of: size) ? 0 : 1)
  }

  /// Reads what ``description`` says, with leaves of the standard size; nil for anything else.
  package init?(name: String) {
    guard name.hasPrefix("RS("), name.hasSuffix(")") else { return nil }
    let numbers = name.dropFirst(3).dropLast().split(separator: ",").map { UInt8($0) }
    guard numbers.count == 2, let data = numbers[0], let total = numbers[1] else { return nil }
    self.init(dataShards: data, totalShards: total)
  }

  /// Such as `RS(6,12)`.
  package var description: String { "RS(\(dataShards),\(totalShards))" }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(dataShards)
    encoder.encode(totalShards)
    encoder.encode(leafBytes)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let dataShards = try decoder.decodeUInt8()
    let totalShards = try decoder.decodeUInt8()
    let leafBytes = try decoder.decodeUInt32()
    guard
      let known = CodeClass(
        dataShards: dataShards, totalShards: totalShards, leafBytes: leafBytes)
    else { throw .invalid("class RS(\(dataShards),\(totalShards)) with \(leafBytes)-byte leaves") }
    self = known
  }
}
