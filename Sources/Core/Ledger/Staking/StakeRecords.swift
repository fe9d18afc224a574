import Economics
import Primitives
import ServiceKit

/// What an account has staked with a validator.
package struct DelegationRecord: Hashable, Sendable, CanonicalCodable {
  /// Shares of the validator's stake, and up to where their rewards are paid.
  package var holding: RewardHolding
  package let since: LedgerTime

  package init(holding: RewardHolding, since: LedgerTime) {
    self.holding = holding
    self.since = since
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(holding)
    encoder.encode(since)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    holding = try decoder.decode()
    since = try decoder.decode()
  }
}

/// Which stake that has left or is leaving: the validator, the block in which it began, a serial
/// number.
package struct UnbondingID: Hashable, Sendable, CanonicalCodable {
  package let validator: ValidatorNumber
  package let height: UInt64
  package let serial: UInt64

  package init(validator: ValidatorNumber, height: UInt64, serial: UInt64) {
    self.validator = validator
    self.height = height
    self.serial = serial
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(validator)
    encoder.encode(height)
    encoder.encode(serial)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    validator = try decoder.decode()
    height = try decoder.decodeUInt64()
    serial = try decoder.decodeUInt64()
  }
}

/// Stake that is leaving a validator: it earns nothing, and a fault from before it left still
/// takes its part.
package struct UnbondingRecord: Hashable, Sendable, CanonicalCodable {
  package let delegator: AccountID
  /// What it was when it began.
  package let initial: Amount
  /// What is left of it.
  package var balance: Amount
  /// When it is paid out.
  package let completesAt: LedgerTime

  package init(
    delegator: AccountID, initial: Amount, balance: Amount, completesAt: LedgerTime
  ) {
    self.delegator = delegator
    self.initial = initial
    self.balance = balance
    self.completesAt = completesAt
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(delegator)
    encoder.encode(initial)
    encoder.encode(balance)
    encoder.encode(completesAt)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    delegator = try decoder.decode()
    initial = try decoder.decode()
    balance = try decoder.decode()
    completesAt = try decoder.decode()
  }
}

/// Stake that was moved from one validator to another, as long as it answers for the first.
package struct RedelegationRecord: Hashable, Sendable, CanonicalCodable {
  package let delegator: AccountID
  /// Where it went.
  package let target: ValidatorNumber
  /// What it was when it moved.
  package let initial: Amount
  /// What of it faults of the first validator have not claimed yet.
  package var balance: Amount
  /// When it answers for the first validator no more.
  package let completesAt: LedgerTime

  package init(
    delegator: AccountID, target: ValidatorNumber, initial: Amount, balance: Amount,
    completesAt: LedgerTime
  ) {
    self.delegator = delegator
    self.target = target
    self.initial = initial
    self.balance = balance
    self.completesAt = completesAt
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(delegator)
    encoder.encode(target)
    encoder.encode(initial)
    encoder.encode(balance)
    encoder.encode(completesAt)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    delegator = try decoder.decode()
    target = try decoder.decode()
    initial = try decoder.decode()
    balance = try decoder.decode()
    completesAt = try decoder.decode()
  }
}

/// Which of the last blocks a validator of the set did not sign.
package struct SigningRecord: Hashable, Sendable, CanonicalCodable {
  /// The longest window, in blocks.
  package static let windowLimit = 100_000

  /// The first height that counts.
  package let since: UInt64
  /// How many blocks are looked at.
  package let window: UInt32
  /// How many of them were missed.
  package private(set) var missed: UInt32
  /// One bit a block, at its height modulo the window.
  private var bits: [UInt8]

  /// Nothing missed yet. - Precondition: a window within its limit.
  package init(since: UInt64, window: UInt32) {
    precondition(window > 0 && window <= UInt32(Self.windowLimit))
    self.since = since
    self.window = window
    missed = 0
    bits = Array(repeating: 0, count: (Int(window) + 7) / 8)
  }

  /// Notes a block; returns whether anything changed.
  package mutating func note(height: UInt64, missed isMissed: Bool) -> Bool {
    let slot = Int(height % UInt64(window))
    let mask = UInt8(1) << UInt8(slot % 8)
    let was = bits[slot / 8] & mask != 0
    if was == isMissed { return false }
    bits[slot / 8] ^= mask
    missed = isMissed ? missed + 1 : missed - 1
    return true
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(since)
    encoder.encode(window)
    encoder.encode(missed)
    encoder.encode(bits)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    since = try decoder.decodeUInt64()
    window = try decoder.decodeUInt32()
    missed = try decoder.decodeUInt32()
    bits = try decoder.decodeBytes(limit: Self.windowLimit / 8 + 1)
    let ones = bits.reduce(0) { $0 + $1.nonzeroBitCount }
    guard window > 0, bits.count == (Int(window) + 7) / 8, ones == Int(missed) else {
      throw .invalid("a signing record's bits do not fit its window and count")
    }
  }
}

/// The validators that the engine was told of, ascending by number.
package struct ActiveSetRecord: Hashable, Sendable, CanonicalCodable {
  /// One validator of the set.
  package struct Member: Hashable, Sendable, CanonicalCodable {
    package let number: ValidatorNumber
    package let account: AccountID
    package let power: UInt64
    package init(number: ValidatorNumber, account: AccountID, power: UInt64) {
      self.number = number
      self.account = account
      self.power = power
    }
    package func encode(into encoder: inout CanonicalEncoder) {
      encoder.encode(number)
      encoder.encode(account)
      encoder.encode(power)
    }
    package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
      number = try decoder.decode()
      account = try decoder.decode()
      power = try decoder.decodeUInt64()
    }
  }

  package let members: [Member]
  package init(members: [Member]) { self.members = members }

  /// The member that an account is, if it is one.
  package func member(_ account: AccountID) -> Member? {
    members.first { $0.account == account }
  }

  /// All members' power together.
  package var totalPower: UInt64 { members.reduce(0) { $0.addingSaturated($1.power) } }

  package func encode(into encoder: inout CanonicalEncoder) { encoder.encode(members) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    members = try decoder.decodeArray(limit: 1024)
  }
}

/// What a validator and its stakers got at an epoch's end, or why they got nothing.
package struct StakingLine: Hashable, Sendable, CanonicalCodable {
  package let epoch: UInt64
  package let validator: AccountID
  /// Everything that was staked with it.
  package let stake: Amount
  package let shares: UInt128
  /// New tokens: the commission and what the stake divides.
  package let reward: Amount
  /// What of it the validator's balance got.
  package let commission: Amount
  /// ``RewardIndex/perShare`` before and after: a holder of n shares earned
  /// n × (after − before) / 2^64 base units.
  package let perShareBefore: UInt128
  package let perShareAfter: UInt128
  package let cause: Cause

  package init(
    epoch: UInt64, validator: AccountID, stake: Amount, shares: UInt128, reward: Amount,
    commission: Amount, perShareBefore: UInt128, perShareAfter: UInt128, cause: Cause
  ) {
    self.epoch = epoch
    self.validator = validator
    self.stake = stake
    self.shares = shares
    self.reward = reward
    self.commission = commission
    self.perShareBefore = perShareBefore
    self.perShareAfter = perShareAfter
    self.cause = cause
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(epoch)
    encoder.encode(validator)
    encoder.encode(stake)
    encoder.encode(shares)
    encoder.encode(reward)
    encoder.encode(commission)
    encoder.encode(perShareBefore)
    encoder.encode(perShareAfter)
    encoder.encode(cause)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    epoch = try decoder.decodeUInt64()
    validator = try decoder.decode()
    stake = try decoder.decode()
    shares = try decoder.decodeUInt128()
    reward = try decoder.decode()
    commission = try decoder.decode()
    perShareBefore = try decoder.decodeUInt128()
    perShareAfter = try decoder.decodeUInt128()
    cause = try decoder.decode()
  }
}

/// Rewards that a staker was paid.
package struct RewardClaimRecord: Hashable, Sendable, CanonicalCodable {
  package let delegator: AccountID
  package let validator: AccountID
  package let time: LedgerTime
  package let amount: Amount
  /// The shares that earned it, from one value of the validator's index to the other.
  package let shares: UInt128
  package let fromPerShare: UInt128
  package let toPerShare: UInt128

  package init(
    delegator: AccountID, validator: AccountID, time: LedgerTime, amount: Amount,
    shares: UInt128, fromPerShare: UInt128, toPerShare: UInt128
  ) {
    self.delegator = delegator
    self.validator = validator
    self.time = time
    self.amount = amount
    self.shares = shares
    self.fromPerShare = fromPerShare
    self.toPerShare = toPerShare
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(delegator)
    encoder.encode(validator)
    encoder.encode(time)
    encoder.encode(amount)
    encoder.encode(shares)
    encoder.encode(fromPerShare)
    encoder.encode(toPerShare)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    delegator = try decoder.decode()
    validator = try decoder.decode()
    time = try decoder.decode()
    amount = try decoder.decode()
    shares = try decoder.decodeUInt128()
    fromPerShare = try decoder.decodeUInt128()
    toPerShare = try decoder.decodeUInt128()
  }
}
