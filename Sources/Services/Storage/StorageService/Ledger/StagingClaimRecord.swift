import Primitives
import ServiceKit

/// What a provider keeps in a slot of a placement group that no bundle holds, by its own word and
/// the customer's orders, and what it was paid for it.
package struct StagingClaimRecord: Hashable, Sendable, CanonicalCodable {
  package let provider: ProviderID
  package let lease: LeaseID
  /// Bytes that were claimed last.
  package var bytes: UInt64
  /// Since when they were not paid.
  package var countedFrom: LedgerTime
  /// Bytes × milliseconds that were paid here and that no statement was charged with yet: should
  /// the customer come back after all, its next bundles pay so much less for staging.
  package var advanced: UInt128

  package init(
    provider: ProviderID, lease: LeaseID, bytes: UInt64 = 0, countedFrom: LedgerTime,
    advanced: UInt128 = 0
  ) {
    self.provider = provider
    self.lease = lease
    self.bytes = bytes
    self.countedFrom = countedFrom
    self.advanced = advanced
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(provider)
    encoder.encode(lease)
    encoder.encode(bytes)
    encoder.encode(countedFrom)
    encoder.encode(advanced)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    provider = try decoder.decode()
    lease = try decoder.decode()
    bytes = try decoder.decodeUInt64()
    countedFrom = try decoder.decode()
    advanced = try decoder.decodeUInt128()
  }
}
