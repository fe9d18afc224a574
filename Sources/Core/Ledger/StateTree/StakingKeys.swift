import Primitives
import ServiceKit

// Keys of validators, of what is staked with them, and of the oracle.
extension StateKeys {
  /// The validators that the engine was told of.
  package static let activeSet = StateKey([Table.activeSet.rawValue])
  /// The last price of a token.
  package static let oraclePrice = StateKey([Table.oraclePrice.rawValue])

  /// What an account has staked with a validator.
  package static func delegation(
    _ validator: ValidatorNumber, _ delegator: AccountID
  ) -> StateKey {
    StateKey(table: Table.delegation.rawValue) {
      $0.encode(validator)
      $0.encode(delegator)
    }
  }

  /// Marks that an account stakes with a validator; the row is empty.
  package static func delegatorMark(
    _ delegator: AccountID, _ validator: ValidatorNumber
  ) -> StateKey {
    StateKey(table: Table.delegatorMark.rawValue) {
      $0.encode(delegator)
      $0.encode(validator)
    }
  }

  /// The account of a validator.
  package static func validatorNumber(_ number: ValidatorNumber) -> StateKey {
    StateKey(table: Table.validatorNumber.rawValue) { $0.encode(number) }
  }

  /// The account whose validator votes under an address; kept for ever.
  package static func consensusKey(_ address: ConsensusAddress) -> StateKey {
    StateKey(table: Table.consensusKey.rawValue) { $0.encode(address) }
  }

  /// Stake that is leaving.
  package static func unbonding(_ id: UnbondingID) -> StateKey {
    StateKey(table: Table.unbonding.rawValue) { $0.encode(id) }
  }

  /// Stake that was moved away from a validator.
  package static func redelegation(_ id: UnbondingID) -> StateKey {
    StateKey(table: Table.redelegation.rawValue) { $0.encode(id) }
  }

  /// Until when stake that an account moved to a validator cannot move on.
  package static func arrival(_ delegator: AccountID, _ target: ValidatorNumber) -> StateKey {
    StateKey(table: Table.arrival.rawValue) {
      $0.encode(delegator)
      $0.encode(target)
    }
  }

  /// Which blocks a validator of the set has missed.
  package static func signing(_ number: ValidatorNumber) -> StateKey {
    StateKey(table: Table.signing.rawValue) { $0.encode(number) }
  }

  /// What a validator's stake got in an epoch.
  package static func stakingLine(epoch: UInt64, _ number: ValidatorNumber) -> StateKey {
    StateKey(table: Table.stakingLine.rawValue) {
      $0.encode(UInt32(truncatingIfNeeded: epoch))
      $0.encode(number)
    }
  }

  /// Rewards that an account was paid in an epoch.
  package static func rewardClaim(
    epoch: UInt64, delegator: AccountID, serial: UInt64
  ) -> StateKey {
    StateKey(table: Table.rewardClaim.rawValue) {
      $0.encode(UInt32(truncatingIfNeeded: epoch))
      $0.encode(delegator)
      $0.encode(serial)
    }
  }

  /// All stake that is with a validator, ascending by account.
  package static func delegations(to validator: ValidatorNumber) -> KeyRange {
    KeyRange(prefix: [Table.delegation.rawValue] + validator.canonicalBytes())
  }

  /// The marks of the validators with which an account stakes.
  package static func delegatorMarks(of delegator: AccountID) -> KeyRange {
    KeyRange(prefix: [Table.delegatorMark.rawValue] + delegator.bytes)
  }

  /// Stake that began to leave a validator in the block of `height` or later.
  package static func unbondings(
    from validator: ValidatorNumber, since height: UInt64 = 0
  ) -> KeyRange {
    departures(.unbonding, from: validator, since: height)
  }

  /// Stake that was moved away from a validator in the block of `height` or later.
  package static func redelegations(
    from validator: ValidatorNumber, since height: UInt64 = 0
  ) -> KeyRange {
    departures(.redelegation, from: validator, since: height)
  }

  private static func departures(
    _ table: Table, from validator: ValidatorNumber, since height: UInt64
  ) -> KeyRange {
    let all = KeyRange(prefix: [table.rawValue] + validator.canonicalBytes())
    let first = StateKey(table: table.rawValue) {
      $0.encode(UnbondingID(validator: validator, height: height, serial: 0))
    }
    return KeyRange(from: first, to: all.to)
  }

  /// What the stakes of an epoch got, ascending by validator.
  package static func stakingLines(epoch: UInt64) -> KeyRange {
    KeyRange(
      prefix: [Table.stakingLine.rawValue] + UInt32(truncatingIfNeeded: epoch).canonicalBytes())
  }

  /// The rewards that were paid in an epoch, ascending by account.
  package static func rewardClaims(epoch: UInt64) -> KeyRange {
    KeyRange(
      prefix: [Table.rewardClaim.rawValue] + UInt32(truncatingIfNeeded: epoch).canonicalBytes())
  }

  /// The validator that a row of ``delegatorMarks(of:)`` names.
  package static func validator(fromMark key: StateKey) -> ValidatorNumber? {
    let bytes = key.bytes
    guard bytes.count == 37 else { return nil }
    return ValidatorNumber(number: bytes.suffix(4).reduce(0) { $0 << 8 | UInt32($1) })
  }

  /// The stake that a row of the unbonding or the redelegation table is.
  package static func unbondingID(of key: StateKey) -> UnbondingID? {
    do throws(CodecError) {
      return try UnbondingID(canonicalBytes: Array(key.bytes.dropFirst()))
    } catch {
      return nil
    }
  }
}
