import Primitives
import ServiceKit

/// How an order finds who serves it.
package enum OrderMatching: UInt8, CaseIterable, Sendable, CanonicalCodable {
  /// A lease opens at once; the service draws providers from standing offers within its prices.
  case pool = 1
  /// Providers bid and the customer accepts; a standing offer within the ceiling matches at once.
  case bids = 2

  package func encode(into encoder: inout CanonicalEncoder) { encoder.encode(rawValue) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let byte = try decoder.decodeUInt8()
    guard let known = OrderMatching(rawValue: byte) else {
      throw .unknownCase(type: "OrderMatching", byte: byte)
    }
    self = known
  }
}

/// What a customer orders.
package struct OrderTerms: Hashable, Sendable, CanonicalCodable {
  /// The longest terms of a service, in bytes.
  package static let detailsByteLimit = 4096

  package let service: ServiceID
  package let matching: OrderMatching
  /// The most that the customer pays, per dimension.
  package let ceiling: PriceVector
  /// What the escrow begins with; its tokens are taken when the order is placed.
  package let escrow: EscrowBalances
  /// What the service needs to know beyond prices (a deployment's manifest hash, say).
  package let details: [UInt8]

  package init(
    service: ServiceID, matching: OrderMatching, ceiling: PriceVector, escrow: EscrowBalances,
    details: [UInt8] = []
  ) {
    self.service = service
    self.matching = matching
    self.ceiling = ceiling
    self.escrow = escrow
    self.details = details
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(service)
    encoder.encode(matching)
    encoder.encode(ceiling)
    encoder.encode(escrow)
    encoder.encode(details)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    service = try decoder.decode()
    matching = try decoder.decode()
    ceiling = try decoder.decode()
    escrow = try decoder.decode()
    details = try decoder.decodeBytes(limit: Self.detailsByteLimit)
  }
}

/// An order, open until it is matched or cancelled (then its row is deleted or names its lease).
package struct OrderRecord: Hashable, Sendable, CanonicalCodable {
  package let customer: AccountID
  package let terms: OrderTerms
  package let placedAt: LedgerTime
  /// The lease that it became; nil while it is open.
  package let lease: LeaseID?

  package init(customer: AccountID, terms: OrderTerms, placedAt: LedgerTime, lease: LeaseID?) {
    self.customer = customer
    self.terms = terms
    self.placedAt = placedAt
    self.lease = lease
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(customer)
    encoder.encode(terms)
    encoder.encode(placedAt)
    encoder.encode(lease)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    customer = try decoder.decode()
    terms = try decoder.decode()
    placedAt = try decoder.decode()
    lease = try decoder.decodeOptional()
  }
}

/// A provider's bid for an order.
package struct BidRecord: Hashable, Sendable, CanonicalCodable {
  package let prices: PriceVector
  package let placedAt: LedgerTime
  package init(prices: PriceVector, placedAt: LedgerTime) {
    self.prices = prices
    self.placedAt = placedAt
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(prices)
    encoder.encode(placedAt)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    prices = try decoder.decode()
    placedAt = try decoder.decode()
  }
}

/// A provider's standing offer.
package struct OfferRecord: Hashable, Sendable, CanonicalCodable {
  package let prices: PriceVector
  /// How much is offered, in the service's unit.
  package let capacity: UInt64
  package let postedAt: LedgerTime
  package init(prices: PriceVector, capacity: UInt64, postedAt: LedgerTime) {
    self.prices = prices
    self.capacity = capacity
    self.postedAt = postedAt
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(prices)
    encoder.encode(capacity)
    encoder.encode(postedAt)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    prices = try decoder.decode()
    capacity = try decoder.decodeUInt64()
    postedAt = try decoder.decode()
  }
}
