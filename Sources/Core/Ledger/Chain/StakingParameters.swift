import Primitives
import ServiceKit

/// The governed parameters of validators, stake and the oracle, with their hard bounds.
package enum StakingParameters {
  package static let unbondingMilliseconds = "staking.unbonding-milliseconds"
  package static let validatorLimit = "staking.validator-limit"
  package static let minimumSelfStake = "staking.minimum-self-stake-base-units"
  package static let minimumDelegation = "staking.minimum-delegation-base-units"
  package static let minimumCommission = "staking.minimum-commission-per-ten-thousand"
  package static let commissionDay = "staking.commission-day-milliseconds"
  package static let signingWindow = "staking.signing-window-blocks"
  package static let minimumSigned = "staking.minimum-signed-per-ten-thousand"
  package static let downtimeJailMilliseconds = "staking.downtime-jail-milliseconds"
  package static let downtimeSlash = "staking.downtime-slash-per-million"
  package static let doubleSignSlash = "staking.double-sign-slash-per-million"
  package static let reward = "staking.reward-per-million-per-year"
  package static let oracleMaximumAge = "oracle.maximum-age-milliseconds"

  private static let day: UInt128 = 86_400_000
  private static let token = Amount.baseUnitsPerWhole

  /// All of them.
  package static let declarations: [ParameterDeclaration] = stake + faults + rewards

  private static let stake = [
    ParameterDeclaration(
      unbondingMilliseconds, minimum: 1_000, maximum: 365 * day, production: 21 * day,
      devnet: { 4 * $0 }, meaning: "how long stake that leaves a validator can still be slashed"),
    ParameterDeclaration(
      validatorLimit, minimum: 1, maximum: 200, production: 100, devnet: { _ in 100 },
      meaning: "how many validators with the most stake make blocks"),
    ParameterDeclaration(
      minimumSelfStake, minimum: token, maximum: 1_000_000_000 * token,
      production: 1_000 * token, devnet: { _ in 100 * token },
      meaning: "the least that a validator stakes itself, in base units of 10^-18 token"),
    ParameterDeclaration(
      minimumDelegation, minimum: 1, maximum: 1_000 * token, production: token,
      devnet: { _ in token },
      meaning: "the least that is staked, or leaves unless all does, in 10^-18 token"),
    ParameterDeclaration(
      minimumCommission, minimum: 0, maximum: 2_000, production: 0, devnet: { _ in 0 },
      meaning: "the least that a validator keeps of its stakers' rewards, in parts of 10,000"),
    ParameterDeclaration(
      commissionDay, minimum: 1_000, maximum: 7 * day, production: day, devnet: { $0 },
      meaning: "how long a commission stays before it may change by its daily step"),
  ]

  private static let faults = [
    ParameterDeclaration(
      signingWindow, minimum: 10, maximum: UInt128(SigningRecord.windowLimit),
      production: 10_000, devnet: { _ in 200 },
      meaning: "over how many blocks it is counted what a validator missed"),
    ParameterDeclaration(
      minimumSigned, minimum: 500, maximum: 9_500, production: 5_000, devnet: { _ in 5_000 },
      meaning: "what a validator must sign of a window's blocks, in parts of 10,000"),
    ParameterDeclaration(
      downtimeJailMilliseconds, minimum: 1_000, maximum: 30 * day, production: 600_000,
      devnet: { $0 }, meaning: "how long a validator that missed too many blocks is jailed"),
    ParameterDeclaration(
      downtimeSlash, minimum: 0, maximum: 100_000, production: 100, devnet: { _ in 100 },
      meaning: "what missing too many blocks costs a stake, in millionths"),
    ParameterDeclaration(
      doubleSignSlash, minimum: 10_000, maximum: 1_000_000, production: 50_000,
      devnet: { _ in 50_000 },
      meaning: "what signing two blocks of one height costs a stake, in millionths"),
  ]

  private static let rewards = [
    ParameterDeclaration(
      reward, minimum: 0, maximum: 500_000, production: 0, devnet: { _ in 50_000 },
      meaning: "new tokens for the stake of the validators that make blocks, in millionths a year"),
    ParameterDeclaration(
      oracleMaximumAge, minimum: 0, maximum: 30 * day, production: 3_600_000,
      devnet: { 20 * $0 },
      meaning: "how old the oracle's price may be before nothing is minted; 0 for no oracle"),
  ]
}
