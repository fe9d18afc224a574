import Primitives

/// What an epoch came to.
package struct Settlement: Hashable, Sendable {
  package internal(set) var lines: [PolicyLine] = []
  /// What free tokens were taken, and from whom.
  package internal(set) var charges: [PolicyCharge] = []
  package internal(set) var totals = EpochTotals()
  /// What the reader should know: uncertain rules, breakers that tripped, pay that was cut.
  package internal(set) var notes: [String] = []

  package init() {}

  /// Appends a later epoch's lines, sums and new notes.
  /// - Throws: ``ArithmeticError/overflow``.
  package mutating func add(_ later: Settlement) throws(ArithmeticError) {
    lines += later.lines
    charges += later.charges
    totals = try totals.adding(later.totals)
    for note in later.notes where !notes.contains(note) { notes.append(note) }
  }
}

/// A payment to an account (or to all members of a cohort together), and its reason.
package struct PolicyLine: Hashable, Sendable {
  /// Why it is paid.
  package enum Kind: String, CaseIterable, Sendable {
    /// Customers' money.
    case usage
    /// Emission.
    case reward
    /// From the endowment.
    case endowment
    /// Earlier rewards that are released.
    case vested
    /// A lock that ended.
    case unlocked
    /// Sub-tokens redeemed.
    case redeemed
    /// A zero with a reason.
    case refused
  }

  package let account: AccountID
  package let role: String
  package let kind: Kind
  /// The pool, or what it comes from.
  package let pool: String
  /// The sub-token; empty: the main token.
  package let token: String
  /// What the account has at once.
  package let liquid: Amount
  /// What vests.
  package let vesting: Amount
  /// What of the customers' money burned.
  package let burned: Amount
  /// The credits that it settles, for ``Kind/usage``.
  package let credits: Credits
  /// The rule, such as `commons/1`.
  package let rule: String

  /// Whether ``liquid`` are main tokens: those of redeemed sub-tokens are.
  package var isOfMainToken: Bool { token.isEmpty || kind == .redeemed }
}

/// Free tokens that a settlement takes from an account (or from all members of a cohort together).
///
/// Σ liquid main tokens of the lines + allocations released − Σ charges is what the epoch adds to
/// what circulates, besides what was made or destroyed elsewhere.
package struct PolicyCharge: Hashable, Sendable {
  /// What for.
  package enum Kind: String, CaseIterable, Sendable {
    /// Credits bought.
    case credits
    /// Service paid in tokens.
    case usage
    /// Tokens locked for votes.
    case lock
    /// Block space.
    case baseFee = "base-fee"
    /// The fee on capacity.
    case capacityFee = "capacity-fee"
    /// Tokens that were bought back and burned.
    case buyBack = "buy-back"
    /// Sub-tokens exchanged for their treasury's.
    case redemption
  }

  /// Whose; nil: of whoever holds the tokens that circulate, since the inputs name nobody.
  package let account: AccountID?
  package let kind: Kind
  /// The sub-token; empty: the main token.
  package let token: String
  package let amount: Amount
}

/// An epoch's sums, in tokens.
package struct EpochTotals: Hashable, Sendable {
  /// Emission that was newly made, re-emission and shortfalls included.
  package internal(set) var minted: Amount = .zero
  /// What of it came back from burns.
  package internal(set) var reEmitted: Amount = .zero
  /// Emission paid from buckets.
  package internal(set) var paidFromBuckets: Amount = .zero
  package internal(set) var burned: Amount = .zero
  /// Tokens burned or locked up for credits.
  package internal(set) var spentOnCredits: Amount = .zero
  /// What customers' money brought providers.
  package internal(set) var usagePaid: Amount = .zero
  /// What emission and endowment brought accounts, vesting included.
  package internal(set) var rewardsPaid: Amount = .zero
  /// What went into buckets.
  package internal(set) var toBuckets: Amount = .zero
  package internal(set) var vestingReleased: Amount = .zero
  /// What of the genesis allocations came into circulation.
  package internal(set) var allocationsReleased: Amount = .zero
  /// Credits bought, and credits that were settled.
  package internal(set) var creditsBought: Credits = .zero
  package internal(set) var creditsSettled: Credits = .zero

  package init() {}

  /// Both epochs' sums. - Throws: ``ArithmeticError/overflow``.
  package func adding(_ other: EpochTotals) throws(ArithmeticError) -> EpochTotals {
    var sum = EpochTotals()
    sum.minted = try minted.adding(other.minted)
    sum.reEmitted = try reEmitted.adding(other.reEmitted)
    sum.paidFromBuckets = try paidFromBuckets.adding(other.paidFromBuckets)
    sum.burned = try burned.adding(other.burned)
    sum.spentOnCredits = try spentOnCredits.adding(other.spentOnCredits)
    sum.usagePaid = try usagePaid.adding(other.usagePaid)
    sum.rewardsPaid = try rewardsPaid.adding(other.rewardsPaid)
    sum.toBuckets = try toBuckets.adding(other.toBuckets)
    sum.vestingReleased = try vestingReleased.adding(other.vestingReleased)
    sum.allocationsReleased = try allocationsReleased.adding(other.allocationsReleased)
    sum.creditsBought = try creditsBought.adding(other.creditsBought)
    sum.creditsSettled = try creditsSettled.adding(other.creditsSettled)
    return sum
  }
}
