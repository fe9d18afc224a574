import Foundation
import Primitives
import TestSupport
import Testing

@testable import Economics

/// The golden file holds what mpmath computed at 700 bits, rounded to nearest.
@Suite struct FixedPointMathTests {
  private struct Row {
    let function: String
    let x, y, value: Int128
  }

  private static func rows(_ function: String) throws -> [Row] {
    let path = SourceTree.root + "/Tests/Golden/fixed-point-math.txt"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    return try text.split(separator: "\n").filter { $0.hasPrefix(function + " ") }.map { line in
      let parts = line.split(separator: " ")
      let numbers = try parts.dropFirst().map { try #require(Int128($0)) }
      return Row(function: function, x: numbers[0], y: numbers[1], value: numbers[2])
    }
  }

  @Test func exponentialsKeepTheirBound() throws {
    for row in try Self.rows("exp") {
      let result = try FixedPointMath.exponential(FixedPoint(raw: row.x)).raw
      #expect((result - row.value).magnitude <= 1 + row.value.magnitude >> 112, "\(row)")
    }
  }

  @Test func logarithmsKeepTheirBound() throws {
    for row in try Self.rows("ln") {
      let result = try FixedPointMath.naturalLogarithm(FixedPoint(raw: row.x)).raw
      #expect((result - row.value).magnitude <= 1, "\(row) gave \(result)")
    }
  }

  @Test func powersKeepTheirBound() throws {
    for row in try Self.rows("pow") {
      let result = try FixedPointMath.power(FixedPoint(raw: row.x), FixedPoint(raw: row.y)).raw
      let factor = 1 + row.y.magnitude >> 64 + 1
      let bound = 1 + (row.value.magnitude >> 64) * factor >> 47 + factor >> 47
      #expect((result - row.value).magnitude <= bound, "\(row) gave \(result)")
    }
  }

  @Test func edgesThrowInsteadOfTrapping() throws {
    let one = FixedPoint.one
    #expect(try FixedPointMath.exponential(.zero) == one)
    #expect(try FixedPointMath.exponential(FixedPoint(raw: .min)) == .zero)
    #expect(try FixedPointMath.naturalLogarithm(one) == .zero)
    #expect(try FixedPointMath.power(.zero, .zero) == one)
    #expect(try FixedPointMath.power(.zero, one) == .zero)
    #expect(try FixedPointMath.power(FixedPoint(2), FixedPoint(-70)) == .zero)
    #expect(try FixedPointMath.power(FixedPoint(2), FixedPoint(raw: .min)) == .zero)
    #expect(throws: ArithmeticError.overflow) {
      try FixedPointMath.exponential(FixedPoint(raw: .max))
    }
    #expect(throws: ArithmeticError.overflow) {
      try FixedPointMath.power(FixedPoint(2), FixedPoint(63))
    }
    #expect(throws: ArithmeticError.divisionByZero) { try FixedPointMath.naturalLogarithm(.zero) }
    #expect(throws: ArithmeticError.divisionByZero) {
      try FixedPointMath.power(.zero, FixedPoint(-1))
    }
    #expect(throws: ArithmeticError.overflow) {
      try FixedPoint(raw: .min).multiplied(by: FixedPoint(raw: .min))
    }
    #expect(throws: ArithmeticError.divisionByZero) { try one.divided(by: .zero) }
  }

  /// No input traps, whatever its bits; and the exponential is monotone.
  @Test func anyBitsAreAnsweredOrRefused() {
    var random = SeededGenerator.fromEnvironment(default: 41)
    for _ in 0..<4_000 {
      let x = Self.any(&random)
      let y = Self.any(&random)
      if let low = try? FixedPointMath.exponential(min(x, y)),
        let high = try? FixedPointMath.exponential(max(x, y))
      {
        #expect(low <= high, "seed \(random.seed)")
      }
      _ = try? FixedPointMath.naturalLogarithm(x)
      _ = try? FixedPointMath.power(x, y)
      _ = try? x.multiplied(by: y)
      _ = try? x.divided(by: y)
    }
  }

  @Test func productsAndQuotientsAreRoundedToNearest() throws {
    let third = try FixedPoint(1, over: 3)
    #expect(third.raw == 6_148_914_691_236_517_205)
    #expect(try FixedPoint(-2, over: 3).raw == -12_297_829_382_473_034_411)
    #expect(try third.multiplied(by: FixedPoint(3)).raw == (1 << 64) - 1)
    #expect(try FixedPoint(raw: 1).multiplied(by: FixedPoint(raw: 1 << 63)).raw == 1)
    #expect(try FixedPoint(raw: -1).multiplied(by: FixedPoint(raw: 1 << 63)).raw == -1)
    #expect(FixedPoint(raw: -1).floor == -1)
    #expect(try UInt128(10).scaled(by: third, rounding: .down) == 3)
    #expect(try UInt128(10).scaled(by: third, rounding: .up) == 4)
  }

  @Test func squareRootsAreExact() {
    var random = SeededGenerator.fromEnvironment(default: 43)
    for edge: UInt128 in [0, 1, 2, 3, 4, 8, 9, .max, .max - 1, (1 << 64) - 1, 1 << 64] {
      Self.check(root: edge)
    }
    for _ in 0..<2_000 { Self.check(root: Self.any(&random).raw.magnitude) }
  }

  private static func check(root n: UInt128) {
    let root = FixedPointMath.squareRoot(n)
    #expect(root * root <= n && root <= UInt128(UInt64.max))
    let (next, overflow) = (root + 1).multipliedReportingOverflow(by: root + 1)
    #expect(overflow || next > n)
  }

  private static func any(_ random: inout SeededGenerator) -> FixedPoint {
    let bits = Int128.random(in: .min ... .max, using: &random)
    return FixedPoint(raw: bits >> Int128.random(in: 0..<127, using: &random))
  }
}
