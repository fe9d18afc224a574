import Cryptography
import Primitives
import ServiceKit

// Keys of what a network keeps that settles by a preset.
extension StateKeys {
  /// What settlement remembers, without its accounts.
  package static let policyState = StateKey([Table.policyState.rawValue])

  /// The account that holds what circulates outside the ledger's accounts. Nobody has its key.
  package static let elsewhere = AccountID(Digest.sha256(domain: "elsewhere", [UInt8]()).value)

  /// What of an account's tokens vests and is locked.
  package static func policyAccount(_ account: AccountID) -> StateKey {
    StateKey(table: Table.policyAccount.rawValue, account.value)
  }

  /// An account's sub-tokens, by name.
  package static func subTokens(_ account: AccountID) -> StateKey {
    StateKey(table: Table.subTokenBalance.rawValue, account.value)
  }

  /// A report of use that waits for the end of its epoch.
  package static func usageReport(epoch: UInt64, serial: UInt64) -> StateKey {
    StateKey(table: Table.usageReport.rawValue) {
      $0.encode(UInt32(truncatingIfNeeded: epoch))
      $0.encode(serial)
    }
  }

  /// How an epoch was settled.
  package static func settlement(_ epoch: UInt64) -> StateKey {
    StateKey(table: Table.settlement.rawValue) { $0.encode(UInt32(truncatingIfNeeded: epoch)) }
  }

  /// What went into an epoch's settlement, in order.
  package static func settledInput(_ epoch: UInt64, _ index: UInt32) -> StateKey {
    row(.settledInput, epoch, index)
  }

  /// A line that came out of it, in order.
  package static func settledLine(_ epoch: UInt64, _ index: UInt32) -> StateKey {
    row(.settledLine, epoch, index)
  }

  /// What it took from an account, in order.
  package static func settledCharge(_ epoch: UInt64, _ index: UInt32) -> StateKey {
    row(.settledCharge, epoch, index)
  }

  /// What it did to an account's balance.
  package static func settledBalance(_ epoch: UInt64, _ account: AccountID) -> StateKey {
    StateKey(table: Table.settledBalance.rawValue) {
      $0.encode(UInt32(truncatingIfNeeded: epoch))
      $0.encode(account)
    }
  }

  /// The rows of an epoch in one of the tables of settlements and reports.
  package static func ofEpoch(_ table: Table, _ epoch: UInt64) -> KeyRange {
    KeyRange(prefix: [table.rawValue] + UInt32(truncatingIfNeeded: epoch).canonicalBytes())
  }

  private static func row(_ table: Table, _ epoch: UInt64, _ index: UInt32) -> StateKey {
    StateKey(table: table.rawValue) {
      $0.encode(UInt32(truncatingIfNeeded: epoch))
      $0.encode(index)
    }
  }
}
