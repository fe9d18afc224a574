import Primitives
import ServiceKit

/// Steps of a posted transcript that somebody has demanded and that wait for their opening. A
/// provider has one demand at a time.
package struct DemandRecord: Hashable, Sendable, CanonicalCodable {
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
    provider: ProviderID, round: RoundID, demander: AccountID, lease: LeaseID, deposit: Credits,
    steps: [UInt32], askedAt: LedgerTime
  ) {
    self.provider = provider
    self.round = round
    self.demander = demander
    self.lease = lease
    self.deposit = deposit
    self.steps = steps
    self.askedAt = askedAt
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(provider)
    encoder.encode(round)
    encoder.encode(demander)
    encoder.encode(lease)
    encoder.encode(deposit)
    encoder.encode(steps)
    encoder.encode(askedAt)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    provider = try decoder.decode()
    round = try decoder.decode()
    demander = try decoder.decode()
    lease = try decoder.decode()
    deposit = try decoder.decode()
    steps = try decoder.decodeArray(limit: DemandSteps.stepLimit)
    askedAt = try decoder.decode()
  }
}
