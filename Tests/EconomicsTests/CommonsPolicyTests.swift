import Primitives
import TestSupport
import Testing

@testable import Economics

@Suite struct CommonsPolicyTests {
  private let policy = CommonsPolicy.standard

  private static func account(_ byte: UInt8) -> AccountID {
    AccountID(Bytes32(words: (0, 0, 0, UInt64(byte))))
  }

  private func line(_ credits: UInt128) throws -> EpochLine {
    let input = EpochInput(
      payee: Self.account(1), credits: Credits(baseUnits: credits), tag: 42)
    return try #require(try policy.settle(epoch: 7, [input]).first)
  }

  @Test func usageIsPaidLessFivePercent() throws {
    let hundred = try line(Credits.whole(100).baseUnits)
    #expect(hundred.tokensPaid == .whole(95))
    #expect(hundred.tokensBurned == .whole(5))
    #expect(hundred.tag == 42 && hundred.rule == "commons/0" && hundred.payee == Self.account(1))
  }

  @Test func dustBurns() throws {
    #expect(try line(0).tokensBurned == .zero)
    let one = try line(1)
    #expect(one.tokensPaid == .zero && one.tokensBurned == Amount(baseUnits: 1))
    let nineteen = try line(19)
    #expect(nineteen.tokensPaid.baseUnits == 18 && nineteen.tokensBurned.baseUnits == 1)
  }

  @Test func linesFollowTheInputsAndAddUp() throws {
    var random = SeededGenerator.fromEnvironment(default: 37)
    let inputs = (0..<1_000).map { index in
      EpochInput(
        payee: Self.account(UInt8(index % 7)),
        credits: Credits(baseUnits: .random(in: 0...(1 << 90), using: &random)),
        tag: UInt64(index))
    }
    let lines = try policy.settle(epoch: 0, inputs)
    #expect(lines.map(\.tag) == inputs.map(\.tag))
    var sum = Credits.zero
    var released = Amount.zero
    for (input, line) in zip(inputs, lines) {
      let both = try line.tokensPaid.adding(line.tokensBurned)
      #expect(both == (try policy.credit.tokens(for: input.credits)), "seed \(random.seed)")
      sum = try sum.adding(input.credits)
      released = try released.adding(both)
    }
    #expect(released <= (try policy.credit.tokensToBuy(sum)))
  }

  /// Whoever is its own customer pays for credits and gets the payout: at least 5 % is gone,
  /// however the usage is cut.
  @Test func selfDealingLosesAtLeastFivePercent() throws {
    var random = SeededGenerator.fromEnvironment(default: 41)
    for _ in 0..<300 {
      let tokens = Amount(baseUnits: .random(in: 1...(1 << 66), using: &random))
      var left = try policy.credit.credits(for: tokens).baseUnits
      var pieces: [EpochInput] = []
      for tag in 0..<UInt64.random(in: 0...20, using: &random) {
        let piece = UInt128.random(in: 0...left, using: &random)
        left -= piece
        pieces.append(
          EpochInput(payee: Self.account(1), credits: Credits(baseUnits: piece), tag: tag))
      }
      pieces.append(EpochInput(payee: Self.account(1), credits: Credits(baseUnits: left), tag: 99))
      var back = Amount.zero
      for line in try policy.settle(epoch: 0, pieces) { back = try back.adding(line.tokensPaid) }
      #expect(
        back <= (try tokens.scaled(by: 95, over: 100, rounding: .down)), "seed \(random.seed)")
    }
  }

  @Test func payIsMonotone() throws {
    var previous = Amount.zero
    for credits in UInt128(0)..<500 {
      let paid = try line(credits).tokensPaid
      #expect(paid >= previous)
      previous = paid
    }
  }

  @Test func noParameterMakesSelfDealingCheap() throws {
    let generous = CommonsPolicy { _ in 0 }
    #expect(generous.burnSink.perTenThousand == 500)
    let greedy = CommonsPolicy { _ in .max }
    #expect(greedy.burnSink.perTenThousand == 10_000)
    #expect(try greedy.requiredBond(repairCost: .zero) > .zero)
  }

  @Test func theCatalogueHasTheOnePolicy() throws {
    #expect(PolicyCatalogue.parameters(of: "commons/1") == nil)
    #expect(PolicyCatalogue.policy("commons", parameter: { _ in 0 }) == nil)
    let parameters = try #require(PolicyCatalogue.parameters(of: "commons/0"))
    #expect(Set(parameters.map(\.name)).count == parameters.count)
    for parameter in parameters {
      #expect((parameter.minimum...parameter.maximum).contains(parameter.standard))
    }
    let policy = try #require(
      PolicyCatalogue.policy("commons/0") { name in
        parameters.first { $0.name == name }?.standard ?? 0
      })
    #expect(policy.id == "commons/0")
  }
}
