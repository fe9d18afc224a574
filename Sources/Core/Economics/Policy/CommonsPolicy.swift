import Primitives

/// The policy `commons`, version 0: usage is paid to whoever rendered it, at least 5 % of it is
/// burned, nothing is subsidised. Whoever buys from itself therefore loses what is burned.
package struct CommonsPolicy: Policy {
  /// Name and version.
  package static let id = "commons/0"

  /// One token buys one credit. A constant, not a parameter: changing it would leave a vault that
  /// does not cover the credits outstanding.
  package static let credit = Credit(tokenUnits: 1, creditUnits: 1)

  private static let burn = PolicyParameter(
    name: "economics.burn-per-ten-thousand", minimum: 500, maximum: 10_000, standard: 500,
    meaning: "the part of each payout that is burned, in parts of 10,000")
  private static let repairer = PolicyParameter(
    name: "economics.slash-repairer-per-ten-thousand", minimum: 0, maximum: 2_000, standard: 1_000,
    meaning: "the repairer's part of a slash, in parts of 10,000")
  private static let reporter = PolicyParameter(
    name: "economics.slash-reporter-per-ten-thousand", minimum: 0, maximum: 3_000, standard: 2_000,
    meaning: "the reporter's part of a slash, in parts of 10,000")
  private static let refund = PolicyParameter(
    name: "economics.slash-refund-per-ten-thousand", minimum: 0, maximum: 9_000, standard: 5_000,
    meaning: "the client's part of what is then left of a slash, in parts of 10,000; the rest burns"
  )
  private static let minimumBond = PolicyParameter(
    name: "economics.minimum-bond-base-units", minimum: 1,
    maximum: Amount.whole(1_000_000_000).baseUnits,
    standard: Amount.whole(100).baseUnits,
    meaning: "the smallest bond of a provider, in base units of 10^-18 token")
  private static let bondMultiple = PolicyParameter(
    name: "economics.bond-multiple", minimum: 1, maximum: 100, standard: 2,
    meaning: "a bond is at least this many times what repairing its obligations would cost")

  /// The parameters it reads.
  package static let parameters = [
    burn, repairer, reporter, refund, minimumBond, bondMultiple,
  ]

  /// Those that also hold where a preset says what burns.
  static let parametersBesidesBurn = parameters.filter { $0 != burn }

  package let burnSink: BurnSink
  private let repairerPart: UInt128
  private let reporterPart: UInt128
  private let refundPart: UInt128
  private let minimumBond: Amount
  private let bondMultiple: UInt128

  /// The policy under the values in force.
  /// - Parameter value: the value of one of ``parameters``, by name, within its bounds.
  package init(parameter value: (_ name: String) -> UInt128) {
    func bounded(_ parameter: PolicyParameter) -> UInt128 {
      min(max(value(parameter.name), parameter.minimum), parameter.maximum)
    }
    burnSink = BurnSink(perTenThousand: bounded(Self.burn))
    repairerPart = bounded(Self.repairer)
    reporterPart = bounded(Self.reporter)
    refundPart = bounded(Self.refund)
    minimumBond = Amount(baseUnits: bounded(Self.minimumBond))
    bondMultiple = bounded(Self.bondMultiple)
  }

  /// The policy under the parameters' standard values.
  package static let standard = CommonsPolicy { name in
    parameters.first { $0.name == name }?.standard ?? 0
  }

  package var id: String { Self.id }
  package var credit: Credit { Self.credit }

  /// Pays for usage in tokens from the vault, less what burns; nothing else is paid.
  /// - Throws: ``ArithmeticError``.
  package func settle(
    epoch: UInt64, _ inputs: [EpochInput]
  ) throws(ArithmeticError) -> [EpochLine] {
    var lines: [EpochLine] = []
    lines.reserveCapacity(inputs.count)
    for input in inputs {
      let (paid, burned) = try burnSink.divide(credit.tokens(for: input.credits))
      lines.append(
        EpochLine(
          payee: input.payee, credits: input.credits, tokensPaid: paid, tokensBurned: burned,
          tag: input.tag, rule: id))
    }
    return lines
  }

  /// Costs first, then the repairer's and the reporter's parts of the whole; of what is left the
  /// client gets its part back and the rest burns.
  /// - Throws: ``ArithmeticError``.
  package func divideSlash(_ slash: SlashInput) throws(ArithmeticError) -> SlashDivision {
    let costs = slash.costs.map { Split.Claim(.fixed($0.baseUnits)) }
    let rewards = [slash.hasRepairer ? repairerPart : 0, slash.hasReporter ? reporterPart : 0]
      .map { Split.Claim(.fraction(numerator: $0, denominator: 10_000, rounding: .down)) }
    let shares = try Split(costs + rewards).divide(slash.amount.baseUnits)
    let refunded = Split.Claim(
      .fraction(
        numerator: slash.hasClient ? refundPart : 0, denominator: 10_000, rounding: .down))
    let rest = try Split([refunded]).divide(shares.residual)
    return SlashDivision(
      costs: shares.claimed.prefix(costs.count).map { Amount(baseUnits: $0) },
      repairer: Amount(baseUnits: shares.claimed[costs.count]),
      reporter: Amount(baseUnits: shares.claimed[costs.count + 1]),
      client: Amount(baseUnits: rest.claimed[0]), burned: Amount(baseUnits: rest.residual))
  }

  /// A multiple of the repair's cost in tokens, rounded up, and never less than the minimum.
  /// - Throws: ``ArithmeticError/overflow``.
  package func requiredBond(repairCost: Credits) throws(ArithmeticError) -> Amount {
    let multiple = Credits(baseUnits: try repairCost.baseUnits.multiplied(by: bondMultiple))
    return max(minimumBond, try credit.tokensToBuy(multiple))
  }
}
