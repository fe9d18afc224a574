import Primitives

/// What a network's money does: how tokens become credits, what is paid and burned at an epoch's
/// end, how a slash is divided and how large a bond must be.
///
/// Pure integer functions: the ledger and the simulator call the same ones, and the ledger has no
/// rate of its own. A policy is made for one block, from the values of its parameters in force.
package protocol Policy: Sendable {
  /// Name and version, such as `commons/0`: what genesis names and payout lines cite.
  var id: String { get }

  /// How tokens and credits become each other.
  var credit: Credit { get }

  /// What the earnings of epoch `epoch` come to: one line for each input, in its order.
  /// - Throws: ``ArithmeticError``.
  func settle(epoch: UInt64, _ inputs: [EpochInput]) throws(ArithmeticError) -> [EpochLine]

  /// How the tokens taken from a bond are divided; the parts add up to the amount exactly.
  /// - Throws: ``ArithmeticError``.
  func divideSlash(_ slash: SlashInput) throws(ArithmeticError) -> SlashDivision

  /// The bond that a provider must have whose obligations would cost `repairCost` to repair.
  /// - Throws: ``ArithmeticError``.
  func requiredBond(repairCost: Credits) throws(ArithmeticError) -> Amount
}

/// A governed parameter of a policy, with its hard bounds.
package struct PolicyParameter: Hashable, Sendable {
  /// Dotted, with its unit: `economics.burn-per-ten-thousand`.
  package let name: String
  /// Its smallest allowed value.
  package let minimum: UInt128
  /// Its largest allowed value.
  package let maximum: UInt128
  /// Its value at genesis, in production and on a devnet alike.
  package let standard: UInt128
  /// What it decides, in a sentence.
  package let meaning: String
}

/// Credits that a provider earned in an epoch, before the policy.
package struct EpochInput: Hashable, Sendable {
  /// Who earned them.
  package let payee: AccountID
  /// How many.
  package let credits: Credits
  /// The caller's own mark, handed back on the line.
  package let tag: UInt64

  package init(payee: AccountID, credits: Credits, tag: UInt64) {
    self.payee = payee
    self.credits = credits
    self.tag = tag
  }
}

/// What the policy makes of an ``EpochInput``.
package struct EpochLine: Hashable, Sendable {
  /// Who is paid.
  package let payee: AccountID
  /// The credits that this settles.
  package let credits: Credits
  /// The tokens paid out of the vault.
  package let tokensPaid: Amount
  /// The tokens burned out of the vault.
  package let tokensBurned: Amount
  /// The input's mark.
  package let tag: UInt64
  /// The rule that priced it, such as `commons/0`.
  package let rule: String
}

/// Tokens taken from a bond, and who is there to get a part.
package struct SlashInput: Hashable, Sendable {
  /// What was taken.
  package let amount: Amount
  /// Costs that the fault caused, such as a repair's, which are paid first, in order.
  package let costs: [Amount]
  /// Whether someone repaired what the fault broke.
  package let hasRepairer: Bool
  /// Whether someone reported the fault.
  package let hasReporter: Bool
  /// Whether a client is known who was harmed.
  package let hasClient: Bool

  package init(
    amount: Amount, costs: [Amount] = [], hasRepairer: Bool, hasReporter: Bool, hasClient: Bool
  ) {
    self.amount = amount
    self.costs = costs
    self.hasRepairer = hasRepairer
    self.hasReporter = hasReporter
    self.hasClient = hasClient
  }
}

/// A slash, divided. The parts add up to the amount exactly.
package struct SlashDivision: Hashable, Sendable {
  /// What of each cost is paid, in the order of ``SlashInput/costs``.
  package let costs: [Amount]
  /// The repairer's part.
  package let repairer: Amount
  /// The reporter's part.
  package let reporter: Amount
  /// What the client gets back.
  package let client: Amount
  /// What is burned.
  package let burned: Amount
}
