import Primitives

/// What an epoch's settlement did to an account's balance.
package struct SettledBalance: Hashable, Sendable, CanonicalCodable {
  /// Before it, with what its escrows released for the service that was paid.
  package let before: Amount
  package let after: Amount

  package init(before: Amount, after: Amount) {
    self.before = before
    self.after = after
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(before)
    encoder.encode(after)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    before = try decoder.decode()
    after = try decoder.decode()
  }
}
