import Economics
import Primitives

/// A validator's serial number, which keys of its delegations carry: 1, 2, 3, …
package struct ValidatorNumber: Hashable, Comparable, Sendable, CanonicalCodable {
  package let number: UInt32
  package init(number: UInt32) { self.number = number }
  package static func < (left: ValidatorNumber, right: ValidatorNumber) -> Bool {
    left.number < right.number
  }
  package func encode(into encoder: inout CanonicalEncoder) { encoder.encode(number) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    number = try decoder.decodeUInt32()
  }
}

/// What a validator keeps of its delegators' rewards, in parts of 10,000.
package struct Commission: Hashable, Sendable, CanonicalCodable {
  /// The rate in force.
  package let perTenThousand: UInt16
  /// What the rate never exceeds; fixed when the validator is created.
  package let maximum: UInt16
  /// By how much the rate may change in a day; fixed when the validator is created.
  package let maximumDailyChange: UInt16

  package init(perTenThousand: UInt16, maximum: UInt16, maximumDailyChange: UInt16) {
    self.perTenThousand = perTenThousand
    self.maximum = maximum
    self.maximumDailyChange = maximumDailyChange
  }

  /// 5 %, at most 20 %, at most a point a day.
  package static let standard = Commission(
    perTenThousand: 500, maximum: 2_000, maximumDailyChange: 100)

  /// Whether the rate is within the maximum, and that within the whole.
  package var isWithinBounds: Bool {
    perTenThousand <= maximum && maximum <= 10_000 && maximumDailyChange <= maximum
  }

  /// The same bounds with another rate.
  package func changed(to rate: UInt16) -> Commission {
    Commission(perTenThousand: rate, maximum: maximum, maximumDailyChange: maximumDailyChange)
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(perTenThousand)
    encoder.encode(maximum)
    encoder.encode(maximumDailyChange)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    perTenThousand = try decoder.decodeUInt16()
    maximum = try decoder.decodeUInt16()
    maximumDailyChange = try decoder.decodeUInt16()
  }
}

/// What a new validator says of itself.
package struct ValidatorTerms: Hashable, Sendable, CanonicalCodable {
  /// The longest name, in bytes.
  package static let nameByteLimit = 64

  /// What people call it.
  package let name: String
  /// The Ed25519 key with which its node votes.
  package let consensusPublicKey: Bytes32
  /// The public key of its part in the beacon.
  package let verifiableRandomPublicKey: Bytes32
  package let commission: Commission
  /// What it stakes itself.
  package let stake: Amount

  package init(
    name: String, consensusPublicKey: Bytes32, verifiableRandomPublicKey: Bytes32,
    commission: Commission, stake: Amount
  ) {
    self.name = name
    self.consensusPublicKey = consensusPublicKey
    self.verifiableRandomPublicKey = verifiableRandomPublicKey
    self.commission = commission
    self.stake = stake
  }

  /// The voting power that the stake is worth.
  package var power: UInt64 { Self.power(of: stake) }

  /// The voting power that a stake is worth: one for each whole token, capped so that 1,024
  /// validators together stay below the engine's limit of 2^60.
  package static func power(of stake: Amount) -> UInt64 {
    UInt64(clamping: min(stake.baseUnits / Amount.baseUnitsPerWhole, 1 << 50))
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(name)
    encoder.encode(consensusPublicKey)
    encoder.encode(verifiableRandomPublicKey)
    encoder.encode(commission)
    encoder.encode(stake)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    name = try decoder.decodeString(limit: Self.nameByteLimit)
    consensusPublicKey = try decoder.decode()
    verifiableRandomPublicKey = try decoder.decode()
    commission = try decoder.decode()
    stake = try decoder.decode()
  }
}

/// A validator as the ledger keeps it.
package struct ValidatorRecord: Hashable, Sendable, CanonicalCodable {
  package let number: ValidatorNumber
  package let consensusPublicKey: Bytes32
  package let verifiableRandomPublicKey: Bytes32
  package var name: String
  package var commission: Commission
  /// When the commission was last set.
  package var commissionSetAt: LedgerTime
  /// Everything that is staked with it, its own part included.
  package var stake: StakePool
  /// What its stake has earned.
  package var rewards: RewardIndex
  /// Rewards that were issued to its stake and are not claimed yet; in the ledger's custody.
  package var unclaimed: Amount
  /// Set while it is jailed: it may be released from then on.
  package var jailedUntil: LedgerTime?
  /// Whether it signed two blocks of one height: it never comes back.
  package var isTombstoned: Bool
  /// Everything that was ever taken from its stake.
  package var slashed: Amount
  package let createdAt: LedgerTime

  package init(number: ValidatorNumber, terms: ValidatorTerms, createdAt: LedgerTime) {
    self.number = number
    consensusPublicKey = terms.consensusPublicKey
    verifiableRandomPublicKey = terms.verifiableRandomPublicKey
    name = terms.name
    commission = terms.commission
    commissionSetAt = createdAt
    stake = StakePool()
    rewards = RewardIndex()
    unclaimed = .zero
    jailedUntil = nil
    isTombstoned = false
    slashed = .zero
    self.createdAt = createdAt
  }

  /// How the engine knows it.
  package var address: ConsensusAddress { ConsensusAddress(publicKey: consensusPublicKey) }

  /// The voting power that everything staked with it is worth.
  package var power: UInt64 { ValidatorTerms.power(of: stake.tokens) }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(number)
    encoder.encode(consensusPublicKey)
    encoder.encode(verifiableRandomPublicKey)
    encoder.encode(name)
    encoder.encode(commission)
    encoder.encode(commissionSetAt)
    encoder.encode(stake)
    encoder.encode(rewards)
    encoder.encode(unclaimed)
    encoder.encode(jailedUntil)
    encoder.encode(isTombstoned)
    encoder.encode(slashed)
    encoder.encode(createdAt)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    number = try decoder.decode()
    consensusPublicKey = try decoder.decode()
    verifiableRandomPublicKey = try decoder.decode()
    name = try decoder.decodeString(limit: ValidatorTerms.nameByteLimit)
    commission = try decoder.decode()
    commissionSetAt = try decoder.decode()
    stake = try decoder.decode()
    rewards = try decoder.decode()
    unclaimed = try decoder.decode()
    jailedUntil = try decoder.decodeOptional()
    isTombstoned = try decoder.decodeBool()
    slashed = try decoder.decode()
    createdAt = try decoder.decode()
  }
}
