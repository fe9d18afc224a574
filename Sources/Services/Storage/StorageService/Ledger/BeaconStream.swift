import Cryptography
import Primitives

/// Numbers that follow from a beacon and from what they are for: the same on every machine, and
/// unknown to all before the beacon.
package struct BeaconStream: Sendable {
  private let beacon: Digest
  private let purpose: [UInt8]
  private var counter: UInt64 = 0

  /// A stream of its own for each purpose.
  package init(beacon: Digest, purpose: [UInt8]) {
    self.beacon = beacon
    self.purpose = purpose
  }

  /// The next number below `bound`. 128 bits are reduced, so the bias is below 2^-64.
  /// - Precondition: `bound` is positive.
  package mutating func next(below bound: UInt64) -> UInt64 {
    precondition(bound > 0, "a draw needs something to draw from")
    var builder = DigestBuilder(domain: "storage-draw")
    builder.update(beacon)
    builder.update(counter)
    builder.update(purpose)
    counter &+= 1
    return UInt64(builder.finalize().leading128 % UInt128(bound))
  }
}

extension Digest {
  /// The first sixteen bytes as a big-endian number.
  var leading128: UInt128 { UInt128(value.words.0) << 64 | UInt128(value.words.1) }
}
