import Primitives

// A ledger keeps the state in parts: one row for the whole, one for each account.
extension PolicyState {
  /// The state without its accounts.
  package var withoutAccounts: PolicyState {
    var state = self
    state.accounts = []
    return state
  }

  /// The state with these accounts in place of its own.
  /// - Parameter accounts: ascending by account.
  package func with(accounts: [AccountState]) -> PolicyState {
    var state = self
    state.accounts = accounts
    return state
  }

  /// What is in none of the accounts' hands: vesting, locked, in the vault, the endowment and the
  /// buckets.
  /// - Throws: ``ArithmeticError/overflow``.
  package func held() throws(ArithmeticError) -> Amount {
    try vesting.adding(locked).adding(vault).adding(fund).adding(buckets.total())
  }
}

extension Preset {
  /// The state with which a ledger begins at epoch `epoch`, whose accounts and stakes hold `held`
  /// tokens, and what of the tokens that circulate is then outside of them. Where accounts hold
  /// more than circulates by the rules, the difference is made at genesis.
  /// - Throws: ``ArithmeticError/overflow``.
  package func ledgerState(
    epoch: UInt64, held: Amount
  ) throws(ArithmeticError) -> (state: PolicyState, elsewhere: Amount) {
    var state = try genesisState(epoch: epoch)
    let more = held.subtractingSaturated(state.circulating)
    state.circulating = try state.circulating.adding(more)
    state.minted = try state.minted.adding(more)
    return (state, try state.circulating.subtracting(held))
  }
}
