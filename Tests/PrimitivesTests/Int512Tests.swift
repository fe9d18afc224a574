import Primitives
import TestSupport
import Testing

@Suite struct Int512Tests {
  /// a·b + r divided by b gives a when 0 ≤ r < b, and its remainder is r.
  @Test func divisionUndoesMultiplication() throws {
    var random = SeededGenerator.fromEnvironment(default: 512)
    for _ in 0..<4_000 {
      let words = Int.random(in: 1...6, using: &random)
      let quotient = try Self.any(&random, words: words)
      var divisor = try Self.any(&random, words: 7 - words)
      if divisor.isZero { divisor = Int512(UInt128(1)) }
      let positive = divisor.isNegative ? divisor.negated : divisor
      var rest = try Self.any(&random, words: 3)
      if rest.isNegative { rest = rest.negated }
      if rest >= positive { rest = Int512(UInt128(0)) }
      if divisor.isNegative { rest = rest.negated }  // a floor leaves a rest of the divisor's sign
      let dividend = try quotient.multiplied(by: divisor).adding(rest)
      #expect(try dividend.dividedFloor(by: divisor) == quotient, "seed \(random.seed)")
    }
  }

  @Test func ringLawsHold() throws {
    var random = SeededGenerator.fromEnvironment(default: 513)
    for _ in 0..<2_000 {
      let a = try Self.any(&random, words: 3)
      let b = try Self.any(&random, words: 3)
      let c = try Self.any(&random, words: 3)
      let left = try a.multiplied(by: b.adding(c))
      let right = try a.multiplied(by: b).adding(a.multiplied(by: c))
      #expect(left == right, "seed \(random.seed)")
      #expect(try a.subtracting(b) == b.subtracting(a).negated)
      let isPositive = try b.subtracting(a) > Int512(UInt128(0))
      #expect((a < b) == isPositive)
      let bits = Int.random(in: 0...250, using: &random)
      #expect(try a.shiftedLeft(bits).shiftedRightFloor(bits) == a)
      let power = try Int512(UInt128(1)).shiftedLeft(bits)
      #expect(try a.shiftedRightFloor(bits) == a.dividedFloor(by: power))
    }
  }

  @Test func floorsGoTowardsMinusInfinity() throws {
    let minusSeven = Int512(Int128(-7))
    #expect(try minusSeven.dividedFloor(by: Int512(UInt128(2))) == Int512(Int128(-4)))
    #expect(try minusSeven.shiftedRightFloor(1) == Int512(Int128(-4)))
    #expect(try minusSeven.shiftedRightFloor(600) == Int512(Int128(-1)))
    #expect(try Int512(Int128(-8)).shiftedRightFloor(2) == Int512(Int128(-2)))
    #expect(Int512(Int128.min) < Int512(Int128.max))
    #expect(Int512(Int128(0)).negated == Int512(UInt128(0)))
  }

  @Test func whatDoesNotFitThrows() throws {
    let one = Int512(UInt128(1))
    let top = try one.shiftedLeft(510)
    #expect(throws: ArithmeticError.overflow) { try top.adding(top) }
    #expect(throws: ArithmeticError.overflow) { try top.shiftedLeft(1) }
    #expect(throws: ArithmeticError.overflow) { try top.multiplied(by: Int512(UInt128(2))) }
    #expect(throws: ArithmeticError.overflow) { try top.multiplied(by: top) }
    #expect(throws: ArithmeticError.overflow) { try one.shiftedLeft(-1) }
    #expect(throws: ArithmeticError.divisionByZero) {
      try top.dividedFloor(by: Int512(UInt128(0)))
    }
    #expect(throws: ArithmeticError.underflow) { try one.negated.asUInt128() }
    #expect(throws: ArithmeticError.overflow) { try top.asUInt128() }
    #expect(try Int512(UInt128.max).asUInt128() == .max)
  }

  @Test func decimalsAreRead() throws {
    let text = "340282366920938463463374607431768211456"
    #expect(try Int512(decimal: text) == Int512(UInt128(1)).shiftedLeft(128))
    #expect(Int512(decimal: "-12") == Int512(Int128(-12)))
    for bad in ["", "-", "+1", "1 ", "0x1", String(repeating: "9", count: 155)] {
      #expect(Int512(decimal: bad) == nil)
    }
  }

  private static func any(
    _ random: inout SeededGenerator, words: Int
  ) throws -> Int512 {
    var value = Int512(UInt128(0))
    for _ in 0..<Int.random(in: 1...words, using: &random) {
      // Words of all ones and of zero reach the rare branches of long division.
      let word: UInt64 =
        switch random.next() % 4 {
        case 0: .max
        case 1: 0
        default: random.next()
        }
      value = try value.shiftedLeft(64).adding(Int512(UInt128(word)))
    }
    return random.next() % 2 == 0 ? value : value.negated
  }
}
