import Primitives

/// The disjoint parts of a lease's escrow: vouchers draw only on ``usage``, streams only on
/// ``stream``, so that neither can overspend the other.
package enum EscrowBucket: UInt8, CaseIterable, Sendable, CanonicalCodable {
  /// Pays for proven time.
  case stream = 1
  /// Pays for data between its acknowledgement and its bundle.
  case staging = 2
  /// Pays replacements and helpers when the leaver's bond does not.
  case repair = 3
  /// Pays metered use by voucher.
  case usage = 4

  package func encode(into encoder: inout CanonicalEncoder) { encoder.encode(rawValue) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let byte = try decoder.decodeUInt8()
    guard let known = EscrowBucket(rawValue: byte) else {
      throw .unknownCase(type: "EscrowBucket", byte: byte)
    }
    self = known
  }
}

/// Where a provider's machine is on the network, as placement sees it.
package struct NetworkLocation: Hashable, Sendable, CanonicalCodable {
  /// The first three bytes of the IPv4 address, or the first six of an IPv6 address.
  package let prefix: [UInt8]
  /// The autonomous system's number; 0 when unknown.
  package let autonomousSystem: UInt32
  package init(prefix: [UInt8], autonomousSystem: UInt32) {
    self.prefix = prefix
    self.autonomousSystem = autonomousSystem
  }
  /// Loopback, where a devnet's providers all live: exempt from placement's network rules.
  package var isLoopback: Bool { prefix.first == 127 }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(prefix)
    encoder.encode(autonomousSystem)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    prefix = try decoder.decodeBytes(limit: 6)
    autonomousSystem = try decoder.decodeUInt32()
  }
}

/// Where a provider stands with the ledger.
package enum ProviderStanding: Hashable, Sendable {
  /// Bonded and open for work.
  case active
  /// Leaving: its bond is returned after the time given, unless it is faulted before.
  case unbonding(until: LedgerTime)
  /// Its bond is below the required minimum (after a slash, say): no new work.
  case underbonded
  /// Gone; the record stays for its history.
  case left
}

/// What services see of a provider.
package struct ProviderView: Hashable, Sendable {
  package let id: ProviderID
  /// `host:port` of its node link.
  package let endpoint: String
  package let location: NetworkLocation
  package let bond: Amount
  package let standing: ProviderStanding
  package init(
    id: ProviderID, endpoint: String, location: NetworkLocation, bond: Amount,
    standing: ProviderStanding
  ) {
    self.id = id
    self.endpoint = endpoint
    self.location = location
    self.bond = bond
    self.standing = standing
  }
}

/// What services see of a lease.
package struct LeaseView: Hashable, Sendable {
  package let id: LeaseID
  package let customer: AccountID
  package let service: ServiceID
  /// The one provider of a lease that was bid for; nil when the service draws providers itself.
  package let provider: ProviderID?
  package let prices: PriceVector
  /// Whether it still accepts work.
  package let isOpen: Bool
  package init(
    id: LeaseID, customer: AccountID, service: ServiceID, provider: ProviderID?,
    prices: PriceVector, isOpen: Bool
  ) {
    self.id = id
    self.customer = customer
    self.service = service
    self.provider = provider
    self.prices = prices
    self.isOpen = isOpen
  }
}

/// A standing offer, as services see it.
package struct OfferView: Hashable, Sendable {
  package let provider: ProviderID
  package let prices: PriceVector
  /// How much is offered, in the service's unit (bytes for storage).
  package let capacity: UInt64
  package init(provider: ProviderID, prices: PriceVector, capacity: UInt64) {
    self.provider = provider
    self.prices = prices
    self.capacity = capacity
  }
}
