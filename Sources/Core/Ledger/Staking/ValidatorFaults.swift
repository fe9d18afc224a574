import Cryptography
import Economics
import Primitives
import ServiceKit

extension LedgerState {
  /// Judges what a block says of validators: evidence first, then who voted for the block before.
  mutating func judge(_ misbehaviour: [Misbehaviour], _ lastCommit: LastCommit) {
    for evidence in misbehaviour { judge(evidence) }
    if lastCommit.votes.isEmpty || clock.height == 0 { return }
    let members = activeSet
    for vote in lastCommit.votes {
      guard let account = validator(at: vote.validator), let member = members.member(account)
      else { continue }
      count(vote, of: member)
    }
  }

  /// Two votes for one height, or a header that hides some: the stake pays, and the validator never
  /// comes back. A validator pays once, however much evidence there is.
  private mutating func judge(_ evidence: Misbehaviour) {
    guard let account = validator(at: evidence.validator),
      var record = read(ValidatorRecord.self, at: StateKeys.validator(account)),
      !record.isTombstoned
    else { return }
    record.isTombstoned = true
    record.jailedUntil = LedgerTime(milliseconds: .max)
    write(record, for: account)
    slash(
      account, perMillion: value(of: StakingParameters.doubleSignSlash),
      faultHeight: evidence.height,
      cause: Cause(
        kind: "double-sign",
        text: "\(evidence.kind) by the validator at height \(evidence.height)",
        rule: "staking/1",
        evidence: Digest.sha256(domain: "misbehaviour", evidence.canonicalBytes())))
    note(
      "validator.tombstoned",
      [("validator", account.hex), ("height", String(evidence.height))])
  }

  /// Notes a vote; jails who missed too many of the window's blocks.
  private mutating func count(_ vote: CommitVote, of member: ActiveSetRecord.Member) {
    let window = UInt32(clamping: value(of: StakingParameters.signingWindow))
    let key = StateKeys.signing(member.number)
    let height = clock.height - 1
    var record =
      read(SigningRecord.self, at: key) ?? SigningRecord(since: height, window: window)
    if record.window != window { record = SigningRecord(since: height, window: window) }
    guard height >= record.since else { return }
    if record.note(height: height, missed: vote.flag == .absent) { write(record, at: key) }
    let needed = value(of: StakingParameters.minimumSigned) * UInt128(window) / 10_000
    let mayMiss = UInt128(window) - needed
    guard height - record.since >= UInt64(window), UInt128(record.missed) > mayMiss else {
      return
    }
    jailForDowntime(member, missed: record.missed, of: window)
  }

  private mutating func jailForDowntime(
    _ member: ActiveSetRecord.Member, missed: UInt32, of window: UInt32
  ) {
    guard var record = read(ValidatorRecord.self, at: StateKeys.validator(member.account)),
      record.jailedUntil == nil
    else { return }
    let wait = milliseconds(StakingParameters.downtimeJailMilliseconds)
    record.jailedUntil = clock.time.advanced(milliseconds: wait)
    write(record, for: member.account)
    write(nil, at: StateKeys.signing(member.number))
    slash(
      member.account, perMillion: value(of: StakingParameters.downtimeSlash),
      faultHeight: clock.height - 1,
      cause: Cause(
        kind: "downtime",
        text: "the validator missed \(missed) of the last \(window) blocks",
        rule: "staking/1", evidence: .zero))
    note("validator.jailed", [("validator", member.account.hex), ("reason", "downtime")])
  }

  /// Takes a part of everything that backed a validator at `faultHeight`: what is staked with it
  /// now, and what has begun to leave or was moved to others since. Burned.
  ///
  /// A change of stake in a block acts two blocks later, so what began to leave in the block before
  /// the fault still voted.
  private mutating func slash(
    _ account: AccountID, perMillion: UInt128, faultHeight: UInt64, cause: Cause
  ) {
    do throws(Rejection) {
      let taken = try atomically { (state) throws(Rejection) in
        try state.takeStake(
          of: account, perMillion: perMillion,
          since: faultHeight.subtractingSaturated(1), cause: cause)
      }
      note(
        "validator.slashed",
        [
          ("validator", account.hex), ("amount", taken.description), ("kind", cause.kind),
          ("cause", cause.text),
        ])
    } catch {
      // Parts of sums that fit do fit; if they did not, the fault would stay visible here.
      note("validator.not-slashed", [("validator", account.hex), ("detail", error.description)])
    }
  }

  private mutating func takeStake(
    of account: AccountID, perMillion: UInt128, since height: UInt64, cause: Cause
  ) throws(Rejection) -> Amount {
    var record = try validatorRecord(account)
    let pool = record.stake
    let (rest, bonded) = try exactly { () throws(ArithmeticError) in
      var pool = pool
      let taken = try pool.slash(perMillion: perMillion)
      return (pool, taken)
    }
    record.stake = rest
    let leaving = try takeUnbonding(from: record.number, perMillion: perMillion, since: height)
    let moved = try takeRedelegated(from: record.number, perMillion: perMillion, since: height)
    let taken = try exactly { () throws(ArithmeticError) in
      try bonded.adding(leaving).adding(moved)
    }
    let slashed = record.slashed
    record.slashed = try exactly { () throws(ArithmeticError) in try slashed.adding(taken) }
    write(record, for: account)
    if taken == .zero { return .zero }
    try changeSupply { (supply) throws(ArithmeticError) in
      supply.burned = try supply.burned.adding(taken)
    }
    let serial = next(.slash)
    write(
      SlashRecord(
        epoch: clock.epoch, provider: account, time: clock.time, lease: nil, amount: taken,
        toBeneficiaries: .zero, refunded: .zero, burned: taken, cause: cause),
      at: StateKeys.slash(epoch: clock.epoch, provider: account, serial: serial))
    return taken
  }

  /// Takes the part from stake that began to leave in the block of `height` or later.
  private mutating func takeUnbonding(
    from validator: ValidatorNumber, perMillion: UInt128, since height: UInt64
  ) throws(Rejection) -> Amount {
    var sum = Amount.zero
    let range = StateKeys.unbondings(from: validator, since: height)
    for (key, record) in records(UnbondingRecord.self, in: range) {
      var record = record
      let (initial, before) = (record.initial, sum)
      let asked = try exactly { () throws(ArithmeticError) in
        try initial.scaled(by: min(perMillion, 1_000_000), over: 1_000_000, rounding: .up)
      }
      let taken = min(asked, record.balance)
      record.balance = record.balance.subtractingSaturated(taken)
      sum = try exactly { () throws(ArithmeticError) in try before.adding(taken) }
      write(record, at: key)
    }
    return sum
  }
}
