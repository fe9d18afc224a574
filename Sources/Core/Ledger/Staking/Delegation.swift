import Economics
import Primitives
import ServiceKit

extension LedgerState {
  /// Stakes tokens with a validator. Checks: amount, a validator, not tombstoned, stake that is
  /// worth something, balance.
  mutating func delegate(
    _ amount: Amount, by delegator: AccountID, to account: AccountID
  ) throws(Rejection) {
    let minimum = minimumDelegation
    guard amount >= minimum else {
      throw Rejection(.stakeTooSmall, "at least \(minimum) tokens are staked, not \(amount)")
    }
    try checkTakesStake(account)
    try addStake(amount, by: delegator, to: account)
    note(
      "stake.delegated",
      [
        ("delegator", delegator.hex), ("validator", account.hex),
        ("amount", amount.description),
      ])
  }

  /// Checks: a validator, not tombstoned, stake that is worth something.
  func checkTakesStake(_ account: AccountID) throws(Rejection) {
    let record = try validatorRecord(account)
    guard !record.isTombstoned else {
      throw Rejection(.tombstoned, "the validator never comes back; stake with another")
    }
    guard !record.stake.isWorthless else {
      throw Rejection(
        .worthlessStake, "slashes took all that was staked with the validator; choose another")
    }
  }

  /// The least that is staked or leaves.
  private var minimumDelegation: Amount {
    Amount(baseUnits: value(of: StakingParameters.minimumDelegation))
  }

  /// Moves tokens from a balance into a validator's stake. - Throws: `insufficient-balance`.
  mutating func addStake(
    _ amount: Amount, by delegator: AccountID, to account: AccountID
  ) throws(Rejection) {
    try debit(delegator, amount)
    try bond(amount, by: delegator, to: account)
  }

  /// Puts tokens that are in nobody's balance into a validator's stake.
  mutating func bond(
    _ amount: Amount, by delegator: AccountID, to account: AccountID
  ) throws(Rejection) {
    try settleRewards(of: account, for: delegator)
    var record = try validatorRecord(account)
    let pool = record.stake
    let (grown, bought) = try exactly { () throws(ArithmeticError) in
      var pool = pool
      let shares = try pool.deposit(amount)
      return (pool, shares)
    }
    record.stake = grown
    let key = StateKeys.delegation(record.number, delegator)
    var delegation =
      read(DelegationRecord.self, at: key)
      ?? DelegationRecord(holding: RewardHolding(index: record.rewards), since: clock.time)
    let held = delegation.holding.shares
    delegation.holding.set(
      shares: try exactly { () throws(ArithmeticError) in try held.adding(bought) })
    write(delegation, at: key)
    write([], at: StateKeys.delegatorMark(delegator, record.number))
    write(record, for: account)
  }

  /// Takes stake away from a validator. Checks: a validator, stake with it, amount. A validator
  /// that takes its own stake below the minimum is jailed until it stakes enough again.
  mutating func undelegate(
    _ amount: Amount, by delegator: AccountID, from account: AccountID
  ) throws(Rejection) {
    let number = try validatorRecord(account).number
    let leaving = try takeStake(amount, by: delegator, from: account)
    try startUnbonding(leaving, of: delegator, from: number)
    if delegator == account { try jailIfShort(account) }
    note(
      "stake.undelegated",
      [
        ("delegator", delegator.hex), ("validator", account.hex),
        ("amount", leaving.description),
      ])
  }

  /// Takes tokens out of a validator's stake; they are in nobody's hands then. Checks: a validator,
  /// stake with it, amount.
  mutating func takeStake(
    _ amount: Amount, by delegator: AccountID, from account: AccountID
  ) throws(Rejection) -> Amount {
    guard let worth = try stake(of: delegator, with: account) else {
      throw Rejection(.noSuchStake, "the account has no stake with this validator")
    }
    try checkLeaving(amount, of: worth)
    try settleRewards(of: account, for: delegator)
    return try takeShares(amount == worth ? nil : amount, by: delegator, from: account)
  }

  /// What an account's stake with a validator is worth; nil when it has none.
  func stake(
    of delegator: AccountID, with account: AccountID
  ) throws(Rejection) -> Amount? {
    let record = try validatorRecord(account)
    let key = StateKeys.delegation(record.number, delegator)
    guard let held = read(DelegationRecord.self, at: key) else { return nil }
    return try exactly { () throws(ArithmeticError) in
      try record.stake.value(of: held.holding.shares)
    }
  }

  private func checkLeaving(_ amount: Amount, of worth: Amount) throws(Rejection) {
    guard amount <= worth else {
      throw Rejection(
        .noSuchStake, "the account's stake with this validator is worth \(worth), not \(amount)")
    }
    guard amount == worth || amount >= minimumDelegation else {
      throw Rejection(
        .stakeTooSmall, "at least \(minimumDelegation) tokens leave at once, or all \(worth)")
    }
  }

  /// Takes shares worth `amount`, or all with nil, and returns their tokens.
  mutating func takeShares(
    _ amount: Amount?, by delegator: AccountID, from account: AccountID
  ) throws(Rejection) -> Amount {
    var record = try validatorRecord(account)
    let key = StateKeys.delegation(record.number, delegator)
    guard var delegation = read(DelegationRecord.self, at: key) else { return .zero }
    let pool = record.stake
    let held = delegation.holding.shares
    let (rest, count, tokens) = try exactly { () throws(ArithmeticError) in
      var pool = pool
      let wanted = try amount.map { (sum) throws(ArithmeticError) in try pool.sharesWorth(sum) }
      let count = min(wanted ?? held, held)
      let tokens = try pool.withdraw(count)
      return (pool, count, tokens)
    }
    record.stake = rest
    delegation.holding.set(shares: held - count)  // count ≤ held
    if delegation.holding.shares == 0 {
      let fraction = delegation.holding.fraction
      var index = record.rewards
      do throws(ArithmeticError) { try index.takeBack(fraction: fraction) } catch {
        throw Rejection(error)
      }
      record.rewards = index
      write(nil, at: key)
      write(nil, at: StateKeys.delegatorMark(delegator, record.number))
    } else {
      write(delegation, at: key)
    }
    write(record, for: account)
    return tokens
  }

  private mutating func startUnbonding(
    _ tokens: Amount, of delegator: AccountID, from validator: ValidatorNumber
  ) throws(Rejection) {
    if tokens == .zero { return }
    let wait = milliseconds(StakingParameters.unbondingMilliseconds)
    let until = clock.time.advanced(milliseconds: wait)
    let id = UnbondingID(
      validator: validator, height: clock.height, serial: next(.unbonding))
    write(
      UnbondingRecord(
        delegator: delegator, initial: tokens, balance: tokens, completesAt: until),
      at: StateKeys.unbonding(id))
    setDeadline(.finishUnbonding(id), at: until)
  }

  /// Pays out stake whose unbonding time is over.
  mutating func finishUnbonding(_ id: UnbondingID) {
    let key = StateKeys.unbonding(id)
    guard let record = read(UnbondingRecord.self, at: key) else { return }
    do throws(Rejection) {
      try atomically { (state) throws(Rejection) in
        state.write(nil, at: key)
        try state.credit(record.delegator, record.balance)
      }
      note(
        "stake.unbonded",
        [("delegator", record.delegator.hex), ("amount", record.balance.description)])
    } catch {
      // A balance never exceeds the supply, so this is not reached; if it is, the row stays.
      note("stake.unpaid", [("delegator", record.delegator.hex), ("detail", error.description)])
    }
  }

  mutating func jailIfShort(_ account: AccountID) throws(Rejection) {
    var record = try validatorRecord(account)
    guard record.jailedUntil == nil, try selfStake(of: record, account) < minimumSelfStake else {
      return
    }
    record.jailedUntil = clock.time
    write(record, for: account)
    note("validator.jailed", [("validator", account.hex), ("reason", "self-stake")])
  }

  // MARK: Rewards

  /// Pays the sender's rewards. Checks: a validator, stake with it.
  mutating func claimRewards(
    of account: AccountID, by delegator: AccountID
  ) throws(Rejection) {
    let record = try validatorRecord(account)
    guard rows.value(at: StateKeys.delegation(record.number, delegator)) != nil else {
      throw Rejection(.noSuchStake, "the account has no stake with this validator")
    }
    try settleRewards(of: account, for: delegator)
  }

  /// Moves what a stake has earned to its owner's balance; nothing when there is no stake.
  mutating func settleRewards(
    of account: AccountID, for delegator: AccountID
  ) throws(Rejection) {
    var record = try validatorRecord(account)
    let key = StateKeys.delegation(record.number, delegator)
    guard var delegation = read(DelegationRecord.self, at: key) else { return }
    let (before, index, unclaimed) = (delegation.holding, record.rewards, record.unclaimed)
    let (after, paid, rest) = try exactly { () throws(ArithmeticError) in
      var holding = before
      let paid = try holding.settle(index)
      return (holding, paid, try unclaimed.subtracting(paid))
    }
    delegation.holding = after
    write(delegation, at: key)
    guard paid > .zero else { return }
    record.unclaimed = rest
    write(record, at: StateKeys.validator(account))
    try credit(delegator, paid)
    write(
      RewardClaimRecord(
        delegator: delegator, validator: account, time: clock.time, amount: paid,
        shares: before.shares, fromPerShare: before.paidUpTo, toPerShare: index.perShare),
      at: StateKeys.rewardClaim(
        epoch: clock.epoch, delegator: delegator, serial: next(.rewardClaim)))
    note(
      "stake.rewarded",
      [
        ("delegator", delegator.hex), ("validator", account.hex), ("amount", paid.description),
      ])
  }
}
