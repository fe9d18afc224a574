import Simulator
import Testing

/// Random numbers are pure functions of seed, run and purpose.
@Suite struct CounterRandomTests {
  /// The known answers that the Random123 distribution publishes for philox4x32-10.
  @Test func philoxGivesThePublishedAnswers() {
    let zero = Philox.block(counter: (0, 0, 0, 0), key: (0, 0))
    #expect(zero == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    let ones = UInt32.max
    let full = Philox.block(counter: (ones, ones, ones, ones), key: (ones, ones))
    #expect(full == (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    let pi = Philox.block(
      counter: (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
      key: (0xa409_3822, 0x299f_31d0))
    #expect(pi == (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func streamsOfARunDoNotDependOnOtherStreams() {
    var alone = RandomStream(seed: 7, run: 3, purpose: .market)
    var other = RandomStream(seed: 7, run: 3, purpose: .demand)
    var again = RandomStream(seed: 7, run: 3, purpose: .market)
    var otherRun = RandomStream(seed: 7, run: 4, purpose: .market)
    var first: [UInt64] = []
    var second: [UInt64] = []
    for _ in 0..<100 {
      first.append(alone.next())
      #expect(other.next() != otherRun.next())
      second.append(again.next())
    }
    #expect(first == second)
    #expect(Set(first).count == 100)
  }

  @Test func normalDrawsFollowTheInverseDistribution() {
    // z of the upper tail probability in the middle of cells, from mpmath with 50 digits.
    let table = NormalTable.shared
    for (bits, expected) in NormalDrawExamples.all {
      let error = (table.draw(bits) - (Fixed(decimal: expected) ?? .largest)).magnitude
      #expect(error < Fixed(1, over: 1_000_000), "\(bits): \(table.draw(bits).text(decimals: 12))")
      let mirrored = table.draw(bits | 1 << 63)
      #expect(mirrored == -table.draw(bits))
    }
  }

  @Test func normalDrawsHaveTheirMoments() {
    var stream = RandomStream(seed: 42, run: 0, purpose: .benchmark)
    var sum = Fixed.zero
    var squares = Fixed.zero
    let count = 20_000
    for _ in 0..<count {
      let z = NormalTable.shared.draw(stream.next())
      sum += z
      squares += z * z
    }
    #expect((sum / Fixed(count)).magnitude < Fixed(3, over: 100))
    #expect((squares / Fixed(count) - .one).magnitude < Fixed(4, over: 100))
  }
}
