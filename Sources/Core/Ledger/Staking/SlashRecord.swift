import Primitives
import ServiceKit

/// What was taken from a provider's bond, where it went and why.
package struct SlashRecord: Hashable, Sendable, CanonicalCodable {
  package let epoch: UInt64
  package let provider: ProviderID
  package let time: LedgerTime
  package let lease: LeaseID?
  /// Everything that was taken.
  package let amount: Amount
  /// What went to the beneficiaries that the service named, repairers and reporters say.
  package let toBeneficiaries: Amount
  /// What the lease's customer got.
  package let refunded: Amount
  package let burned: Amount
  package let cause: Cause

  package init(
    epoch: UInt64, provider: ProviderID, time: LedgerTime, lease: LeaseID?, amount: Amount,
    toBeneficiaries: Amount, refunded: Amount, burned: Amount, cause: Cause
  ) {
    self.epoch = epoch
    self.provider = provider
    self.time = time
    self.lease = lease
    self.amount = amount
    self.toBeneficiaries = toBeneficiaries
    self.refunded = refunded
    self.burned = burned
    self.cause = cause
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(epoch)
    encoder.encode(provider)
    encoder.encode(time)
    encoder.encode(lease)
    encoder.encode(amount)
    encoder.encode(toBeneficiaries)
    encoder.encode(refunded)
    encoder.encode(burned)
    encoder.encode(cause)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    epoch = try decoder.decodeUInt64()
    provider = try decoder.decode()
    time = try decoder.decode()
    lease = try decoder.decodeOptional()
    amount = try decoder.decode()
    toBeneficiaries = try decoder.decode()
    refunded = try decoder.decode()
    burned = try decoder.decode()
    cause = try decoder.decode()
  }
}
