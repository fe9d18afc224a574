import Cryptography
import Economics
import Ledger
import Primitives
import ServiceKit
import Testing

struct StakingTests {
  private static let alice = TestChain.key(1)
  private static let bob = TestChain.key(2)
  private static let price: [Int: Credits] = [0: .whole(1), 1: .whole(1), 2: .whole(1)]

  private static func account(_ index: Int) -> AccountID {
    StakingChain.validator(index).accountID
  }

  @Test func theGenesisSetIsByStake() throws {
    let chain = try StakingChain(stakes: [1_000, 500, 700])
    let set = chain.machine.validatorSet
    #expect(set.map(\.power).sorted() == [500, 700, 1_000])
    #expect(set == set.sorted { $0.publicKey < $1.publicKey })
    #expect(chain.supply.issued == .whole(12 * 10_000 + 2_200))
    try chain.machine.checkInvariants()
  }

  @Test func aValidatorJoinsAndIsToldToTheEngineOnce() throws {
    var chain = try StakingChain(stakes: [1_000])
    let newcomer = StakingChain.validator(1)
    let terms = StakingChain.terms(1, stake: .whole(300))
    try chain.expect(.unknownValidator, for: .unjail, by: newcomer)
    try chain.expect(
      .selfStakeTooSmall, for: .createValidator(StakingChain.terms(1, stake: .whole(99))),
      by: newcomer)
    try chain.expect(
      .insufficientBalance, for: .createValidator(StakingChain.terms(1, stake: .whole(10_001))),
      by: newcomer)
    try chain.expect(
      .consensusKeyUsed, for: .createValidator(StakingChain.terms(0, stake: .whole(300))),
      by: newcomer)
    for commission in [
      Commission(perTenThousand: 300, maximum: 200, maximumDailyChange: 1),
      Commission(perTenThousand: 1, maximum: 10_001, maximumDailyChange: 1),
      Commission(perTenThousand: 1, maximum: 10, maximumDailyChange: 11),
    ] {
      let bad = ValidatorTerms(
        name: "x", consensusPublicKey: terms.consensusPublicKey,
        verifiableRandomPublicKey: terms.verifiableRandomPublicKey, commission: commission,
        stake: terms.stake)
      try chain.expect(.commissionOutOfBounds, for: .createValidator(bad), by: newcomer)
    }
    let outcome = try chain.expect(.createValidator(terms), by: newcomer)
    #expect(
      outcome.validatorUpdates
        == [ValidatorUpdate(publicKey: StakingChain.consensus(1), power: 300)])
    #expect(chain.balance(newcomer) == .whole(9_700))
    try chain.expect(.validatorExists, for: .createValidator(terms), by: newcomer)
    #expect(try chain.run().validatorUpdates.isEmpty)
    // Contributors are those of the epoch's start.
    let contributors: BeaconContributorsRecord? = chain.machine.record(
      at: StateKeys.beaconContributors)
    #expect(contributors?.totalPower == 1_000)
    _ = try chain.endEpoch()
    let next: BeaconContributorsRecord? = chain.machine.record(at: StateKeys.beaconContributors)
    #expect(next?.totalPower == 1_300)
  }

  @Test func stakeEntersAndLeavesAfterTheUnbondingTime() throws {
    var chain = try StakingChain(stakes: [1_000, 500])
    let stake = { (amount: Amount) in
      Ledger.Operation.delegate(validator: Self.account(1), amount: amount)
    }
    try chain.expect(
      .stakeTooSmall, for: stake(Amount(baseUnits: Amount.baseUnitsPerWhole - 1)), by: Self.alice)
    try chain.expect(.insufficientBalance, for: stake(.whole(10_001)), by: Self.alice)
    try chain.expect(
      .unknownValidator, for: .delegate(validator: Self.alice.accountID, amount: .whole(5)),
      by: Self.alice)
    let outcome = try chain.expect(stake(.whole(800)), by: Self.alice)
    #expect(outcome.validatorUpdates.map(\.power) == [1_300])
    let leave = { (amount: Amount) in
      Ledger.Operation.undelegate(validator: Self.account(1), amount: amount)
    }
    try chain.expect(.noSuchStake, for: leave(.whole(1)), by: Self.bob)
    try chain.expect(.noSuchStake, for: leave(.whole(801)), by: Self.alice)
    try chain.expect(.stakeTooSmall, for: leave(Amount(baseUnits: 5)), by: Self.alice)
    try chain.expect(.stakeTooSmall, for: leave(.zero), by: Self.alice)
    try chain.expect(leave(.whole(300)), by: Self.alice)
    #expect(chain.record(1)?.power == 1_000)
    #expect(chain.balance(Self.alice) == .whole(9_200))
    try chain.wait(milliseconds: StakingChain.unbondingMilliseconds - 5_000)
    #expect(chain.balance(Self.alice) == .whole(9_200))
    try chain.wait(milliseconds: 10_000)
    #expect(chain.balance(Self.alice) == .whole(9_500))
    try chain.expect(leave(.whole(500)), by: Self.alice)
    try chain.expect(.noSuchStake, for: leave(.whole(1)), by: Self.alice)
    #expect(
      chain.machine.rows(in: StateKeys.delegatorMarks(of: Self.alice.accountID)).isEmpty)
  }

  @Test func theSetIsTheTopByPowerAndNeverEmpty() throws {
    var chain = try StakingChain(
      stakes: [500, 400, 300], changing: [StakingParameters.validatorLimit: 2])
    #expect(chain.engineSet.count == 2)
    // The third overtakes the second: both are told.
    let outcome = try chain.expect(
      .delegate(validator: Self.account(2), amount: .whole(150)), by: Self.alice)
    #expect(
      outcome.validatorUpdates.sorted { $0.power < $1.power }
        == [
          ValidatorUpdate(publicKey: StakingChain.consensus(1), power: 0),
          ValidatorUpdate(publicKey: StakingChain.consensus(2), power: 450),
        ])
    // Of equals the older stays.
    try chain.expect(
      .delegate(validator: Self.account(1), amount: .whole(50)), by: Self.alice)
    #expect(chain.engineSet[StakingChain.consensus(2)] == 450)
    // All take their own stake back: nobody is left, so the last set stays as it is.
    for index in 0..<3 {
      let own = try #require(chain.record(index)).stake.tokens
      let others: UInt128 = index == 0 ? 0 : index == 1 ? 50 : 150
      let amount = own.subtractingSaturated(.whole(others))
      try chain.expect(
        .undelegate(validator: Self.account(index), amount: amount),
        by: StakingChain.validator(index))
      #expect(chain.record(index)?.jailedUntil != nil)
    }
    #expect(chain.engineSet.count == 1)
    // The block goes on, and who stakes again takes over.
    try chain.expect(
      .selfStakeTooSmall, for: .unjail, by: StakingChain.validator(2))
    try chain.expect(
      .delegate(validator: Self.account(2), amount: .whole(200)), by: StakingChain.validator(2))
    #expect(chain.record(2)?.jailedUntil != nil)
    try chain.expect(.unjail, by: StakingChain.validator(2))
    #expect(chain.engineSet == [StakingChain.consensus(2): 350])
  }

  @Test func whoMissesTooManyBlocksIsJailedAndReleased() throws {
    var chain = try StakingChain(
      stakes: [1_000, 500, 400],
      changing: [StakingParameters.signingWindow: 20, StakingParameters.downtimeSlash: 10_000])
    try chain.expect(
      .delegate(validator: Self.account(2), amount: .whole(100)), by: Self.alice)
    for _ in 0..<25 { try chain.run() }
    #expect(chain.record(2)?.jailedUntil == nil)
    var jailedAfter = 0
    while chain.record(2)?.jailedUntil == nil, jailedAfter < 40 {
      try chain.run(missing: [2])
      jailedAfter += 1
    }
    // More than half of twenty.
    #expect(jailedAfter == 11)
    #expect(chain.engineSet[StakingChain.consensus(2)] == nil)
    #expect(chain.record(2)?.stake.tokens == .whole(495))
    #expect(chain.supply.burned == .whole(5))
    let slash = try #require(
      chain.machine.rows(in: StateKeys.slashes(epoch: chain.machine.clock.epoch)).first)
    #expect(try SlashRecord(canonicalBytes: slash.value).cause.kind == "downtime")
    try chain.expect(.jailRuns, for: .unjail, by: StakingChain.validator(2))
    try chain.wait(milliseconds: 30_000)
    try chain.expect(.unjail, by: StakingChain.validator(2))
    #expect(chain.engineSet[StakingChain.consensus(2)] == 495)
    try chain.expect(.notJailed, for: .unjail, by: StakingChain.validator(2))
    // Old misses are forgotten, and it is not counted before the engine can know it.
    for _ in 0..<10 { try chain.run(missing: [2]) }
    #expect(chain.record(2)?.jailedUntil == nil)
  }

  @Test func doubleSigningCostsStakersAndThoseWhoLeftSince() throws {
    var chain = try StakingChain(stakes: [1_000, 500])
    let leave = { (amount: Amount) in
      Ledger.Operation.undelegate(validator: Self.account(1), amount: amount)
    }
    try chain.expect(
      .delegate(validator: Self.account(1), amount: .whole(200)), by: Self.alice)
    try chain.expect(.delegate(validator: Self.account(1), amount: .whole(300)), by: Self.bob)
    try chain.expect(leave(.whole(100)), by: Self.alice)
    try chain.run()
    try chain.run()
    let infraction = chain.machine.height
    try chain.expect(leave(.whole(100)), by: Self.bob)
    // Evidence comes in late; 5 % of 800 that is there and of the 100 that left since.
    let outcome = try chain.run(evidence: [StakingChain.doubleSign(1, at: infraction)])
    #expect(
      outcome.validatorUpdates
        == [ValidatorUpdate(publicKey: StakingChain.consensus(1), power: 0)])
    #expect(chain.supply.burned == .whole(45))
    let record = try #require(chain.record(1))
    #expect(record.isTombstoned && record.stake.tokens == .whole(760))
    let leaving = try chain.machine.rows(in: StateKeys.unbondings(from: record.number)).map {
      try UnbondingRecord(canonicalBytes: $0.value)
    }
    #expect(leaving.map(\.balance) == [.whole(100), .whole(95)])
    // Once, whatever else is shown; and never back.
    try chain.run(evidence: [StakingChain.doubleSign(1, at: infraction)])
    try chain.run(evidence: [StakingChain.doubleSign(7, at: infraction)])
    #expect(chain.supply.burned == .whole(45))
    try chain.expect(.tombstoned, for: .unjail, by: StakingChain.validator(1))
    try chain.expect(
      .tombstoned, for: .delegate(validator: Self.account(1), amount: .whole(5)), by: Self.bob)
    try chain.expect(
      .tombstoned, for: .editValidator(name: "again", commission: nil),
      by: StakingChain.validator(1))
    try chain.expect(
      .consensusKeyUsed, for: .createValidator(StakingChain.terms(1, stake: .whole(300))),
      by: StakingChain.validator(3))
    // Stakers get the rest: 5 % less.
    try chain.expect(leave(.whole(190)), by: Self.bob)
    try chain.expect(leave(.whole(95)), by: Self.alice)
    try chain.wait(milliseconds: StakingChain.unbondingMilliseconds + 5_000)
    #expect(chain.balance(Self.alice) == .whole(9_995))
    #expect(chain.balance(Self.bob) == .whole(9_985))
  }

  @Test func theLastValidatorIsSlashedButStays() throws {
    var chain = try StakingChain(stakes: [1_000])
    let outcome = try chain.run(evidence: [StakingChain.doubleSign(0, at: 1)])
    #expect(outcome.validatorUpdates.isEmpty)
    #expect(chain.engineSet == [StakingChain.consensus(0): 1_000])
    #expect(outcome.events.map(\.event.kind).contains("validators.kept"))
    let next = try chain.expect(
      .createValidator(StakingChain.terms(3, stake: .whole(200))),
      by: StakingChain.validator(3))
    #expect(next.validatorUpdates.count == 2)
    #expect(chain.engineSet == [StakingChain.consensus(3): 200])
  }

  @Test func rewardsAreIssuedByStakeAndExplained() throws {
    var chain = try StakingChain(stakes: [1_000, 500, 400])
    try chain.expect(
      .delegate(validator: Self.account(1), amount: .whole(500)), by: Self.alice)
    let before = (chain.supply.issued, chain.balance(StakingChain.validator(1)))
    // Nobody reported a price: the breaker is open.
    let closed = try chain.endEpoch()
    #expect(try chain.lines(closed).map(\.cause.kind) == ["breaker", "breaker", "breaker"])
    #expect(chain.supply.issued == before.0)
    let paid = try chain.endEpoch(prices: Self.price)
    let lines = try chain.lines(paid)
    let first = try #require(lines.first { $0.validator == Self.account(0) })
    let second = try #require(lines.first { $0.validator == Self.account(1) })
    #expect(lines.map(\.cause.kind) == ["staking", "staking", "staking"])
    let sum = lines.reduce(UInt128(0)) { $0 + $1.reward.baseUnits }
    #expect(chain.supply.issued.baseUnits - before.0.baseUnits == sum)
    // 2,400 tokens at 5 % a year for the epoch.
    let wanted = try StakingReward.issued(
      stake: .whole(2_400), perMillionPerYear: 50_000, milliseconds: 30_000)
    #expect(sum > 0 && sum <= wanted.baseUnits && wanted.baseUnits - sum < 3)
    #expect(first.reward == second.reward)
    #expect(
      chain.balance(StakingChain.validator(1)).baseUnits - before.1.baseUnits
        == second.reward.baseUnits * 500 / 10_000)
    // Alice holds half of validator 1's shares.
    let held = chain.balance(Self.alice)
    try chain.expect(.claimRewards(validator: Self.account(1)), by: Self.alice)
    let claimed = chain.balance(Self.alice).baseUnits - held.baseUnits
    let stakers = second.reward.baseUnits - second.commission.baseUnits
    // What does not divide among 10^21 shares is carried to the next epoch, not lost.
    #expect(claimed <= stakers / 2 && stakers / 2 - claimed < 60)
    let claims = try chain.machine.rows(
      in: StateKeys.rewardClaims(epoch: chain.machine.clock.epoch)
    ).map { try RewardClaimRecord(canonicalBytes: $0.value) }
    #expect(claims.map(\.amount.baseUnits) == [claimed])
    // A second claim pays nothing again.
    try chain.expect(.claimRewards(validator: Self.account(1)), by: Self.alice)
    #expect(chain.balance(Self.alice).baseUnits - held.baseUnits == claimed)
    try chain.expect(.noSuchStake, for: .claimRewards(validator: Self.account(0)), by: Self.bob)
  }

  @Test func theCommissionMovesWithinItsBounds() throws {
    var chain = try StakingChain(stakes: [1_000])
    let validator = StakingChain.validator(0)
    let edit = { (rate: UInt16) in Ledger.Operation.editValidator(name: nil, commission: rate) }
    try chain.expect(.commissionChangeTooLarge, for: edit(501), by: validator)
    try chain.wait(milliseconds: 30_000)
    try chain.expect(.commissionChangeTooLarge, for: edit(601), by: validator)
    try chain.expect(.editValidator(name: "renamed", commission: 600), by: validator)
    #expect(chain.record(0)?.commission.perTenThousand == 600)
    #expect(chain.record(0)?.name == "renamed")
    try chain.expect(.commissionChangeTooLarge, for: edit(500), by: validator)
    try chain.expect(
      .malformed,
      for: .editValidator(name: String(repeating: "x", count: 65), commission: nil), by: validator)
    for name in ["", "a\nb"] {
      try chain.expect(
        .badValidatorName, for: .editValidator(name: name, commission: nil), by: validator)
    }
  }
}
