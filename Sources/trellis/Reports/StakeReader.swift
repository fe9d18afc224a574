import ChainClient
import Foundation
import Ledger
import Primitives
import ServiceKit

/// A validator, for people and for scripts.
struct ValidatorReport: Codable {
  let name: String
  let account: String
  let address: String
  let stake: String
  /// Its voting power; 0 when it is not in the set.
  let power: UInt64
  let commissionPerTenThousand: UInt16
  let unclaimedRewards: String
  let slashed: String
  /// `active`, `waiting`, `jailed` or `tombstoned`.
  let standing: String

  var text: String {
    "\(name) \(standing): stake \(stake) tokens, power \(power), commission "
      + "\(commissionPerTenThousand) of 10000, \(unclaimedRewards) unclaimed, \(slashed) slashed\n"
      + "  \(account), address \(address)"
  }
}

/// What an account has with one validator.
struct StakeReport: Codable {
  struct Leaving: Codable {
    let amount: String
    let initial: String
    /// On the ledger's clock, in milliseconds.
    let paidOutAt: UInt64
  }

  let validator: String
  let stake: String
  /// Earned and not claimed yet, rounded down.
  let rewards: String
  let leaving: [Leaving]
  let moved: [Moved]

  /// Stake that went to another validator and still answers for this one's faults.
  struct Moved: Codable {
    let to: String
    let amount: String
    let initial: String
    /// On the ledger's clock, in milliseconds.
    let answersUntil: UInt64
  }

  var text: String {
    let lines =
      leaving.map {
        "\($0.amount) of \($0.initial) tokens leave at \($0.paidOutAt) ms of ledger time"
      }
      + moved.map {
        "\($0.amount) of \($0.initial) tokens that moved to \($0.to) answer for its faults "
          + "until \($0.answersUntil) ms of ledger time"
      }
    return "with \(validator): \(stake) tokens, \(rewards) earned and unclaimed"
      + lines.map { "\n  " + $0 }.joined()
  }
}

/// Reads validators and stake.
struct StakeReader {
  private let reader: LedgerReader
  private let names: NameBook

  /// - Throws: ``UserError``.
  init(_ network: OpenNetwork) throws {
    reader = LedgerReader(client: network.ledger)
    names = try NameBook(network)
  }

  /// All validators' records by account. - Throws: `LedgerClientError`.
  func records() async throws -> [(id: AccountID, record: ValidatorRecord)] {
    try await reader.keyedRows(StateKeys.all(.validator), as: ValidatorRecord.self).compactMap {
      row in StateKeys.account(of: row.key).map { (id: $0, record: row.value) }
    }
  }

  /// - Throws: `LedgerClientError`.
  func validators() async throws -> [ValidatorReport] {
    let set = try await reader.client.value(StateKeys.activeSet, as: ActiveSetRecord.self)
    return try await records().map { id, record in
      let power = set?.member(id)?.power ?? 0
      return ValidatorReport(
        name: record.name, account: id.didKey, address: record.address.description,
        stake: "\(record.stake.tokens)", power: power,
        commissionPerTenThousand: record.commission.perTenThousand,
        unclaimedRewards: "\(record.unclaimed)", slashed: "\(record.slashed)",
        standing: Self.standing(record, power: power))
    }
  }

  static func standing(_ record: ValidatorRecord, power: UInt64) -> String {
    if record.isTombstoned { return "tombstoned" }
    if record.jailedUntil != nil { return "jailed" }
    return power > 0 ? "active" : "waiting"
  }

  /// - Throws: `LedgerClientError`, `ArithmeticError`.
  func stakes(of account: AccountID) async throws -> [StakeReport] {
    let unbonding = try await reader.keyedRows(
      StateKeys.all(.unbonding), as: UnbondingRecord.self
    ).filter { $0.value.delegator == account }
    let redelegations = try await reader.keyedRows(
      StateKeys.all(.redelegation), as: RedelegationRecord.self
    ).filter { $0.value.delegator == account }
    let validators = try await records()
    var reports: [StakeReport] = []
    for (id, record) in validators {
      let held = try await reader.client.value(
        StateKeys.delegation(record.number, account), as: DelegationRecord.self)
      let leaving = unbonding.filter {
        StateKeys.unbondingID(of: $0.key)?.validator == record.number
      }
      let moved = redelegations.filter {
        StateKeys.unbondingID(of: $0.key)?.validator == record.number
      }
      if held == nil, leaving.isEmpty, moved.isEmpty { continue }
      var holding = held?.holding
      let rewards = try holding?.settle(record.rewards)
      reports.append(
        StakeReport(
          validator: names.name(of: id),
          stake: "\(try record.stake.value(of: held?.holding.shares ?? 0))",
          rewards: "\(rewards ?? .zero)",
          leaving: leaving.map {
            .init(
              amount: "\($0.value.balance)", initial: "\($0.value.initial)",
              paidOutAt: $0.value.completesAt.milliseconds)
          },
          moved: moved.map { move in
            let target = validators.first { $0.record.number == move.value.target }
            return .init(
              to: target.map { names.name(of: $0.id) } ?? "a validator that is gone",
              amount: "\(move.value.balance)", initial: "\(move.value.initial)",
              answersUntil: move.value.completesAt.milliseconds)
          }))
    }
    return reports
  }
}
