import Ledger
import Primitives
import ServiceKit
import Testing

/// Stake that moves from one validator to another and answers for the first a while longer.
struct RedelegationTests {
  private static let alice = TestChain.key(1)
  private static let bob = TestChain.key(2)
  private static func account(_ index: Int) -> AccountID {
    StakingChain.validator(index).accountID
  }
  private static func move(
    _ source: Int, _ target: Int, _ amount: Amount
  ) -> Ledger.Operation {
    .redelegate(from: account(source), to: account(target), amount: amount)
  }

  private func staked(_ chain: StakingChain, _ index: Int) throws -> Amount {
    try #require(chain.record(index)).stake.tokens
  }

  private func chain() throws -> StakingChain {
    var chain = try StakingChain(
      stakes: [1_000, 500, 400], changing: [StakingParameters.doubleSignSlash: 100_000])
    try chain.expect(
      .delegate(validator: Self.account(1), amount: .whole(200)), by: Self.alice)
    return chain
  }

  @Test func stakeMovesAtOnceAndItsPowerWithIt() throws {
    var chain = try chain()
    let outcome = try chain.expect(Self.move(1, 2, .whole(150)), by: Self.alice)
    #expect(Set(outcome.validatorUpdates.map(\.power)) == [550, 550])
    #expect(try staked(chain, 1) == .whole(550) && staked(chain, 2) == .whole(550))
    #expect(chain.balance(Self.alice) == .whole(9_800))
    // All that is left.
    try chain.expect(Self.move(1, 2, .whole(50)), by: Self.alice)
    try chain.expect(.noSuchStake, for: Self.move(1, 2, .whole(1)), by: Self.alice)
    #expect(chain.redelegated == 2)
    // Its time over, nothing is kept of where it came from.
    try chain.wait(milliseconds: StakingChain.unbondingMilliseconds + 2_000)
    #expect(chain.redelegated == 0)
    #expect(chain.machine.rows(in: StateKeys.all(.arrival)).isEmpty)
    try chain.expect(Self.move(2, 0, .whole(200)), by: Self.alice)
  }

  @Test func whatCannotMoveIsRefused() throws {
    var chain = try chain()
    try chain.expect(.sameValidator, for: Self.move(1, 1, .whole(5)), by: Self.alice)
    try chain.expect(.unknownValidator, for: Self.move(1, 5, .whole(5)), by: Self.alice)
    try chain.expect(.unknownValidator, for: Self.move(5, 1, .whole(5)), by: Self.alice)
    try chain.expect(.noSuchStake, for: Self.move(1, 2, .whole(5)), by: Self.bob)
    try chain.expect(.noSuchStake, for: Self.move(1, 2, .whole(201)), by: Self.alice)
    try chain.expect(.stakeTooSmall, for: Self.move(1, 2, Amount(baseUnits: 5)), by: Self.alice)
    try chain.expect(.stakeTooSmall, for: Self.move(1, 2, .zero), by: Self.alice)
    // No second step, also not of what was there before.
    try chain.expect(
      .delegate(validator: Self.account(2), amount: .whole(10)), by: Self.alice)
    try chain.expect(Self.move(1, 2, .whole(100)), by: Self.alice)
    try chain.expect(.stakeMustStay, for: Self.move(2, 0, .whole(5)), by: Self.alice)
    // More of the same is no second step, and others are free.
    try chain.expect(Self.move(1, 2, .whole(100)), by: Self.alice)
    try chain.expect(
      .delegate(validator: Self.account(2), amount: .whole(10)), by: Self.bob)
    try chain.expect(Self.move(2, 0, .whole(10)), by: Self.bob)
    // Not to a validator that never comes back.
    try chain.run(evidence: [StakingChain.doubleSign(0, at: chain.machine.height)])
    try chain.expect(.tombstoned, for: Self.move(2, 0, .whole(5)), by: StakingChain.validator(2))
  }

  /// A fault from before the stake left costs it where it is now, and nobody else there.
  @Test func itAnswersForTheFirstValidator() throws {
    var chain = try chain()
    try chain.expect(
      .delegate(validator: Self.account(2), amount: .whole(100)), by: Self.bob)
    let fault = chain.machine.height
    try chain.expect(Self.move(1, 2, .whole(120)), by: Self.alice)
    // Half of it leaves again: that is found too.
    try chain.expect(
      .undelegate(validator: Self.account(2), amount: .whole(115)), by: Self.alice)
    try chain.run(evidence: [StakingChain.doubleSign(1, at: fault)])
    // 10 % of 580 that stayed; of 120 that moved 12: 5 with the other validator, 7 on its way out.
    #expect(try staked(chain, 1) == .whole(522))
    #expect(try staked(chain, 2) == .whole(500))
    #expect(try #require(chain.record(1)).slashed == .whole(70))
    #expect(chain.supply.burned == .whole(70))
    try chain.wait(milliseconds: StakingChain.unbondingMilliseconds + 2_000)
    #expect(chain.balance(Self.alice) == .whole(9_800 + 115 - 7))
  }

  /// A fault from after the stake left does not cost it, nor does one when its time is over.
  @Test func itAnswersForNothingElse() throws {
    var chain = try chain()
    try chain.expect(Self.move(1, 2, .whole(120)), by: Self.alice)
    for _ in 0..<3 { try chain.run() }
    try chain.run(evidence: [StakingChain.doubleSign(1, at: chain.machine.height)])
    #expect(try staked(chain, 2) == .whole(520))
    var other = try self.chain()
    let fault = other.machine.height
    try other.expect(Self.move(1, 2, .whole(120)), by: Self.alice)
    try other.wait(milliseconds: StakingChain.unbondingMilliseconds + 2_000)
    try other.run(evidence: [StakingChain.doubleSign(1, at: fault)])
    #expect(try staked(other, 2) == .whole(520))
  }

  /// A validator that moves its own stake away is short of it, and jailed.
  @Test func ownStakeThatMovesIsMissed() throws {
    var chain = try chain()
    try chain.expect(Self.move(1, 2, .whole(450)), by: StakingChain.validator(1))
    #expect(try #require(chain.record(1)).jailedUntil != nil)
    #expect(chain.engineSet[StakingChain.consensus(1)] == nil)
    #expect(chain.engineSet[StakingChain.consensus(2)] == 850)
  }
}

extension StakingChain {
  /// How many moves are followed now.
  var redelegated: Int { machine.rows(in: StateKeys.all(.redelegation)).count }
}
