import ChainClient
import Ledger
import Primitives
import ServiceKit

/// The part of an earnings report that is about stake: rewards by validator and staker.
struct StakingEarnings {
  /// Shares that an account held while a validator's index went from one value to another.
  private struct Holding {
    let owner: AccountID
    let shares: UInt128
    let from: UInt128
    let to: UInt128

    /// Whether the shares were held for the whole of a line, which is one step of the index.
    func covers(_ line: StakingLine) -> Bool {
      from <= line.perShareBefore && line.perShareAfter <= to
    }
  }

  private let names: NameBook
  private let account: AccountID?
  private var holdings: [AccountID: [Holding]] = [:]

  private init(names: NameBook, account: AccountID?) {
    self.names = names
    self.account = account
  }

  /// Reads the lines of some epochs; with an account only what concerns it as validator or staker.
  /// - Throws: `LedgerClientError`, `ArithmeticError`.
  static func read(
    _ reader: LedgerReader, _ names: NameBook, epochs: Range<UInt64>, of account: AccountID?
  ) async throws -> (staking: [EarningsReport.Staking], claims: [EarningsReport.Claim]) {
    var earnings = StakingEarnings(names: names, account: account)
    var claims: [RewardClaimRecord] = []
    var lines: [StakingLine] = []
    // What was claimed in the running epoch was earned in those before.
    for epoch in epochs.lowerBound...epochs.upperBound {
      claims += try await reader.rows(
        StateKeys.rewardClaims(epoch: epoch), as: RewardClaimRecord.self)
      lines += try await reader.rows(StateKeys.stakingLines(epoch: epoch), as: StakingLine.self)
    }
    for claim in claims {
      earnings.holdings[claim.validator, default: []].append(
        Holding(
          owner: claim.delegator, shares: claim.shares, from: claim.fromPerShare,
          to: claim.toPerShare))
    }
    for validator in Set(lines.map(\.validator)) {
      earnings.holdings[validator, default: []] += try await unclaimed(validator, reader)
    }
    return (
      try lines.compactMap { try earnings.entry($0) },
      claims.filter { account == nil || $0.delegator == account }.map(earnings.claim)
    )
  }

  /// What is held with a validator and not paid yet.
  private static func unclaimed(
    _ validator: AccountID, _ reader: LedgerReader
  ) async throws -> [Holding] {
    guard
      let record = try await reader.client.value(
        StateKeys.validator(validator), as: ValidatorRecord.self)
    else { return [] }
    return try await reader.keyedRows(
      StateKeys.delegations(to: record.number), as: DelegationRecord.self
    ).compactMap { row in
      StateKeys.account(of: row.key, skipping: 5).map { owner in
        Holding(
          owner: owner, shares: row.value.holding.shares, from: row.value.holding.paidUpTo,
          to: .max)
      }
    }
  }

  /// A line with who held its shares; nil when it does not concern the account.
  private func entry(_ line: StakingLine) throws -> EarningsReport.Staking? {
    let each = line.perShareAfter - min(line.perShareBefore, line.perShareAfter)
    let stakers = (holdings[line.validator] ?? []).filter {
      $0.covers(line)
        && (account == nil || line.validator == account || $0.owner == account)
    }
    if account != nil, line.validator != account, stakers.isEmpty { return nil }
    return EarningsReport.Staking(
      epoch: line.epoch, validator: names.name(of: line.validator), stake: "\(line.stake)",
      reward: "\(line.reward)", commission: "\(line.commission)",
      stakers: try stakers.map { staker in
        let earned = try staker.shares.scaled(by: each, over: 1 << 64, rounding: .down)
        return EarningsReport.Staker(
          account: names.name(of: staker.owner), shares: String(staker.shares),
          earned: "\(Amount(baseUnits: earned))")
      }, reason: EarningsReport.reason(line.cause))
  }

  private func claim(_ claim: RewardClaimRecord) -> EarningsReport.Claim {
    EarningsReport.Claim(
      staker: names.name(of: claim.delegator), validator: names.name(of: claim.validator),
      amount: "\(claim.amount)", shares: String(claim.shares))
  }
}
