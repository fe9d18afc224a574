import Economics
import Primitives
import ServiceKit

extension LedgerState {
  /// What the policy's vault, endowment, buckets, vesting and locks hold; nothing without a preset.
  ///
  /// Checks that the policy's books are balanced, that they agree with the ledger's totals (which
  /// are ahead by what other rules minted and burned in the running epoch), and that what of
  /// accounts' tokens vests and is locked adds up to the policy's sums, as do sub-tokens.
  func heldByPolicy(_ supply: SupplyRecord) throws(InvariantViolation) -> Amount {
    guard preset != nil else { return .zero }
    let state = policyState()
    guard (try? state.isBalanced()) == true, let held = try? state.held() else {
      throw InvariantViolation(
        "the policy minted \(state.minted) and burned \(state.burned), which is not what it says "
          + "circulates and is held")
    }
    guard supply.issued >= state.minted, supply.burned >= state.burned else {
      throw InvariantViolation(
        "the ledger issued \(supply.issued) and burned \(supply.burned), less than the policy's "
          + "\(state.minted) and \(state.burned)")
    }
    try checkPolicyAccounts(state)
    try checkSubTokens(state)
    return held
  }

  private func checkPolicyAccounts(_ state: PolicyState) throws(InvariantViolation) {
    var (vesting, locked) = (UInt128(0), UInt128(0))
    for account in state.accounts {
      vesting = vesting.addingSaturated(account.vesting.locked.baseUnits)
      for lock in account.locks { locked = locked.addingSaturated(lock.amount.baseUnits) }
    }
    guard vesting == state.vesting.baseUnits, locked == state.locked.baseUnits else {
      throw InvariantViolation(
        "accounts have \(Amount(baseUnits: vesting)) vesting and \(Amount(baseUnits: locked)) "
          + "locked, the totals are \(state.vesting) and \(state.locked)")
    }
  }

  private func checkSubTokens(_ state: PolicyState) throws(InvariantViolation) {
    let balances = records(NamedAmounts.self, in: StateKeys.all(.subTokenBalance)).map(\.record)
    for token in state.subTokens.entries {
      let inside = state.subTokenBuckets.entries
        .filter { $0.name.hasPrefix(token.name + ":") }.map(\.amount)
      let found = (inside + balances.map { $0[token.name] })
        .reduce(UInt128(0)) { $0.addingSaturated($1.baseUnits) }
      guard found == token.amount.baseUnits else {
        throw InvariantViolation(
          "accounts and buckets hold \(Amount(baseUnits: found)) \(token.name) of \(token.amount)")
      }
    }
  }
}
