import Primitives
import TestSupport
import Testing

@testable import Economics

@Suite struct SlashTests {
  private let policy = CommonsPolicy.standard

  private func divide(
    _ amount: UInt128, costs: [UInt128] = [], repairer: Bool = true, reporter: Bool = true,
    client: Bool = true
  ) throws -> SlashDivision {
    try policy.divideSlash(
      SlashInput(
        amount: Amount(baseUnits: amount), costs: costs.map { Amount(baseUnits: $0) },
        hasRepairer: repairer, hasReporter: reporter, hasClient: client))
  }

  @Test func theStandardDivision() throws {
    let division = try divide(1_000)
    #expect(division.repairer.baseUnits == 100)
    #expect(division.reporter.baseUnits == 200)
    #expect(division.client.baseUnits == 350)
    #expect(division.burned.baseUnits == 350)
  }

  @Test func whoIsAbsentGetsNothing() throws {
    let division = try divide(1_000, repairer: false, reporter: false, client: false)
    #expect(division.burned.baseUnits == 1_000)
    let unreported = try divide(1_000, reporter: false)
    #expect(unreported.reporter == .zero && unreported.client.baseUnits == 450)
  }

  @Test func costsComeFirst() throws {
    let division = try divide(1_000, costs: [600, 300, 500])
    #expect(division.costs.map(\.baseUnits) == [600, 300, 100])
    #expect(division.repairer == .zero && division.burned == .zero)
    let some = try divide(1_000, costs: [850])
    #expect(some.repairer.baseUnits == 100 && some.reporter.baseUnits == 50)
    #expect(some.client == .zero && some.burned == .zero)
  }

  @Test func partsAddUpExactly() throws {
    var random = SeededGenerator.fromEnvironment(default: 43)
    for _ in 0..<3_000 {
      let amount =
        UInt128.random(in: 0...(1 << 100), using: &random)
        >> UInt128.random(in: 0..<100, using: &random)
      let costs = (0..<Int.random(in: 0...3, using: &random)).map { _ in
        UInt128.random(in: 0...(amount / 2), using: &random)
      }
      let division = try divide(
        amount, costs: costs, repairer: .random(using: &random),
        reporter: .random(using: &random), client: .random(using: &random))
      var sum = Amount.zero
      for part in division.costs
        + [division.repairer, division.reporter, division.client, division.burned]
      {
        sum = try sum.adding(part)
      }
      #expect(sum.baseUnits == amount, "seed \(random.seed)")
    }
  }

  @Test func bondsCoverTwiceTheRepair() throws {
    #expect(try policy.requiredBond(repairCost: .zero) == .whole(100))
    #expect(try policy.requiredBond(repairCost: .whole(50)) == .whole(100))
    #expect(try policy.requiredBond(repairCost: .whole(51)) == .whole(102))
    #expect(throws: ArithmeticError.overflow) {
      try policy.requiredBond(repairCost: Credits(baseUnits: .max))
    }
  }
}
