import Cryptography
import Primitives

/// One validator's part of a block's beacon, proving itself.
package struct BeaconContribution: Hashable, Sendable, CanonicalCodable {
  package let validator: AccountID
  package let proof: VerifiableRandomProof

  package init(validator: AccountID, proof: VerifiableRandomProof) {
    self.validator = validator
    self.proof = proof
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(validator)
    encoder.encode(proof)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    validator = try decoder.decode()
    proof = try decoder.decode()
  }
}

/// What one validator says a token costs, signed by its account's key.
package struct PriceReport: Hashable, Sendable, CanonicalCodable {
  /// The domain of the signature.
  package static let domain = "oracle-price"
  /// The largest price of a token: a billion credits.
  package static let limit = Credits.whole(1_000_000_000)

  package let validator: AccountID
  /// The block that it is for.
  package let height: UInt64
  /// Credits (US dollars) for one whole token.
  package let price: Credits
  package let signature: Signature

  /// Signs a price for the block of `height`.
  package static func sign(
    _ price: Credits, height: UInt64, chain: Digest, with key: SigningKey
  ) -> PriceReport {
    PriceReport(
      validator: key.accountID, height: height, price: price,
      signature: key.sign(
        domain: domain, message(key.accountID, height: height, price: price, chain: chain)))
  }

  /// Whether its validator signed it for this chain, and the price is one.
  package func isValid(chain: Digest) -> Bool {
    price > .zero && price <= Self.limit
      && validator.verifies(
        signature, domain: Self.domain,
        of: Self.message(validator, height: height, price: price, chain: chain))
  }

  private static func message(
    _ validator: AccountID, height: UInt64, price: Credits, chain: Digest
  ) -> [UInt8] {
    var encoder = CanonicalEncoder()
    encoder.encode(chain)
    encoder.encode(validator)
    encoder.encode(height)
    encoder.encode(price)
    return encoder.bytes
  }

  package init(validator: AccountID, height: UInt64, price: Credits, signature: Signature) {
    self.validator = validator
    self.height = height
    self.price = price
    self.signature = signature
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(validator)
    encoder.encode(height)
    encoder.encode(price)
    encoder.encode(signature)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    validator = try decoder.decode()
    height = try decoder.decodeUInt64()
    price = try decoder.decode()
    signature = try decoder.decode()
  }
}

/// What a validator adds to its vote: its part of the next block's beacon, and its price.
package struct VoteExtension: Hashable, Sendable, CanonicalCodable {
  package let contribution: BeaconContribution
  package let price: PriceReport?

  package init(contribution: BeaconContribution, price: PriceReport?) {
    self.contribution = contribution
    self.price = price
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(contribution)
    encoder.encode(price)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    contribution = try decoder.decode()
    price = try decoder.decodeOptional()
  }
}

/// What the validators added to their votes for the block before, as the next block carries it.
/// Each part proves itself; a missing one is nobody's fault.
package struct ExtensionItem: Hashable, Sendable, CanonicalCodable {
  /// The most contributions, and prices.
  package static let limit = 1024

  /// Strictly ascending by validator.
  package let contributions: [BeaconContribution]
  /// Strictly ascending by validator.
  package let prices: [PriceReport]

  package init(contributions: [BeaconContribution] = [], prices: [PriceReport] = []) {
    self.contributions = contributions
    self.prices = prices
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(contributions)
    encoder.encode(prices)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    contributions = try decoder.decodeArray(limit: Self.limit)
    prices = try decoder.decodeArray(limit: Self.limit)
  }
}
