import Economics
import Primitives
import ServiceKit

/// An epoch as the ledger settled it: everything that went into `Preset.settle` and everything that
/// came out, so that whoever calls the function again can compare.
package struct SettledEpoch: Sendable {
  /// The ledger's epoch.
  package let epoch: UInt64
  package let record: SettlementRecord
  package let inputs: EpochInputs
  package let lines: [PolicyLine]
  package let charges: [PolicyCharge]
  /// What it did to balances: ascending by account, the account elsewhere last.
  package let balances: [BalanceChange]

  /// - Parameters: the rows of the epoch's tables, in the order of their keys.
  package init(
    epoch: UInt64, record: SettlementRecord, accounts: [AccountInput], lines: [PolicyLine],
    charges: [PolicyCharge], balances: [(key: StateKey, record: SettledBalance)]
  ) {
    self.epoch = epoch
    self.record = record
    inputs = record.inputs(accounts)
    self.lines = lines
    self.charges = charges
    let changes = balances.compactMap { row in
      StateKeys.account(of: row.key, skipping: 5).map {
        BalanceChange(account: $0, before: row.record.before, after: row.record.after)
      }
    }
    self.balances =
      changes.filter { $0.account != StateKeys.elsewhere }
      + changes.filter { $0.account == StateKeys.elsewhere }
  }
}

extension LedgerMachine {
  /// How an epoch was settled by a preset; nil when it was not, or when its history was dropped.
  package func settledEpoch(_ epoch: UInt64) -> SettledEpoch? {
    guard let record = record(SettlementRecord.self, at: StateKeys.settlement(epoch)) else {
      return nil
    }
    return SettledEpoch(
      epoch: epoch, record: record, accounts: settledRows(.settledInput, epoch).map(\.record),
      lines: settledRows(.settledLine, epoch).map(\.record),
      charges: settledRows(.settledCharge, epoch).map(\.record),
      balances: settledRows(.settledBalance, epoch))
  }

  private func settledRows<T: CanonicalCodable>(
    _ table: StateKeys.Table, _ epoch: UInt64
  ) -> [(key: StateKey, record: T)] {
    rows(in: StateKeys.ofEpoch(table, epoch)).compactMap { row in
      (try? T(canonicalBytes: row.value)).map { (row.key, $0) }
    }
  }

  /// What settlement remembers, with its accounts; nil on a chain without a preset.
  package var policyState: PolicyState? {
    guard let core = record(PolicyState.self, at: StateKeys.policyState) else { return nil }
    return core.with(
      accounts: rows(in: StateKeys.all(.policyAccount)).compactMap {
        try? PolicyState.AccountState(canonicalBytes: $0.value)
      })
  }
}
