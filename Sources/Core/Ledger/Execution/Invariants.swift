import Economics
import Primitives
import ServiceKit

extension LedgerState {
  /// Sums over all rows and compares. Time grows with the state.
  func checkInvariants() throws(InvariantViolation) {
    let supply = read(SupplyRecord.self, at: StateKeys.supply) ?? SupplyRecord()
    guard supply.issued >= supply.burned else {
      throw InvariantViolation("\(supply.burned) tokens burned of \(supply.issued) issued")
    }
    try checkTokens(supply)
    try checkCredits(supply)
    try checkStakes()
    try checkValidators()
  }

  /// Adds up a quantity over the rows of a table.
  private func sum<T: CanonicalCodable, Q: Quantity>(
    _ table: StateKeys.Table, _ type: T.Type,
    _ quantity: (T) throws(ArithmeticError) -> Q
  ) throws(InvariantViolation) -> Q {
    do throws(ArithmeticError) {
      var sum = Q.zero
      for (_, record) in records(T.self, in: StateKeys.all(table)) {
        sum = try sum.adding(try quantity(record))
      }
      return sum
    } catch {
      throw InvariantViolation("the sum over the table \(table) does not fit")
    }
  }

  private func checkTokens(_ supply: SupplyRecord) throws(InvariantViolation) {
    let balances = try sum(.account, AccountRecord.self) { $0.balance }
    let bonds = try sum(.provider, ProviderRecord.self) { $0.bond }
    let staked = try stakedTokens()
    let held = try heldByPolicy(supply)
    // Each part is below 2^127 or the sum of balances would not have fitted at genesis; saturating
    // keeps a broken state from trapping here.
    let found = balances.baseUnits.addingSaturated(bonds.baseUnits)
      .addingSaturated(supply.vault.baseUnits).addingSaturated(staked.baseUnits)
      .addingSaturated(held.baseUnits)
    guard found == supply.supply.baseUnits else {
      throw InvariantViolation(
        "issued − burned is \(supply.supply), but balances \(balances) + bonds \(bonds) + vault "
          + "\(supply.vault) + stakes \(staked) + what the policy holds \(held) differ from it")
    }
  }

  private func checkCredits(_ supply: SupplyRecord) throws(InvariantViolation) {
    let leases = try sum(.lease, LeaseRecord.self) { (lease) throws(ArithmeticError) in
      try lease.escrow.total()
    }
    let orders = try sum(.order, OrderRecord.self) { (order) throws(ArithmeticError) in
      order.lease == nil ? try order.terms.escrow.total() : .zero
    }
    let escrowed = leases.baseUnits.addingSaturated(orders.baseUnits)
    guard escrowed == supply.escrowed.baseUnits else {
      throw InvariantViolation(
        "leases hold \(leases) and orders \(orders) credits, the total is \(supply.escrowed)")
    }
    let unpaid = try sum(.earning, EarningRecord.self) { $0.credits }
    guard unpaid == supply.unpaid else {
      throw InvariantViolation("\(unpaid) credits are unpaid, the total says \(supply.unpaid)")
    }
    let outstanding = Credits(baseUnits: escrowed.addingSaturated(unpaid.baseUnits))
    guard (try? policy.credit.tokens(for: outstanding)).map({ supply.vault >= $0 }) == true else {
      throw InvariantViolation(
        "the vault's \(supply.vault) tokens do not cover \(outstanding) credits")
    }
  }

  private func checkStakes() throws(InvariantViolation) {
    for (key, provider) in records(ProviderRecord.self, in: StateKeys.all(.provider)) {
      guard let owner = StateKeys.account(of: key),
        rows.value(at: StateKeys.account(owner)) != nil
      else {
        throw InvariantViolation("a bond of \(provider.bond) has no owner's account")
      }
      if provider.standing == .left, provider.bond > .zero {
        throw InvariantViolation("\(owner) has left, but its bond is \(provider.bond)")
      }
    }
  }
}
