import Primitives
import ServiceKit

/// Steps of a posted transcript that somebody has demanded and that wait for their opening.
///
/// Everybody has one demand to a provider at a time; a provider may have several, so that no friend
/// of its can keep others from asking.
package struct DemandRecord: Hashable, Sendable, CanonicalCodable {
  /// Counts demands, from 1.
  package let number: UInt64
  package let provider: ProviderID
  package let round: RoundID
  /// Who demanded them, and the lease of its own that stands for the deposit.
  package let demander: AccountID
  package let lease: LeaseID
  /// What the provider is paid out of the lease when it opens them all.
  package let deposit: Credits
  /// Strictly ascending; opened in this order.
  package let steps: [UInt32]
  package let askedAt: LedgerTime

  package init(
    number: UInt64, provider: ProviderID, round: RoundID, demander: AccountID,
    lease: LeaseID, deposit: Credits, steps: [UInt32], askedAt: LedgerTime
  ) {
    self.number = number
    self.provider = provider
    self.round = round
    self.demander = demander
    self.lease = lease
    self.deposit = deposit
    self.steps = steps
    self.askedAt = askedAt
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(number)
    encoder.encode(provider)
    encoder.encode(round)
    encoder.encode(demander)
    encoder.encode(lease)
    encoder.encode(deposit)
    encoder.encode(steps)
    encoder.encode(askedAt)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    number = try decoder.decodeUInt64()
    provider = try decoder.decode()
    round = try decoder.decode()
    demander = try decoder.decode()
    lease = try decoder.decode()
    deposit = try decoder.decode()
    steps = try decoder.decodeArray(limit: DemandSteps.stepLimit)
    askedAt = try decoder.decode()
  }
}
