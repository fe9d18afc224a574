import Economics
import Primitives
import ServiceKit

extension LedgerState {
  /// A validator's record. - Throws: `unknown-validator`.
  func validatorRecord(_ account: AccountID) throws(Rejection) -> ValidatorRecord {
    guard let record = read(ValidatorRecord.self, at: StateKeys.validator(account)) else {
      throw Rejection(.unknownValidator, "no validator is registered as \(account)")
    }
    return record
  }

  /// The account of the validator that votes under an address.
  func validator(at address: ConsensusAddress) -> AccountID? {
    read(AccountID.self, at: StateKeys.consensusKey(address))
  }

  /// Writes a validator and has the set looked at when the block ends.
  mutating func write(_ record: ValidatorRecord, for account: AccountID) {
    write(record, at: StateKeys.validator(account))
    validatorsChanged = true
  }

  /// Checks: not a validator yet, name, commission, stake, key not used by any other, balance.
  mutating func createValidator(
    _ account: AccountID, _ terms: ValidatorTerms
  ) throws(Rejection) {
    guard read(ValidatorRecord.self, at: StateKeys.validator(account)) == nil else {
      throw Rejection(.validatorExists, "the account is a validator already")
    }
    try checkTerms(terms)
    let address = ConsensusAddress(publicKey: terms.consensusPublicKey)
    guard validator(at: address) == nil else {
      throw Rejection(
        .consensusKeyUsed, "the consensus key of \(address) belongs or belonged to a validator")
    }
    addValidator(account, terms)
    try addStake(terms.stake, by: account, to: account)
    note(
      "validator.created",
      [
        ("validator", account.hex), ("name", terms.name), ("address", address.description),
        ("stake", terms.stake.description),
      ])
  }

  /// Checks: name, commission, stake.
  func checkTerms(_ terms: ValidatorTerms) throws(Rejection) {
    try checkName(terms.name)
    try checkCommission(terms.commission)
    let minimum = minimumSelfStake
    guard terms.stake >= minimum else {
      throw Rejection(
        .selfStakeTooSmall, "a validator stakes at least \(minimum) tokens, not \(terms.stake)")
    }
  }

  /// Writes the rows of a new validator without stake.
  mutating func addValidator(_ account: AccountID, _ terms: ValidatorTerms) {
    let number = ValidatorNumber(number: UInt32(clamping: next(.validator)))
    let record = ValidatorRecord(number: number, terms: terms, createdAt: clock.time)
    write(record, for: account)
    write(account, at: StateKeys.validatorNumber(number))
    write(account, at: StateKeys.consensusKey(record.address))
  }

  /// What a validator stakes itself at least.
  var minimumSelfStake: Amount {
    Amount(baseUnits: value(of: StakingParameters.minimumSelfStake))
  }

  private func checkName(_ name: String) throws(Rejection) {
    let bytes = Array(name.utf8)
    guard (1...ValidatorTerms.nameByteLimit).contains(bytes.count),
      bytes.allSatisfy({ $0 >= 32 && $0 != 127 })
    else {
      throw Rejection(
        .badValidatorName, "a name has 1 to 64 bytes of text without control characters")
    }
  }

  private func checkCommission(_ commission: Commission) throws(Rejection) {
    let minimum = value(of: StakingParameters.minimumCommission)
    guard commission.isWithinBounds, UInt128(commission.perTenThousand) >= minimum else {
      throw Rejection(
        .commissionOutOfBounds,
        "the commission of \(commission.perTenThousand) must be from \(minimum) to its maximum "
          + "\(commission.maximum), and that and its daily change at most 10000 and the maximum")
    }
  }

  /// Checks: a validator, not tombstoned, name, a day since the last change, step, bounds.
  mutating func editValidator(
    _ account: AccountID, name: String?, commission rate: UInt16?
  ) throws(Rejection) {
    var record = try validatorRecord(account)
    guard !record.isTombstoned else { throw Self.isTombstoned }
    if let name {
      try checkName(name)
      record.name = name
    }
    if let rate {
      try checkStep(from: record, to: rate)
      record.commission = record.commission.changed(to: rate)
      record.commissionSetAt = clock.time
      try checkCommission(record.commission)
    }
    write(record, for: account)
    note(
      "validator.edited",
      [
        ("validator", account.hex), ("name", record.name),
        ("commission-per-ten-thousand", String(record.commission.perTenThousand)),
      ])
  }

  private static let isTombstoned = Rejection(
    .tombstoned, "the validator signed two blocks of one height and never comes back")

  private func checkStep(from record: ValidatorRecord, to rate: UInt16) throws(Rejection) {
    let age = clock.time.milliseconds(since: record.commissionSetAt)
    let day = milliseconds(StakingParameters.commissionDay)
    guard age >= day else {
      throw Rejection(
        .commissionChangeTooLarge,
        "the commission was set \(age) ms ago and may change once in \(day) ms")
    }
    let old = record.commission.perTenThousand
    let step = old > rate ? old - rate : rate - old
    guard step <= record.commission.maximumDailyChange else {
      throw Rejection(
        .commissionChangeTooLarge,
        "the commission may change by \(record.commission.maximumDailyChange) a day, not \(step)")
    }
  }

  /// Checks: a validator, jailed, not tombstoned, its time is over, its own stake.
  mutating func unjail(_ account: AccountID) throws(Rejection) {
    var record = try validatorRecord(account)
    guard let until = record.jailedUntil else {
      throw Rejection(.notJailed, "the validator is not jailed")
    }
    guard !record.isTombstoned else { throw Self.isTombstoned }
    guard clock.time >= until else {
      let wait = until.milliseconds(since: clock.time)
      throw Rejection(.jailRuns, "the validator may leave jail in \(wait) ms of ledger time")
    }
    let own = try selfStake(of: record, account)
    guard own >= minimumSelfStake else {
      throw Rejection(
        .selfStakeTooSmall,
        "the validator's own stake is \(own) tokens and must be \(minimumSelfStake); delegate more")
    }
    record.jailedUntil = nil
    write(record, for: account)
    note("validator.unjailed", [("validator", account.hex)])
  }

  /// What a validator's own stake is worth.
  func selfStake(
    of record: ValidatorRecord, _ account: AccountID
  ) throws(Rejection) -> Amount {
    let own = read(
      DelegationRecord.self, at: StateKeys.delegation(record.number, account))
    let shares = own?.holding.shares ?? 0
    return try exactly { () throws(ArithmeticError) in try record.stake.value(of: shares) }
  }
}
