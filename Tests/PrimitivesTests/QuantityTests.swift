import TestSupport
import Testing

@testable import Primitives

@Suite struct QuantityTests {
  @Test(
    arguments: [
      ("0", 0), ("0.0", 0), ("1", 1_000_000_000_000_000_000), ("0.5", 500_000_000_000_000_000),
      ("0.000000000000000001", 1), ("00012.50", 12_500_000_000_000_000_000),
      ("1.000000000000000000", 1_000_000_000_000_000_000),
    ] as [(String, UInt128)])
  func decimalsAreRead(text: String, baseUnits: UInt128) {
    #expect(Amount(decimal: text)?.baseUnits == baseUnits)
  }

  @Test(arguments: [
    "", ".", "1.", ".5", "-1", "+1", " 1", "1 ", "1e3", "0x1", "1,5", "1.2.3", "١", "1_000",
    "0.0000000000000000001", "340282366920938463464", "999999999999999999999999999999999999999999",
    "340282366920938463463.374607431768211456", "1\n", "٣.٥", "1.+5",
  ])
  func otherTextsAreRefused(text: String) {
    #expect(Amount(decimal: text) == nil)
  }

  @Test func theLargestAmountIsReadAndWritten() {
    let text = "340282366920938463463.374607431768211455"
    #expect(Amount(decimal: text)?.baseUnits == .max)
    #expect(Amount(baseUnits: .max).description == text)
  }

  @Test func decimalsGoBothWays() {
    var random = SeededGenerator.fromEnvironment(default: 9)
    for _ in 0..<2_000 {
      let shift = UInt128.random(in: 0..<128, using: &random)
      let amount = Amount(baseUnits: UInt128.random(in: 0...(.max), using: &random) >> shift)
      #expect(Amount(decimal: amount.description) == amount, "seed \(random.seed)")
    }
    #expect(Credits.whole(12).description == "12")
    #expect(Credits(baseUnits: 1).description == "0.000000000000000001")
    #expect(Credits(baseUnits: 1_500_000_000_000_000_000).description == "1.5")
  }

  @Test func moneyNeverWraps() throws {
    let most = Amount(baseUnits: .max)
    let one = Amount(baseUnits: 1)
    #expect(throws: ArithmeticError.overflow) { try most.adding(one) }
    #expect(throws: ArithmeticError.underflow) { try Amount.zero.subtracting(one) }
    #expect(try most.subtracting(most) == .zero)
    #expect(Amount.zero.subtractingSaturated(one) == .zero)
    #expect(try Amount(baseUnits: 7).scaled(by: 1, over: 2, rounding: .up).baseUnits == 4)
    #expect(one < most)
  }

  @Test func theEncodingIsSixteenBytes() throws {
    let amount = Amount(baseUnits: 0x0102)
    #expect(amount.canonicalBytes().hex == "00000000000000000000000000000102")
    #expect(try Amount(canonicalBytes: amount.canonicalBytes()) == amount)
  }
}
