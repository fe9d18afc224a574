import Primitives

/// What one share of a pool has earned since the pool began, so that a reward is divided among any
/// number of holders in one step (the "F1" rule of fee distribution: cumulative reward per share).
///
/// Exact: earnings are counted in 2^-64 of a base unit, what does not divide evenly is carried to
/// the next reward, and each holder keeps its own fraction. Σ due of the holders + carry is at any
/// time what was added, to the last unit, whenever and however often anyone settles.
package struct RewardIndex: Hashable, Sendable, CanonicalCodable {
  /// Earned by one share so far, in 2^-64 base units.
  package private(set) var perShare: UInt128
  /// Added and not yet divided, in 2^-64 base units.
  package private(set) var carry: UInt128

  package init(perShare: UInt128 = 0, carry: UInt128 = 0) {
    self.perShare = perShare
    self.carry = carry
  }

  /// Divides a reward among `shares`.
  /// - Throws: ``ArithmeticError``: ``ArithmeticError/divisionByZero`` when there is no share.
  package mutating func add(_ reward: Amount, shares: UInt128) throws(ArithmeticError) {
    if shares == 0 { throw .divisionByZero }
    var (high, low) = reward.baseUnits.multipliedFullWidth(by: 1 << 64)
    let (sum, overflow) = low.addingReportingOverflow(carry)
    low = sum
    if overflow { high = try high.adding(1) }
    if high >= shares { throw .overflow }
    let (each, rest) = shares.dividingFullWidth((high, low))
    perShare = try perShare.adding(each)
    carry = rest
  }

  /// Takes back the fraction that a holder who leaves could not be paid.
  /// - Throws: ``ArithmeticError/overflow``.
  package mutating func takeBack(fraction: UInt64) throws(ArithmeticError) {
    carry = try carry.adding(UInt128(fraction))
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(perShare)
    encoder.encode(carry)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    perShare = try decoder.decodeUInt128()
    carry = try decoder.decodeUInt128()
  }
}

/// A holder's shares and from when they earn.
package struct RewardHolding: Hashable, Sendable, CanonicalCodable {
  package private(set) var shares: UInt128
  /// ``RewardIndex/perShare`` up to which everything is paid.
  package private(set) var paidUpTo: UInt128
  /// What is due beyond the last whole base unit paid, in 2^-64 base units.
  package private(set) var fraction: UInt64

  /// A holding that earns from now on.
  package init(shares: UInt128 = 0, index: RewardIndex) {
    self.shares = shares
    paidUpTo = index.perShare
    fraction = 0
  }

  /// What is due in all, in 2^-64 base units, as a 256-bit number.
  /// - Throws: ``ArithmeticError``.
  package func due(
    _ index: RewardIndex
  ) throws(ArithmeticError) -> (high: UInt128, low: UInt128) {
    let grown = try index.perShare.subtracting(paidUpTo)
    let (high, low) = shares.multipliedFullWidth(by: grown)
    let (sum, overflow) = low.addingReportingOverflow(UInt128(fraction))
    return (overflow ? try high.adding(1) : high, sum)
  }

  /// Pays what is due in whole base units and keeps the fraction.
  /// - Throws: ``ArithmeticError``.
  package mutating func settle(_ index: RewardIndex) throws(ArithmeticError) -> Amount {
    let (high, low) = try due(index)
    if high >= 1 << 64 { throw .overflow }
    paidUpTo = index.perShare
    fraction = UInt64(truncatingIfNeeded: low)
    return Amount(baseUnits: high << 64 | low >> 64)
  }

  /// Changes the number of shares. - Precondition: settled at the present index.
  package mutating func set(shares: UInt128) { self.shares = shares }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(shares)
    encoder.encode(paidUpTo)
    encoder.encode(fraction)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    shares = try decoder.decodeUInt128()
    paidUpTo = try decoder.decodeUInt128()
    fraction = try decoder.decodeUInt64()
  }
}
