import Primitives
import TestSupport
import Testing

@testable import Economics

@Suite struct SplitTests {
  @Test func bucketsAreServedInOrder() throws {
    let split = Split([
      .init(.fixed(60)), .init(.fraction(numerator: 1, denominator: 2, rounding: .down)),
      .init(.fixed(100)),
    ])
    let hundred = try split.divide(100)
    #expect(hundred.claimed == [60, 40, 0] && hundred.residual == 0)
    let much = try split.divide(1001)
    #expect(much.claimed == [60, 500, 100] && much.residual == 341)
    let nothing = try split.divide(0)
    #expect(nothing.claimed == [0, 0, 0] && nothing.residual == 0)
  }

  @Test func floorsAndCapsHold() throws {
    let tenth = Split.Portion.fraction(numerator: 1, denominator: 10, rounding: .down)
    let split = Split([.init(tenth, floor: 5, cap: 50)])
    #expect(try split.divide(10).claimed == [5])
    #expect(try split.divide(3).claimed == [3])
    #expect(try split.divide(100).claimed == [10])
    #expect(try split.divide(100_000).claimed == [50])
  }

  @Test func aZeroDenominatorIsRefused() {
    let split = Split([.init(.fraction(numerator: 1, denominator: 0, rounding: .down))])
    #expect(throws: ArithmeticError.divisionByZero) { try split.divide(1) }
    let huge = Split([.init(.fraction(numerator: .max, denominator: 1, rounding: .down))])
    #expect(throws: ArithmeticError.overflow) { try huge.divide(2) }
  }

  @Test func sharesAlwaysAddUp() throws {
    var random = SeededGenerator.fromEnvironment(default: 17)
    for _ in 0..<5_000 {
      let claims = (0..<Int.random(in: 0...6, using: &random)).map { _ -> Split.Claim in
        let floor = Self.magnitude(&random)
        let cap = Bool.random(using: &random) ? .max : max(floor, Self.magnitude(&random))
        if Bool.random(using: &random) {
          return .init(.fixed(Self.magnitude(&random)), floor: floor / 16, cap: cap)
        }
        let denominator = UInt128.random(in: 1...10_000, using: &random)
        return .init(
          .fraction(
            numerator: .random(in: 0...denominator, using: &random), denominator: denominator,
            rounding: Bool.random(using: &random) ? .up : .down), floor: floor / 16, cap: cap)
      }
      let sum = Self.magnitude(&random)
      let shares = try Split(claims).divide(sum)
      var total = shares.residual
      for share in shares.claimed { total = try total.adding(share) }
      #expect(total == sum, "seed \(random.seed)")
      #expect(shares.claimed.count == claims.count)
    }
  }

  private static func magnitude(_ random: inout SeededGenerator) -> UInt128 {
    UInt128.random(in: 0...(.max), using: &random) >> UInt128.random(in: 0..<128, using: &random)
  }
}
