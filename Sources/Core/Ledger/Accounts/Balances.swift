import Primitives
import ServiceKit

extension LedgerState {
  /// An account, empty when it has no row.
  func account(_ id: AccountID) -> AccountRecord {
    read(at: StateKeys.account(id)) ?? AccountRecord()
  }

  /// Takes tokens from an account. - Throws: `insufficient-balance`.
  mutating func debit(_ id: AccountID, _ amount: Amount) throws(Rejection) {
    var record = account(id)
    guard record.balance >= amount else {
      throw Rejection(
        .insufficientBalance,
        "the account has \(record.balance) tokens and needs \(amount); add tokens first")
    }
    record.balance = try exactly { () throws(ArithmeticError) in
      try record.balance.subtracting(amount)
    }
    write(record, at: StateKeys.account(id))
  }

  /// Gives tokens to an account. - Throws: `arithmetic`.
  mutating func credit(_ id: AccountID, _ amount: Amount) throws(Rejection) {
    if amount == .zero { return }
    var record = account(id)
    record.balance = try exactly { () throws(ArithmeticError) in
      try record.balance.adding(amount)
    }
    write(record, at: StateKeys.account(id))
  }

  /// Changes the totals. - Throws: `arithmetic`.
  mutating func changeSupply(
    _ change: (inout SupplyRecord) throws(ArithmeticError) -> Void
  ) throws(Rejection) {
    var supply = read(SupplyRecord.self, at: StateKeys.supply) ?? SupplyRecord()
    do throws(ArithmeticError) {
      try change(&supply)
    } catch {
      throw Rejection(error)
    }
    write(supply, at: StateKeys.supply)
  }

  /// Moves tokens. Checks: amount, balance.
  mutating func transfer(
    _ amount: Amount, from sender: AccountID, to receiver: AccountID
  ) throws(Rejection) {
    guard amount > .zero else { throw Rejection(.zeroAmount, "a transfer moves more than nothing") }
    try debit(sender, amount)
    try credit(receiver, amount)
  }

  /// Mints tokens on a devnet. Checks: allowed, amount, limit.
  mutating func mint(_ amount: Amount, to receiver: AccountID) throws(Rejection) {
    guard genesis.allowsFaucet else {
      throw Rejection(.faucetClosed, "this chain's genesis allows no faucet")
    }
    guard amount > .zero else { throw Rejection(.zeroAmount, "a faucet gives more than nothing") }
    let limit = Amount(baseUnits: value(of: LedgerParameters.faucetLimit))
    guard amount <= limit else {
      throw Rejection(.faucetLimit, "one faucet transaction gives at most \(limit) tokens")
    }
    try changeSupply { (supply) throws(ArithmeticError) in
      supply.issued = try supply.issued.adding(amount)
    }
    try credit(receiver, amount)
  }
}
