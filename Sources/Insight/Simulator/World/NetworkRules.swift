/// What a day was like, for the network's rules.
package struct DayInputs: Sendable {
  /// The day, counted from 1 January 1970.
  package var day: Int
  /// US dollars a token.
  package var price: Fixed
  /// One entry for each cohort, in the scenario's order.
  package var cohorts: [CohortInputs]
  /// Tokens that can be sold, and those under stake, by the agents' books.
  package var circulating: Fixed
  package var staked: Fixed
}

/// What a cohort did on a day. All of its members did the same.
package struct CohortInputs: Sendable {
  package var members: Fixed
  /// What it was paid for by customers, in US dollars, all members together.
  package var usage: Fixed
  /// What it claims to have ready, in units a day, all members together, times its multiplier.
  package var capacity: Fixed
}

/// What the rules made of a day, in tokens.
package struct DayPayments: Sendable {
  /// Tokens that each cohort earned by emission or from an endowment, all members together, what
  /// vests among them.
  package var cohorts: [Fixed]
  /// What each cohort earned of customers' money, in US dollars at the day's price.
  package var fees: [Fixed]
  /// All tokens that came into each cohort's hands on the day: those that it can sell.
  package var liquid: [Fixed]
  /// New tokens, whoever got them.
  package var emitted: Fixed = .zero
  /// Tokens that a foundation, a team, investors or a treasury got.
  package var insiders: Fixed = .zero
  /// Tokens that stakers got.
  package var stakers: Fixed = .zero
  package var burned: Fixed = .zero
  /// Tokens that customers bought on the market to pay with.
  package var bought: Fixed = .zero
  /// All tokens that exist after the day.
  package var supply: Fixed = .zero
  /// Tokens that accounts hold free after the day, stakes included.
  package var circulating: Fixed = .zero
  /// The share of what was used that customers could pay for.
  package var servedShare: Fixed = .one
  /// What a vault holds over what it owes; nil where there is none.
  package var vaultRatio: Fixed?
  /// Why the network cannot pay what it owes, if so.
  package var insolvency: Insolvency?

  package init(cohorts count: Int) {
    cohorts = Array(repeating: .zero, count: count)
    fees = cohorts
    liquid = cohorts
  }
}

/// Why a network failed.
package enum Insolvency: Int, Hashable, Sendable, CaseIterable {
  /// Credits in customers' hands are not covered by the vault.
  case vault
  /// The endowment is empty while what it should pay for goes on.
  case endowment
  /// For ninety days in a row less than half of what customers wanted was served.
  case supply
  /// For ninety days in a row the token was worth less than a thousandth of its first price.
  case price

  /// A sentence for reports.
  package var text: String {
    switch self {
    case .vault: "credits are no longer covered by the vault"
    case .endowment: "the endowment is empty"
    case .supply: "for 90 days less than half of the demand was served"
    case .price: "for 90 days the token was below 1/1000 of its first price"
    }
  }
}

/// A network's rules as agents meet them. The one implementation in use is ``PolicyDriver``, which
/// calls the ledger's own `settle`.
package protocol NetworkRules: Sendable {
  /// Settles a day and moves the rules' state on by a day.
  /// - Throws: what the rules cannot compute, such as an overflow.
  mutating func settle(_ day: DayInputs) throws -> DayPayments
  /// Tokens that a member of a cohort must have at stake, by the last settlement.
  func stake(cohort: Int) -> Fixed
  /// Tokens that accounts hold free, stakes included.
  var circulating: Fixed { get }
  /// The share of a stake that is taken when a pretence is found out.
  var slashShare: Fixed { get }
}
