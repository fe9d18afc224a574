/// Philox4x32-10: random bits as a pure function of a key and a counter.
///
/// J. Salmon, M. Moraes, R. Dror, D. Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC 2011).
/// Any run of a simulation finds its numbers without those of the runs before it, so neither the
/// order nor the number of threads shows in a result.
package enum Philox {
  /// The 128 bits at `counter` under `key`.
  @inline(__always) package static func block(
    counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
  ) -> (UInt32, UInt32, UInt32, UInt32) {
    var (a, b, c, d) = counter
    var (k, l) = key
    for _ in 0..<10 {
      let first = UInt64(a) &* 0xD251_1F53
      let second = UInt64(c) &* 0xCD9E_8D57
      a = UInt32(truncatingIfNeeded: second >> 32) ^ b ^ k
      b = UInt32(truncatingIfNeeded: second)
      c = UInt32(truncatingIfNeeded: first >> 32) ^ d ^ l
      d = UInt32(truncatingIfNeeded: first)
      k = k &+ 0x9E37_79B9
      l = l &+ 0xBB67_AE85
    }
    return (a, b, c, d)
  }
}

/// One of the independent streams of a seed: so many for each run, told apart by purpose.
package struct RandomStream: Sendable {
  /// What a stream is for. Agents of one kind never shift the numbers of another, so that two
  /// scenarios that differ in demand see the same market.
  package enum Purpose: UInt32, Sendable {
    case market = 1
    case demand = 2
    case supply = 3
    case attack = 4
    case benchmark = 5
  }

  private let key: (UInt32, UInt32)
  private let run: (UInt32, UInt32)
  private let purpose: UInt32
  private var index: UInt32 = 0
  private var spare: UInt64 = 0
  private var hasSpare = false

  /// The stream of a run of a seed for a purpose; 2^33 numbers long.
  package init(seed: UInt64, run: UInt64, purpose: Purpose) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    self.run = (UInt32(truncatingIfNeeded: run), UInt32(truncatingIfNeeded: run >> 32))
    self.purpose = purpose.rawValue
  }

  /// The next 64 random bits.
  @inline(__always) package mutating func next() -> UInt64 {
    if hasSpare {
      hasSpare = false
      return spare
    }
    let (a, b, c, d) = Philox.block(counter: (index, purpose, run.0, run.1), key: key)
    index = index &+ 1
    spare = UInt64(d) << 32 | UInt64(c)
    hasSpare = true
    return UInt64(b) << 32 | UInt64(a)
  }

  /// Uniform in [0, 1), in steps of 2^-48.
  @inline(__always) package mutating func uniform() -> Fixed { Fixed(raw: Int128(next() >> 16)) }
}
