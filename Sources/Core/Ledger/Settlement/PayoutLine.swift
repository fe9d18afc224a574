import Primitives
import ServiceKit

/// One line of what a provider got at an epoch's end, or why it got nothing.
package struct PayoutLine: Hashable, Sendable, CanonicalCodable {
  package let epoch: UInt64
  package let provider: ProviderID
  package let index: UInt32
  /// The lease that paid; nil for lines without one.
  package let lease: LeaseID?
  package let source: EarningSource
  /// What was earned.
  package let credits: Credits
  /// What the provider's balance got for it.
  package let tokens: Amount
  /// What was burned of it.
  package let burned: Amount
  /// The quantity that was priced, in the dimension's smallest unit; 0 where nothing was metered.
  package let quantity: UInt128
  /// The price it was multiplied with.
  package let creditsPerUnit: Credits?
  /// The rule of the policy that split it, such as `commons/0`.
  package let rule: String
  /// Why, with the evidence.
  package let causes: CauseList

  package init(
    epoch: UInt64, provider: ProviderID, index: UInt32, lease: LeaseID?, source: EarningSource,
    credits: Credits, tokens: Amount, burned: Amount, quantity: UInt128, creditsPerUnit: Credits?,
    rule: String, causes: CauseList
  ) {
    self.epoch = epoch
    self.provider = provider
    self.index = index
    self.lease = lease
    self.source = source
    self.credits = credits
    self.tokens = tokens
    self.burned = burned
    self.quantity = quantity
    self.creditsPerUnit = creditsPerUnit
    self.rule = rule
    self.causes = causes
  }

  /// The first cause in full.
  package var cause: Cause? { causes.kept.first }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(epoch)
    encoder.encode(provider)
    encoder.encode(index)
    encoder.encode(lease)
    encoder.encode(source.tag)
    encoder.encode(credits)
    encoder.encode(tokens)
    encoder.encode(burned)
    encoder.encode(quantity)
    encoder.encode(creditsPerUnit)
    encoder.encode(rule)
    encoder.encode(causes)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    epoch = try decoder.decodeUInt64()
    provider = try decoder.decode()
    index = try decoder.decodeUInt32()
    lease = try decoder.decodeOptional()
    let tag = try decoder.decodeUInt8()
    guard let known = EarningSource(tag: tag) else {
      throw .unknownCase(type: "EarningSource", byte: tag)
    }
    source = known
    credits = try decoder.decode()
    tokens = try decoder.decode()
    burned = try decoder.decode()
    quantity = try decoder.decodeUInt128()
    creditsPerUnit = try decoder.decodeOptional()
    rule = try decoder.decodeString(limit: 128)
    causes = try decoder.decode()
  }
}

/// What an epoch came to.
package struct EpochSummary: Hashable, Sendable, CanonicalCodable {
  package let epoch: UInt64
  package let startedAt: LedgerTime
  package let endedAt: LedgerTime
  /// The block that ended it.
  package let height: UInt64
  /// Payout lines, zeros among them.
  package let lines: UInt64
  /// Lines that paid nothing.
  package let zeroLines: UInt64
  package let credits: Credits
  package let paid: Amount
  package let burned: Amount
  package let policy: String

  package init(
    epoch: UInt64, startedAt: LedgerTime, endedAt: LedgerTime, height: UInt64, lines: UInt64,
    zeroLines: UInt64, credits: Credits, paid: Amount, burned: Amount, policy: String
  ) {
    self.epoch = epoch
    self.startedAt = startedAt
    self.endedAt = endedAt
    self.height = height
    self.lines = lines
    self.zeroLines = zeroLines
    self.credits = credits
    self.paid = paid
    self.burned = burned
    self.policy = policy
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(epoch)
    encoder.encode(startedAt)
    encoder.encode(endedAt)
    encoder.encode(height)
    encoder.encode(lines)
    encoder.encode(zeroLines)
    encoder.encode(credits)
    encoder.encode(paid)
    encoder.encode(burned)
    encoder.encode(policy)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    epoch = try decoder.decodeUInt64()
    startedAt = try decoder.decode()
    endedAt = try decoder.decode()
    height = try decoder.decodeUInt64()
    lines = try decoder.decodeUInt64()
    zeroLines = try decoder.decodeUInt64()
    credits = try decoder.decode()
    paid = try decoder.decode()
    burned = try decoder.decode()
    policy = try decoder.decodeString(limit: 64)
  }
}
