import ChainClient
import Ledger
import Primitives
import ServiceKit

/// The part of an earnings report that is about stake: rewards by validator and staker.
enum StakingEarnings {
  /// Reads the lines of some epochs; with an account only what concerns it as validator or staker.
  /// - Throws: `LedgerClientError`, `ArithmeticError`.
  static func read(
    _ reader: LedgerReader, _ names: NameBook, epochs: Range<UInt64>, of account: AccountID?
  ) async throws -> (staking: [EarningsReport.Staking], claims: [EarningsReport.Claim]) {
    var staking: [EarningsReport.Staking] = []
    var claims: [EarningsReport.Claim] = []
    var holders: [AccountID: [(owner: AccountID, record: DelegationRecord)]] = [:]
    for epoch in epochs.lowerBound..<(epochs.upperBound + 1) {
      let paid = try await reader.rows(
        StateKeys.rewardClaims(epoch: epoch), as: RewardClaimRecord.self)
      claims += paid.filter { account == nil || $0.delegator == account }
        .map { claim($0, names) }
      for line in try await reader.rows(StateKeys.stakingLines(epoch: epoch), as: StakingLine.self)
      {
        if holders[line.validator] == nil {
          holders[line.validator] = try await delegations(to: line.validator, reader)
        }
        let stakers = holders[line.validator] ?? []
        let concerns =
          account == nil || line.validator == account
          || stakers.contains { $0.owner == account }
        guard concerns else { continue }
        let shown = stakers.filter {
          account == nil || line.validator == account || $0.owner == account
        }
        staking.append(try entry(line, shown, names))
      }
    }
    return (staking, claims)
  }

  private static func delegations(
    to validator: AccountID, _ reader: LedgerReader
  ) async throws -> [(owner: AccountID, record: DelegationRecord)] {
    guard
      let record = try await reader.client.value(
        StateKeys.validator(validator), as: ValidatorRecord.self)
    else { return [] }
    return try await reader.keyedRows(
      StateKeys.delegations(to: record.number), as: DelegationRecord.self
    ).compactMap { row in
      StateKeys.account(of: row.key, skipping: 5).map { (owner: $0, record: row.value) }
    }
  }

  private static func entry(
    _ line: StakingLine, _ stakers: [(owner: AccountID, record: DelegationRecord)],
    _ names: NameBook
  ) throws -> EarningsReport.Staking {
    let each = line.perShareAfter - min(line.perShareBefore, line.perShareAfter)
    return EarningsReport.Staking(
      epoch: line.epoch, validator: names.name(of: line.validator), stake: "\(line.stake)",
      reward: "\(line.reward)", commission: "\(line.commission)",
      stakers: try stakers.map { staker in
        let shares = staker.record.holding.shares
        return EarningsReport.Staker(
          account: names.name(of: staker.owner), shares: String(shares),
          earned:
            "\(Amount(baseUnits: try shares.scaled(by: each, over: 1 << 64, rounding: .down)))"
        )
      }, reason: EarningsReport.reason(line.cause))
  }

  private static func claim(
    _ claim: RewardClaimRecord, _ names: NameBook
  ) -> EarningsReport.Claim {
    EarningsReport.Claim(
      staker: names.name(of: claim.delegator), validator: names.name(of: claim.validator),
      amount: "\(claim.amount)", shares: String(claim.shares))
  }
}
