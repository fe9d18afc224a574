import Economics
import Primitives
import ServiceKit

/// The governed parameters that the ledger itself reads. Economic rates are not among them: those
/// belong to the policy.
package enum LedgerParameters {
  package static let epochMilliseconds = "ledger.epoch-milliseconds"
  package static let unbondingMilliseconds = "ledger.unbonding-milliseconds"
  package static let leaseClosingMilliseconds = "ledger.lease-closing-milliseconds"
  package static let leaseGraceMilliseconds = "ledger.lease-grace-milliseconds"
  package static let lowEscrowMilliseconds = "ledger.low-escrow-milliseconds"
  package static let faucetLimit = "ledger.faucet-limit"
  package static let historyEpochs = "ledger.history-epochs"

  private static let day: UInt128 = 86_400_000

  /// All of them, with bounds and values.
  package static let declarations: [ParameterDeclaration] = [
    ParameterDeclaration(
      epochMilliseconds, minimum: 1_000, maximum: 31 * day, production: day,
      devnet: { $0 }, meaning: "how long a settlement epoch is"),
    ParameterDeclaration(
      unbondingMilliseconds, minimum: 1_000, maximum: 365 * day, production: 21 * day,
      devnet: { 4 * $0 }, meaning: "how long a bond stays after its provider asked to leave"),
    ParameterDeclaration(
      leaseClosingMilliseconds, minimum: 0, maximum: 30 * day, production: day,
      devnet: { $0 },
      meaning: "how long providers may claim after a lease was closed, before its refund"),
    ParameterDeclaration(
      leaseGraceMilliseconds, minimum: 0, maximum: 365 * day, production: 7 * day,
      devnet: { 20 * $0 },
      meaning: "how long a lease whose escrow is short lives on, waiting for a top-up"),
    ParameterDeclaration(
      lowEscrowMilliseconds, minimum: 0, maximum: 365 * day, production: 7 * day,
      devnet: { 5 * $0 },
      meaning: "a customer is warned when its escrow lasts shorter than this at the present rate"),
    ParameterDeclaration(
      faucetLimit, minimum: 0, maximum: Amount.whole(1_000_000_000).baseUnits, production: 0,
      devnet: { _ in Amount.whole(1_000_000).baseUnits },
      meaning: "the most base units that one faucet transaction mints, where there is a faucet"),
    ParameterDeclaration(
      historyEpochs, minimum: 1, maximum: 1_000_000, production: 800, devnet: { _ in 20_000 },
      meaning: "for how many epochs payout lines and summaries are kept"),
  ]

  /// Every parameter of a network with these services, with the values of a devnet whose epochs
  /// have this length, within their bounds.
  package static func devnet(
    epochMilliseconds: UInt128, services: [any ServiceModule], policy: String = CommonsPolicy.id
  ) -> [Genesis.Parameter] {
    all(services, policy: policy).map {
      let value = min(max($0.devnet(epochMilliseconds), $0.minimum), $0.maximum)
      return Genesis.Parameter(name: $0.name, value: value)
    }
  }

  /// Every parameter of a network with these services, with its production value.
  package static func production(
    services: [any ServiceModule], policy: String = CommonsPolicy.id
  ) -> [Genesis.Parameter] {
    all(services, policy: policy).map { Genesis.Parameter(name: $0.name, value: $0.production) }
  }

  /// The declarations of the ledger, of the policy and of the services.
  package static func all(
    _ services: [any ServiceModule], policy: String = CommonsPolicy.id
  ) -> [ParameterDeclaration] {
    let economic = (PolicyCatalogue.parameters(of: policy) ?? []).map { parameter in
      ParameterDeclaration(
        parameter.name, minimum: parameter.minimum, maximum: parameter.maximum,
        production: parameter.standard, devnet: { _ in parameter.standard },
        meaning: parameter.meaning)
    }
    return declarations + StakingParameters.declarations + economic + services.flatMap(\.parameters)
  }
}
