import Primitives
import ServiceKit

/// One customer, one price vector, one escrow.
package struct LeaseRecord: Hashable, Sendable, CanonicalCodable {
  /// Where a lease stands.
  package enum State: Hashable, Sendable {
    /// Work is accepted.
    case open
    /// No new work; claims are still paid until the time given, then the rest is refunded.
    case closing(until: LedgerTime, cause: Cause)
    /// Refunded and done.
    case closed(at: LedgerTime, cause: Cause)
  }

  package let customer: AccountID
  package let service: ServiceID
  /// The provider of a lease that was bid for; nil when the service draws providers itself.
  package let provider: ProviderID?
  package let prices: PriceVector
  package let order: OrderID
  package let openedAt: LedgerTime
  /// What the escrow still holds.
  package var escrow: EscrowBalances
  /// Everything that was ever credited to providers out of this escrow.
  package var spent: EscrowBalances
  /// What had been spent when the running epoch began: the present rate is the difference over the
  /// epoch's time.
  package var spentAtEpochStart: EscrowBalances
  /// What is due to providers and could not be credited, by bucket: it stays due.
  package var owed: EscrowBalances
  /// Since when a bucket is too short for what is due; nil when every bucket covers it.
  package var shortSince: LedgerTime?
  package var state: State

  package init(
    customer: AccountID, service: ServiceID, provider: ProviderID?, prices: PriceVector,
    order: OrderID, openedAt: LedgerTime, escrow: EscrowBalances,
    spent: EscrowBalances = EscrowBalances(), spentAtEpochStart: EscrowBalances = EscrowBalances(),
    owed: EscrowBalances = EscrowBalances(), shortSince: LedgerTime? = nil, state: State = .open
  ) {
    self.customer = customer
    self.service = service
    self.provider = provider
    self.prices = prices
    self.order = order
    self.openedAt = openedAt
    self.escrow = escrow
    self.spent = spent
    self.spentAtEpochStart = spentAtEpochStart
    self.owed = owed
    self.shortSince = shortSince
    self.state = state
  }

  /// Whether it accepts new work.
  package var isOpen: Bool { state == .open }

  /// Whether its escrow was refunded.
  package var isClosed: Bool {
    if case .closed = state { true } else { false }
  }

  /// Whether a bucket holds less than what is due from it.
  package var isShort: Bool { EscrowBucket.allCases.contains { escrow[$0] < owed[$0] } }

  /// What services see of it.
  package func view(_ id: LeaseID) -> LeaseView {
    LeaseView(
      id: id, customer: customer, service: service, provider: provider, prices: prices,
      isOpen: isOpen)
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(customer)
    encoder.encode(service)
    encoder.encode(provider)
    encoder.encode(prices)
    encoder.encode(order)
    encoder.encode(openedAt)
    encoder.encode(escrow)
    encoder.encode(spent)
    encoder.encode(spentAtEpochStart)
    encoder.encode(owed)
    encoder.encode(shortSince)
    switch state {
    case .open: encoder.encode(UInt8(0))
    case .closing(let until, let cause):
      encoder.encode(UInt8(1))
      encoder.encode(until)
      encoder.encode(cause)
    case .closed(let time, let cause):
      encoder.encode(UInt8(2))
      encoder.encode(time)
      encoder.encode(cause)
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    customer = try decoder.decode()
    service = try decoder.decode()
    provider = try decoder.decodeOptional()
    prices = try decoder.decode()
    order = try decoder.decode()
    openedAt = try decoder.decode()
    escrow = try decoder.decode()
    spent = try decoder.decode()
    spentAtEpochStart = try decoder.decode()
    owed = try decoder.decode()
    shortSince = try decoder.decodeOptional()
    let byte = try decoder.decodeUInt8()
    switch byte {
    case 0: state = .open
    case 1: state = .closing(until: try decoder.decode(), cause: try decoder.decode())
    case 2: state = .closed(at: try decoder.decode(), cause: try decoder.decode())
    default: throw .unknownCase(type: "LeaseRecord.State", byte: byte)
    }
  }
}

extension LeaseRecord.State {
  /// Why the lease is ending or has ended, with the kind of the cause; nil while it is open.
  package var endReason: String? {
    switch self {
    case .open: nil
    case .closing(_, let cause), .closed(_, let cause): "\(cause.kind): \(cause.text)"
    }
  }
}
