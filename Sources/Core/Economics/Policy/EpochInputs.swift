import Primitives

/// Everything that an epoch's settlement depends on besides rules and state.
///
/// The ledger fills it from its accounts, the simulator from its agents; in trace mode the
/// simulator is given what the ledger used.
package struct EpochInputs: Hashable, Sendable {
  /// What a whole token costs; zero: no price is known, and nothing that needs one is paid.
  package var price: Credits
  /// The oracle's confidence interval.
  package var priceConfidence: Credits = .zero
  package var accounts: [AccountInput]
  /// Sub-networks among which emission is voted.
  package var candidates: [CandidateInput] = []
  /// The network's power where the accounts do not make it up; else the sum of their capacity times
  /// their multiplier.
  package var power: UInt128?
  /// Tokens staked in the whole network where the accounts do not make it up.
  package var staked: Amount?
  /// Units of block space used.
  package var blockSpaceUsed: UInt128 = 0
  /// Tokens that a ledger made since the last epoch by other rules than these (a faucet, rewards of
  /// its validators), and those that it destroyed (slashes): in and out of what circulates.
  package var mintedElsewhere: Amount = .zero
  package var burnedElsewhere: Amount = .zero

  package init(price: Credits, accounts: [AccountInput]) {
    self.price = price
    self.accounts = accounts
  }
}

/// What one account, or each of `members` identical ones, did in an epoch.
package struct AccountInput: Hashable, Sendable {
  package var account: AccountID
  /// Which of the preset's roles; an account with two roles has two inputs.
  package var role: String
  /// How many identical members it stands for; every other number is one member's.
  package var members: UInt64 = 1
  package var measures = Measures()
  /// Credits that it bought as a customer.
  package var bought: Credits = .zero
  /// Tokens to lock, and for how many epochs.
  package var lock: LockRequest?
  /// Sub-tokens to exchange for the treasury's.
  package var redeem: RedeemRequest?

  package init(_ account: AccountID, role: String) {
    self.account = account
    self.role = role
  }

  /// Tokens to lock.
  package struct LockRequest: Hashable, Sendable {
    package var amount: Amount
    package var epochs: UInt64

    package init(amount: Amount, epochs: UInt64) {
      self.amount = amount
      self.epochs = epochs
    }
  }

  /// Sub-tokens to redeem.
  package struct RedeemRequest: Hashable, Sendable {
    package var subToken: String
    package var amount: Amount

    package init(subToken: String, amount: Amount) {
      self.subToken = subToken
      self.amount = amount
    }
  }
}

/// What a candidate has going for it.
package struct CandidateInput: Hashable, Sendable {
  package var name: String
  package var measures: Measures

  package init(_ name: String, measures: Measures) {
    self.name = name
    self.measures = measures
  }
}
