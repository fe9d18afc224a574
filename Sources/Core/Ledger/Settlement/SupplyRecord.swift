import Primitives

/// Where all tokens and credits are, in totals.
package struct SupplyRecord: Hashable, Sendable, CanonicalCodable {
  /// Tokens that ever came into being.
  package var issued: Amount
  /// Tokens that were destroyed.
  package var burned: Amount
  /// Tokens that cover the credits in escrows and earnings.
  package var vault: Amount
  /// Credits in the escrows of open orders and of leases that are not closed.
  package var escrowed: Credits
  /// Credits earned and not yet paid out.
  package var unpaid: Credits

  package init(
    issued: Amount = .zero, burned: Amount = .zero, vault: Amount = .zero,
    escrowed: Credits = .zero, unpaid: Credits = .zero
  ) {
    self.issued = issued
    self.burned = burned
    self.vault = vault
    self.escrowed = escrowed
    self.unpaid = unpaid
  }

  /// Tokens that exist.
  package var supply: Amount { issued.subtractingSaturated(burned) }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(issued)
    encoder.encode(burned)
    encoder.encode(vault)
    encoder.encode(escrowed)
    encoder.encode(unpaid)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    issued = try decoder.decode()
    burned = try decoder.decode()
    vault = try decoder.decode()
    escrowed = try decoder.decode()
    unpaid = try decoder.decode()
  }
}
