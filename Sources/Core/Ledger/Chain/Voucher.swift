import Cryptography
import Primitives
import ServiceKit

/// What a payer owes a provider for metered use of a lease, in total since the lease began.
///
/// Vouchers are cumulative: only the largest counts, so a lost one loses nothing.
package struct Voucher: Hashable, Sendable, CanonicalCodable {
  package let chain: Digest
  package let lease: LeaseID
  /// Which of the payer's independent totals for this provider (one a gateway process, say).
  package let lane: UInt32
  package let provider: ProviderID
  /// Everything owed so far in this lane.
  package let cumulative: Credits

  package init(
    chain: Digest, lease: LeaseID, lane: UInt32, provider: ProviderID, cumulative: Credits
  ) {
    self.chain = chain
    self.lease = lease
    self.lane = lane
    self.provider = provider
    self.cumulative = cumulative
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(chain)
    encoder.encode(lease)
    encoder.encode(lane)
    encoder.encode(provider)
    encoder.encode(cumulative)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    chain = try decoder.decode()
    lease = try decoder.decode()
    lane = try decoder.decodeUInt32()
    provider = try decoder.decode()
    cumulative = try decoder.decode()
  }
}

/// A voucher with the signature of the lease's customer.
package struct SignedVoucher: Hashable, Sendable, CanonicalCodable {
  /// The domain of the signature.
  package static let domain = "voucher"

  package let voucher: Voucher
  package let signature: Signature

  package init(voucher: Voucher, signature: Signature) {
    self.voucher = voucher
    self.signature = signature
  }

  /// Signs a voucher as its payer.
  package static func sign(_ voucher: Voucher, with key: SigningKey) -> SignedVoucher {
    SignedVoucher(
      voucher: voucher, signature: key.sign(domain: domain, voucher.canonicalBytes()))
  }

  /// Whether `payer` signed it.
  package func isSigned(by payer: AccountID) -> Bool {
    payer.verifies(signature, domain: Self.domain, of: voucher.canonicalBytes())
  }

  /// The evidence that a payout names.
  package var hash: Digest { Digest.sha256(domain: "signed-voucher", canonicalBytes()) }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(voucher)
    encoder.encode(signature)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    voucher = try decoder.decode()
    signature = try decoder.decode()
  }
}
