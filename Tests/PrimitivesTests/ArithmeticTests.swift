import TestSupport
import Testing

@testable import Primitives

@Suite struct ArithmeticTests {
  @Test func nothingWraps() throws {
    #expect(try UInt64(5).adding(3) == 8)
    #expect(throws: ArithmeticError.overflow) { try UInt64.max.adding(1) }
    #expect(try UInt64(5).subtracting(5) == 0)
    #expect(throws: ArithmeticError.underflow) { try UInt64(5).subtracting(6) }
    #expect(try UInt64(1 << 32).multiplied(by: 1 << 31) == 1 << 63)
    #expect(throws: ArithmeticError.overflow) { try UInt64(1 << 32).multiplied(by: 1 << 32) }
    #expect(UInt64.max.addingSaturated(1) == .max)
    #expect(UInt64(1).addingSaturated(2) == 3)
    #expect(UInt64(1).subtractingSaturated(2) == 0)
    #expect(UInt64(3).subtractingSaturated(2) == 1)
  }

  @Test func scalingIsExactBeyondTheWordsWidth() throws {
    let huge = UInt128.max
    #expect(try huge.scaled(by: huge, over: huge, rounding: .down) == huge)
    #expect(try huge.scaled(by: 1, over: 3, rounding: .down) == huge / 3)
    #expect(try huge.scaled(by: 2, over: 4, rounding: .up) == huge / 2 + 1)
    #expect(try UInt128(10).scaled(by: 1, over: 3, rounding: .down) == 3)
    #expect(try UInt128(10).scaled(by: 1, over: 3, rounding: .up) == 4)
    #expect(try UInt128(9).scaled(by: 1, over: 3, rounding: .up) == 3)
    #expect(try UInt128(0).scaled(by: 7, over: 3, rounding: .up) == 0)
    #expect(throws: ArithmeticError.overflow) {
      try huge.scaled(by: 2, over: 1, rounding: .down)
    }
    #expect(throws: ArithmeticError.divisionByZero) {
      try huge.scaled(by: 2, over: 0, rounding: .down)
    }
    // The quotient is the largest number and something is left: rounding up does not fit.
    #expect(try huge.scaled(by: huge - 1, over: huge - 1, rounding: .up) == huge)
    #expect(throws: ArithmeticError.overflow) {
      try (huge - 1).scaled(by: huge, over: huge - 2, rounding: .up)
    }
  }

  @Test func scalingAgreesWithSmallNumbers() throws {
    var random = SeededGenerator.fromEnvironment(default: 5)
    for _ in 0..<5_000 {
      let value = UInt64.random(in: 0...UInt64(UInt32.max), using: &random)
      let numerator = UInt64.random(in: 0...UInt64(UInt32.max), using: &random)
      let denominator = UInt64.random(in: 1...UInt64(UInt32.max), using: &random)
      let (quotient, rest) = (value * numerator).quotientAndRemainder(dividingBy: denominator)
      let down = try UInt128(value).scaled(
        by: UInt128(numerator), over: UInt128(denominator), rounding: .down)
      let up = try UInt128(value).scaled(
        by: UInt128(numerator), over: UInt128(denominator), rounding: .up)
      #expect(down == UInt128(quotient), "seed \(random.seed)")
      #expect(up == UInt128(quotient) + (rest > 0 ? 1 : 0), "seed \(random.seed)")
    }
  }

  @Test func upperHalvesAreThoseOfTheFullProduct() {
    var random = SeededGenerator.fromEnvironment(default: 19)
    for _ in 0..<5_000 {
      let left =
        UInt128.random(in: 0...(.max), using: &random) | (random.next() % 3 == 0 ? .max << 64 : 0)
      let right = random.next() % 3 == 0 ? .max : UInt128.random(in: 0...(.max), using: &random)
      #expect(
        left.multipliedHigh(by: right) == left.multipliedFullWidth(by: right).high,
        "seed \(random.seed)")
    }
  }

  @Test func ledgerTimeNeitherWrapsNorGoesBack() {
    let late = LedgerTime(milliseconds: .max - 5)
    #expect(late.advanced(milliseconds: 10).milliseconds == .max)
    #expect(LedgerTime.genesis.milliseconds(since: late) == 0)
    #expect(late.milliseconds(since: LedgerTime(milliseconds: .max - 15)) == 10)
    #expect(LedgerTime.genesis < late)
    #expect("\(LedgerTime(milliseconds: 1500))" == "1500 ms")
  }
}
