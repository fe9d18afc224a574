import Primitives

/// What settlement remembers from epoch to epoch. A value: copy it to look ahead.
///
/// `minted − burned = circulating + vesting + locked + vault + fund + Σ buckets`, always.
package struct PolicyState: Hashable, Sendable {
  /// The next epoch.
  package internal(set) var epoch: UInt64 = 0
  /// The rules under which the last epoch was settled; empty before the first.
  package internal(set) var rules = ""
  /// All tokens ever made, genesis allocations included.
  package internal(set) var minted: Amount = .zero
  package internal(set) var burned: Amount = .zero
  /// What accounts hold free, stakes included.
  package internal(set) var circulating: Amount = .zero
  /// Earned, and not released yet.
  package internal(set) var vesting: Amount = .zero
  /// Locked for votes.
  package internal(set) var locked: Amount = .zero
  /// What backs the credits.
  package internal(set) var vault: Amount = .zero
  /// Credits bought and not spent.
  package internal(set) var creditsOutstanding: Credits = .zero
  /// The endowment.
  package internal(set) var fund: Amount = .zero
  /// Main tokens by bucket; those of genesis allocations not released are `allocation:NAME`.
  package internal(set) var buckets = NamedAmounts()
  /// The averaged burn (``ReEmission``).
  package internal(set) var smoothedBurn: Amount = .zero
  /// The fee for a unit of block space.
  package internal(set) var baseFee: Amount = .zero
  /// Each candidate's share of the votes, times 10^12.
  package internal(set) var scores = NamedAmounts()
  /// The last epoch's emission, re-emission included.
  package internal(set) var lastEmission: Amount = .zero
  /// Whether the endowment was empty when it was last asked (``Endowment/solvency``).
  package internal(set) var latchIsSet = false
  /// What the streams remember, by their place among the rules' streams.
  package internal(set) var streams: [EmissionState] = []
  package internal(set) var mintWindow = Breaker.Window()
  /// The treasuries' breakers, by the sub-tokens' places.
  package internal(set) var redemptionWindows: [Breaker.Window] = []
  /// What exists of each sub-token, and what its buckets hold (`TOKEN:BUCKET`).
  package internal(set) var subTokens = NamedAmounts()
  package internal(set) var subTokenBuckets = NamedAmounts()
  /// Accounts with something that vests or is locked, in the order of their identifiers.
  package internal(set) var accounts: [AccountState] = []

  package init() {}

  /// What an account is still owed and has locked.
  package struct AccountState: Hashable, Sendable {
    package let account: AccountID
    package internal(set) var vesting = VestingSchedule()
    package internal(set) var locks: [LockPosition] = []
  }

  /// Locked tokens.
  package struct LockPosition: Hashable, Sendable {
    package let amount: Amount
    /// The epoch in which they come back.
    package let until: UInt64
    package let votes: Amount
  }

  /// What exists.
  package var supply: Amount { minted.subtractingSaturated(burned) }

  /// The state of an account, if it has any.
  package func account(_ id: AccountID) -> AccountState? {
    if accounts.isEmpty { return nil }
    let place = place(of: id)
    return place.isFound ? accounts[place.index] : nil
  }

  /// Whether every token is accounted for.
  /// - Throws: ``ArithmeticError/overflow``.
  package func isBalanced() throws(ArithmeticError) -> Bool {
    let inside = try circulating.adding(vesting).adding(locked).adding(vault).adding(fund)
      .adding(buckets.total())
    return try inside.adding(burned) == minted
  }

  func place(of id: AccountID) -> (index: Int, isFound: Bool) {
    var (low, high) = (0, accounts.count)
    while low < high {
      let middle = (low + high) / 2
      if accounts[middle].account < id { low = middle + 1 } else { high = middle }
    }
    return (low, low < accounts.count && accounts[low].account == id)
  }

  /// Changes an account's state, making it where there is none.
  mutating func withAccount<Result>(
    _ id: AccountID, _ change: (inout AccountState) throws(ArithmeticError) -> Result
  ) throws(ArithmeticError) -> Result {
    let place = place(of: id)
    if !place.isFound { accounts.insert(AccountState(account: id), at: place.index) }
    return try change(&accounts[place.index])
  }
}

/// Amounts by name, in the order of the names.
package struct NamedAmounts: Hashable, Sendable {
  /// One name's amount.
  package struct Entry: Hashable, Sendable {
    package let name: String
    package internal(set) var amount: Amount
  }

  package private(set) var entries: [Entry] = []

  package init() {}

  package subscript(name: String) -> Amount {
    get { entries.first { $0.name == name }?.amount ?? .zero }
    set {
      if let index = entries.firstIndex(where: { $0.name == name }) {
        entries[index].amount = newValue
      } else {
        let index = entries.firstIndex { $0.name > name } ?? entries.count
        entries.insert(Entry(name: name, amount: newValue), at: index)
      }
    }
  }

  /// Adds to a name's amount. - Throws: ``ArithmeticError/overflow``.
  package mutating func add(_ amount: Amount, to name: String) throws(ArithmeticError) {
    if amount != .zero { self[name] = try self[name].adding(amount) }
  }

  /// All of them together. - Throws: ``ArithmeticError/overflow``.
  package func total() throws(ArithmeticError) -> Amount {
    var total = Amount.zero
    for entry in entries { total = try total.adding(entry.amount) }
    return total
  }
}
