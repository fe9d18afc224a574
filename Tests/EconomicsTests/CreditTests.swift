import Primitives
import TestSupport
import Testing

@testable import Economics

@Suite struct CreditTests {
  private static let rates = [
    Credit(tokenUnits: 1, creditUnits: 1), Credit(tokenUnits: 3, creditUnits: 7),
    Credit(tokenUnits: 7, creditUnits: 3), Credit(tokenUnits: 1_000_000_007, creditUnits: 2),
    Credit(tokenUnits: 2, creditUnits: 1_000_000_007),
  ]

  @Test func conversionsRoundTowardsTheVault() throws {
    let credit = Credit(tokenUnits: 3, creditUnits: 7)
    #expect(try credit.credits(for: Amount(baseUnits: 10)).baseUnits == 23)  // 23.33…
    #expect(try credit.tokens(for: Credits(baseUnits: 23)).baseUnits == 9)  // 9.86…
    #expect(try credit.tokensToBuy(Credits(baseUnits: 23)).baseUnits == 10)
    #expect(try credit.tokensToBuy(.zero) == .zero)
  }

  @Test(arguments: rates) func noRoundTripGains(credit: Credit) throws {
    var random = SeededGenerator.fromEnvironment(default: 23)
    for _ in 0..<2_000 {
      let tokens = Amount(baseUnits: UInt128.random(in: 0...(1 << 80), using: &random))
      let credits = try credit.credits(for: tokens)
      #expect(try credit.tokens(for: credits) <= tokens, "seed \(random.seed)")
      let wanted = Credits(baseUnits: UInt128.random(in: 0...(1 << 80), using: &random))
      let price = try credit.tokensToBuy(wanted)
      #expect(try credit.credits(for: price) >= wanted, "seed \(random.seed)")
      if price > .zero {
        let less = try price.subtracting(Amount(baseUnits: 1))
        #expect(try credit.credits(for: less) < wanted, "the price is not the lowest")
      }
    }
  }

  @Test(arguments: rates) func conversionsAreMonotone(credit: Credit) throws {
    var random = SeededGenerator.fromEnvironment(default: 29)
    for _ in 0..<2_000 {
      let one = UInt128.random(in: 0...(1 << 70), using: &random)
      let more = one + UInt128.random(in: 0...1_000, using: &random)
      let amounts = (Amount(baseUnits: one), Amount(baseUnits: more))
      #expect(try credit.credits(for: amounts.0) <= credit.credits(for: amounts.1))
      let credits = (Credits(baseUnits: one), Credits(baseUnits: more))
      #expect(try credit.tokens(for: credits.0) <= credit.tokens(for: credits.1))
    }
  }

  /// Any number of deposits and redemptions in any order: the vault covers what is outstanding.
  @Test(arguments: rates) func theVaultAlwaysCovers(credit: Credit) throws {
    var random = SeededGenerator.fromEnvironment(default: 31)
    var vault = Amount.zero
    var outstanding = Credits.zero
    for _ in 0..<2_000 {
      if Bool.random(using: &random) {
        let tokens = Amount(baseUnits: UInt128.random(in: 0...1_000_000, using: &random))
        vault = try vault.adding(tokens)
        outstanding = try outstanding.adding(credit.credits(for: tokens))
      } else {
        let part = UInt128.random(in: 0...outstanding.baseUnits, using: &random)
        outstanding = try outstanding.subtracting(Credits(baseUnits: part))
        vault = try vault.subtracting(credit.tokens(for: Credits(baseUnits: part)))
      }
      #expect(try credit.isCovered(outstanding, by: vault), "seed \(random.seed)")
    }
  }

  @Test func coverageIsExact() throws {
    let credit = Credit(tokenUnits: 3, creditUnits: 7)
    #expect(try credit.isCovered(Credits(baseUnits: 7), by: Amount(baseUnits: 3)))
    #expect(try !credit.isCovered(Credits(baseUnits: 8), by: Amount(baseUnits: 3)))
  }

  @Test func tooMuchIsRefused() {
    let credit = Credit(tokenUnits: 1, creditUnits: 2)
    #expect(throws: ArithmeticError.overflow) {
      try credit.credits(for: Amount(baseUnits: .max))
    }
  }
}
