import Foundation

/// Random numbers that can be had again: SplitMix64 from a seed that is printed.
///
/// A test that draws random input makes one with ``fromEnvironment(default:)``; when it fails, the
/// same run is had with `TRELLIS_SEED=<seed>`.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  /// What the sequence follows from; put it in a test's failure message.
  package let seed: UInt64
  private var state: UInt64

  package init(seed: UInt64) {
    self.seed = seed
    state = seed
  }

  /// The seed of `TRELLIS_SEED`, else `standard`; prints which.
  package static func fromEnvironment(
    default standard: UInt64, _ function: String = #function
  ) -> SeededGenerator {
    let text = ProcessInfo.processInfo.environment["TRELLIS_SEED"]
    let seed = text.flatMap { UInt64($0) } ?? standard
    print("\(function): TRELLIS_SEED=\(seed)")
    return SeededGenerator(seed: seed)
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// That many random bytes.
  package mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
      withUnsafeBytes(of: next().littleEndian) { bytes.append(contentsOf: $0) }
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }
}
