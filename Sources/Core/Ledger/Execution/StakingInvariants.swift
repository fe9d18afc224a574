import Economics
import Primitives
import ServiceKit

extension LedgerState {
  /// What is in validators' stakes, in their stakers' unclaimed rewards and on its way out.
  func stakedTokens() throws(InvariantViolation) -> Amount {
    var sum = Amount.zero
    do throws(ArithmeticError) {
      for (_, record) in records(ValidatorRecord.self, in: StateKeys.all(.validator)) {
        sum = try sum.adding(record.stake.tokens).adding(record.unclaimed)
      }
      for (_, record) in records(UnbondingRecord.self, in: StateKeys.all(.unbonding)) {
        sum = try sum.adding(record.balance)
      }
      return sum
    } catch {
      throw InvariantViolation("the sum of all stakes does not fit")
    }
  }

  /// Every share has an owner with an account, and what each has earned adds up, to 2^-64 of a base
  /// unit, to what its validator holds for its stakers.
  func checkValidators() throws(InvariantViolation) {
    for (key, record) in records(ValidatorRecord.self, in: StateKeys.all(.validator)) {
      guard let account = StateKeys.account(of: key) else { continue }
      guard read(AccountID.self, at: StateKeys.validatorNumber(record.number)) == account,
        validator(at: record.address) == account
      else { throw InvariantViolation("validator \(account) is not found by number or key") }
      guard record.stake.tokens.baseUnits <= record.stake.shares else {
        throw InvariantViolation("a share of validator \(account) is worth more than it cost")
      }
      try checkShares(of: record, account)
    }
    for (_, record) in records(UnbondingRecord.self, in: StateKeys.all(.unbonding)) {
      try checkOwner(record.delegator)
    }
  }

  private func checkShares(
    of record: ValidatorRecord, _ account: AccountID
  ) throws(InvariantViolation) {
    var shares: UInt128 = 0
    var due = WideSum(low: record.rewards.carry)
    for row in rows.rows(in: StateKeys.delegations(to: record.number)) {
      guard let owner = StateKeys.account(of: row.key, skipping: 5) else { continue }
      try checkOwner(owner)
      let delegation: DelegationRecord = Self.decode(row.value)
      do throws(ArithmeticError) {
        shares = try shares.adding(delegation.holding.shares)
        try due.add(try delegation.holding.due(record.rewards))
      } catch {
        throw InvariantViolation("the rewards of \(owner) with \(account) do not fit")
      }
    }
    guard shares == record.stake.shares else {
      throw InvariantViolation(
        "the stakers of \(account) hold \(shares) shares of \(record.stake.shares)")
    }
    guard due.isWhole(record.unclaimed) else {
      throw InvariantViolation(
        "what the stakers of \(account) have earned is not the \(record.unclaimed) held for them")
    }
  }

  private func checkOwner(_ owner: AccountID) throws(InvariantViolation) {
    if rows.value(at: StateKeys.account(owner)) == nil {
      throw InvariantViolation("stake of \(owner) has no owner's account")
    }
  }
}

/// A sum of 256 bits in 2^-64 base units.
private struct WideSum {
  private var high: UInt128 = 0
  private var low: UInt128

  init(low: UInt128) { self.low = low }

  mutating func add(_ part: (high: UInt128, low: UInt128)) throws(ArithmeticError) {
    let (sum, overflow) = low.addingReportingOverflow(part.low)
    low = sum
    high = try high.adding(part.high).adding(overflow ? 1 : 0)
  }

  /// Whether this is exactly that many base units.
  func isWhole(_ amount: Amount) -> Bool {
    let product = amount.baseUnits.multipliedFullWidth(by: 1 << 64)
    return product.high == high && product.low == low
  }
}
