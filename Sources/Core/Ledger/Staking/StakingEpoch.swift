import Economics
import Primitives
import ServiceKit

extension LedgerState {
  /// Issues the epoch's reward to the stake of the validators that make blocks, and notes for each
  /// validator with stake what it got or why it got nothing.
  mutating func payStakers() throws(Rejection) {
    let members = activeSet
    let reason = reasonForNoReward
    let total = try sumOfStakes(members)
    let reward = reason == nil ? try epochReward(on: total) : .zero
    for (key, record) in records(ValidatorRecord.self, in: StateKeys.all(.validator))
    where record.stake.tokens > .zero {
      guard let account = StateKeys.account(of: key) else { continue }
      if let reason {
        noteZero(account, record, reason)
      } else if members.member(account) == nil || record.jailedUntil != nil {
        noteZero(account, record, idleReason(record))
      } else {
        payOrExplain(account, record, of: reward, total: total)
      }
    }
  }

  /// One validator's numbers that do not fit take nothing from the others.
  private mutating func payOrExplain(
    _ account: AccountID, _ record: ValidatorRecord, of reward: Amount, total: Amount
  ) {
    do throws(Rejection) {
      try atomically { (state) throws(Rejection) in
        try state.pay(account, record, of: reward, total: total)
      }
    } catch {
      noteZero(account, record, Self.cause(error.code.name, error.detail))
    }
  }

  private func sumOfStakes(_ members: ActiveSetRecord) throws(Rejection) -> Amount {
    var total = Amount.zero
    for member in members.members {
      let record = try validatorRecord(member.account)
      if record.jailedUntil != nil { continue }
      let before = total
      total = try exactly { () throws(ArithmeticError) in try before.adding(record.stake.tokens) }
    }
    return total
  }

  private func epochReward(on stake: Amount) throws(Rejection) -> Amount {
    let rate = value(of: StakingParameters.reward)
    let ran = clock.time.milliseconds(since: clock.epochStartedAt)
    return try exactly { () throws(ArithmeticError) in
      try StakingReward.issued(stake: stake, perMillionPerYear: rate, milliseconds: ran)
    }
  }

  /// Why nobody is rewarded in this epoch.
  private var reasonForNoReward: Cause? {
    if value(of: StakingParameters.reward) == 0 {
      return Self.cause(
        "no-reward", "the parameter \(StakingParameters.reward) is 0: stake earns nothing here")
    }
    if !priceIsFresh {
      return Self.cause(
        "breaker", "the oracle's price is too old, so nothing is minted until there is a new one")
    }
    return nil
  }

  private func idleReason(_ record: ValidatorRecord) -> Cause {
    if record.isTombstoned {
      return Self.cause("tombstoned", "the validator signed two blocks of one height")
    }
    if record.jailedUntil != nil {
      return Self.cause("jailed", "the validator was jailed at the epoch's end")
    }
    return Self.cause(
      "no-seat", "\(record.stake.tokens) tokens of stake were not enough for a place in the set")
  }

  private static func cause(_ kind: String, _ text: String) -> Cause {
    Cause(kind: kind, text: text, rule: "staking/1", evidence: .zero)
  }

  private mutating func noteZero(
    _ account: AccountID, _ record: ValidatorRecord, _ cause: Cause
  ) {
    write(
      StakingLine(
        epoch: clock.epoch, validator: account, stake: record.stake.tokens,
        shares: record.stake.shares, reward: .zero, commission: .zero,
        perShareBefore: record.rewards.perShare, perShareAfter: record.rewards.perShare,
        cause: cause),
      at: StateKeys.stakingLine(epoch: clock.epoch, record.number))
  }

  /// Pays a validator its part of the reward by stake, rounded down: what is left is not issued.
  private mutating func pay(
    _ account: AccountID, _ record: ValidatorRecord, of reward: Amount, total: Amount
  ) throws(Rejection) {
    let before = record
    let (part, commission, after) = try exactly { () throws(ArithmeticError) in
      let part = try reward.scaled(
        by: before.stake.tokens.baseUnits, over: total.baseUnits, rounding: .down)
      let parts = try StakingReward.divide(
        part, commissionPerTenThousand: before.commission.perTenThousand)
      var after = before
      try after.rewards.add(parts.stakers, shares: before.stake.shares)
      after.unclaimed = try before.unclaimed.adding(parts.stakers)
      return (part, parts.commission, after)
    }
    write(after, at: StateKeys.validator(account))
    try changeSupply { (supply) throws(ArithmeticError) in
      supply.issued = try supply.issued.adding(part)
    }
    try credit(account, commission)
    write(
      StakingLine(
        epoch: clock.epoch, validator: account, stake: before.stake.tokens,
        shares: before.stake.shares, reward: part, commission: commission,
        perShareBefore: before.rewards.perShare, perShareAfter: after.rewards.perShare,
        cause: Self.cause(
          "staking",
          "\(before.stake.tokens) of \(total) staked tokens had their part of \(reward) new ones; "
            + "the validator kept \(before.commission.perTenThousand) of 10000 as commission")),
      at: StateKeys.stakingLine(epoch: clock.epoch, before.number))
  }
}
