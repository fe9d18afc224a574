import Primitives

/// What a provider has proven for a lease in one dimension since the lease began.
///
/// Cumulative, so that the total credited does not depend on when or how often anyone settles.
package struct AccrualRecord: Hashable, Sendable, CanonicalCodable {
  /// The quantity proven so far, in the dimension's smallest unit.
  package var quantity: UInt128
  /// What was credited for it so far.
  package var credited: Credits
  package init(quantity: UInt128 = 0, credited: Credits = .zero) {
    self.quantity = quantity
    self.credited = credited
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(quantity)
    encoder.encode(credited)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    quantity = try decoder.decodeUInt128()
    credited = try decoder.decode()
  }
}

/// What was credited of a payer's voucher lane so far.
package struct VoucherClaimRecord: Hashable, Sendable, CanonicalCodable {
  /// The largest cumulative value that was shown.
  package var shown: Credits
  /// What was credited of it; less when the usage bucket was short.
  package var credited: Credits
  package init(shown: Credits = .zero, credited: Credits = .zero) {
    self.shown = shown
    self.credited = credited
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(shown)
    encoder.encode(credited)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    shown = try decoder.decode()
    credited = try decoder.decode()
  }
}
