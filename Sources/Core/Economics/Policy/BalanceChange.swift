import Primitives

/// What an epoch does to an account's free tokens.
package struct BalanceChange: Hashable, Sendable {
  package let account: AccountID
  package let before: Amount
  package let after: Amount

  package init(account: AccountID, before: Amount, after: Amount) {
    self.account = account
    self.before = before
    self.after = after
  }
}

extension Settlement {
  /// What the settlement does to free balances: first every charge is taken, then every line is
  /// given. Ascending by account, `elsewhere` last; accounts that nothing happens to are left out.
  ///
  /// `elsewhere` holds the tokens that circulate outside the ledger's accounts. Allocations are
  /// released to it; it pays what no account is charged for, and what an account has too little for
  /// (accounts of a trace stand for people whose tokens it holds).
  /// - Parameters:
  ///   - elsewhere: the account that balances the ledger with what circulates.
  ///   - opening: an account's balance before the settlement.
  /// - Throws: ``ArithmeticError/underflow`` when `elsewhere` has too little.
  package func balanceChanges(
    elsewhere: AccountID, opening: (AccountID) -> Amount
  ) throws(ArithmeticError) -> [BalanceChange] {
    var flows: [Flow] = []
    flows.reserveCapacity(lines.count + charges.count)
    for line in lines where line.isOfMainToken && line.liquid > .zero {
      flows.append(Flow(account: line.account, given: line.liquid, taken: .zero))
    }
    var open = Amount.zero
    for charge in charges where charge.token.isEmpty {
      guard let account = charge.account else {
        open = try open.adding(charge.amount)
        continue
      }
      flows.append(Flow(account: account, given: .zero, taken: charge.amount))
    }
    flows.sort { $0.account < $1.account }
    var changes: [BalanceChange] = []
    var rest = Flow(account: elsewhere, given: totals.allocationsReleased, taken: open)
    for sum in try Self.sums(flows) {
      if sum.account == elsewhere {
        rest = try rest.adding(sum)
        continue
      }
      let before = opening(sum.account)
      let taken = min(sum.taken, before)
      rest.taken = try rest.taken.adding(sum.taken).subtracting(taken)
      changes.append(
        BalanceChange(
          account: sum.account, before: before,
          after: try before.subtracting(taken).adding(sum.given)))
    }
    if rest.given > .zero || rest.taken > .zero {
      let before = opening(elsewhere)
      changes.append(
        BalanceChange(
          account: elsewhere, before: before,
          after: try before.adding(rest.given).subtracting(rest.taken)))
    }
    return changes
  }

  private struct Flow {
    let account: AccountID
    var given: Amount
    var taken: Amount

    func adding(_ other: Flow) throws(ArithmeticError) -> Flow {
      Flow(
        account: account, given: try given.adding(other.given),
        taken: try taken.adding(other.taken))
    }
  }

  /// One flow for each account.
  private static func sums(_ sorted: [Flow]) throws(ArithmeticError) -> [Flow] {
    var sums: [Flow] = []
    for flow in sorted {
      if let last = sums.indices.last, sums[last].account == flow.account {
        sums[last] = try sums[last].adding(flow)
      } else {
        sums.append(flow)
      }
    }
    return sums
  }
}
