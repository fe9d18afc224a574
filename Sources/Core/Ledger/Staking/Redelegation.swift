import Economics
import Primitives
import ServiceKit

extension LedgerState {
  /// Moves stake from one validator to another without the unbonding time. Checks: two validators,
  /// the second takes stake, stake with the first, amount, none of it moved there lately.
  ///
  /// What was moved answers for faults of the first validator from before it left as long as stake
  /// that leaves does, and cannot move on meanwhile: each fault knows one step to follow.
  mutating func redelegate(
    _ amount: Amount, by delegator: AccountID, from source: AccountID, to target: AccountID
  ) throws(Rejection) {
    guard source != target else {
      throw Rejection(.sameValidator, "the stake is with this validator already")
    }
    let number = try validatorRecord(source).number
    try checkTakesStake(target)
    if let until = read(LedgerTime.self, at: StateKeys.arrival(delegator, number)),
      until > clock.time
    {
      let wait = until.milliseconds(since: clock.time)
      throw Rejection(
        .stakeMustStay,
        "stake that the account moved to this validator answers for another one's faults for "
          + "\(wait) ms more, and cannot move on before")
    }
    guard amount > .zero else { throw Rejection(.stakeTooSmall, "nothing cannot be moved") }
    let moving = try takeStake(amount, by: delegator, from: source)
    try bond(moving, by: delegator, to: target)
    try follow(moving, of: delegator, from: number, to: target)
    if delegator == source { try jailIfShort(source) }
    note(
      "stake.redelegated",
      [
        ("delegator", delegator.hex), ("validator", source.hex), ("to", target.hex),
        ("amount", moving.description),
      ])
  }

  /// Notes where stake went, for as long as it answers for the validator that it left.
  private mutating func follow(
    _ tokens: Amount, of delegator: AccountID, from source: ValidatorNumber, to target: AccountID
  ) throws(Rejection) {
    let target = try validatorRecord(target).number
    let wait = milliseconds(StakingParameters.unbondingMilliseconds)
    let until = clock.time.advanced(milliseconds: wait)
    let id = UnbondingID(validator: source, height: clock.height, serial: next(.unbonding))
    write(
      RedelegationRecord(
        delegator: delegator, target: target, initial: tokens, balance: tokens,
        completesAt: until),
      at: StateKeys.redelegation(id))
    let key = StateKeys.arrival(delegator, target)
    // The unbonding time may have been made shorter since an earlier move.
    write(max(until, read(LedgerTime.self, at: key) ?? until), at: key)
    setDeadline(.finishRedelegation(id), at: until)
  }

  /// Forgets where stake came from.
  mutating func finishRedelegation(_ id: UnbondingID) {
    let key = StateKeys.redelegation(id)
    guard let record = read(RedelegationRecord.self, at: key) else { return }
    write(nil, at: key)
    let arrival = StateKeys.arrival(record.delegator, record.target)
    if let until = read(LedgerTime.self, at: arrival), until <= clock.time {
      write(nil, at: arrival)
    }
  }

  // MARK: Faults of the validator that it left

  /// Takes the part from stake that was moved away in the block of `height` or later.
  mutating func takeRedelegated(
    from validator: ValidatorNumber, perMillion: UInt128, since height: UInt64
  ) throws(Rejection) -> Amount {
    var sum = Amount.zero
    let range = StateKeys.redelegations(from: validator, since: height)
    for (key, record) in records(RedelegationRecord.self, in: range) {
      guard let id = StateKeys.unbondingID(of: key) else { continue }
      var record = record
      let (initial, before) = (record.initial, sum)
      let asked = try exactly { () throws(ArithmeticError) in
        try initial.scaled(by: min(perMillion, 1_000_000), over: 1_000_000, rounding: .up)
      }
      let wanted = min(asked, record.balance)
      record.balance = record.balance.subtractingSaturated(wanted)
      write(record, at: key)
      let taken = try take(wanted, of: record.delegator, from: record.target, since: id.height)
      sum = try exactly { () throws(ArithmeticError) in try before.adding(taken) }
    }
    return sum
  }

  /// Takes up to `wanted` from what an account has with a validator, then from what it took away
  /// from there since it came. What slashes of that validator have taken meanwhile is not asked for
  /// a second time.
  private mutating func take(
    _ wanted: Amount, of delegator: AccountID, from number: ValidatorNumber, since height: UInt64
  ) throws(Rejection) -> Amount {
    guard let account = read(AccountID.self, at: StateKeys.validatorNumber(number)) else {
      return .zero
    }
    var taken = Amount.zero
    let worth = try stake(of: delegator, with: account) ?? .zero
    if min(wanted, worth) > .zero {
      try settleRewards(of: account, for: delegator)
      taken = try takeShares(wanted < worth ? wanted : nil, by: delegator, from: account)
      if delegator == account { try jailIfShort(account) }
    }
    for (key, record) in records(
      UnbondingRecord.self, in: StateKeys.unbondings(from: number, since: height))
    where record.delegator == delegator {
      let (part, before) = (min(wanted.subtractingSaturated(taken), record.balance), taken)
      if part == .zero { continue }
      var record = record
      record.balance = record.balance.subtractingSaturated(part)
      write(record, at: key)
      taken = try exactly { () throws(ArithmeticError) in try before.adding(part) }
    }
    return taken
  }
}
