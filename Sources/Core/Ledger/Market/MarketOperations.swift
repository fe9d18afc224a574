import Primitives
import ServiceKit

extension LedgerState {
  /// Checks: service, provider, prices.
  mutating func postOffer(
    _ service: ServiceID, by provider: ProviderID, prices: PriceVector, capacity: UInt64
  ) throws(Rejection) {
    _ = try module(service)
    _ = try activeProvider(provider)
    try checkPrices(prices)
    let offer = OfferRecord(prices: prices, capacity: capacity, postedAt: clock.time)
    write(offer, at: StateKeys.offer(service, provider))
    note(
      "offer.posted",
      [
        ("provider", provider.hex), ("service", String(service.number)),
        ("capacity", String(capacity)),
      ])
  }

  /// Checks: offer.
  mutating func withdrawOffer(_ service: ServiceID, by provider: ProviderID) throws(Rejection) {
    let key = StateKeys.offer(service, provider)
    guard rows.value(at: key) != nil else {
      throw Rejection(.unknownOffer, "the sender has no offer for service \(service.number)")
    }
    write(nil, at: key)
    note("offer.withdrawn", [("provider", provider.hex), ("service", String(service.number))])
  }

  private func checkPrices(_ prices: PriceVector) throws(Rejection) {
    if prices.components.isEmpty {
      throw Rejection(.emptyPrices, "name a price for at least one dimension")
    }
  }

  /// Checks: service, prices, escrow, balance. Opens a lease at once where it can.
  mutating func placeOrder(_ terms: OrderTerms, by customer: AccountID) throws(Rejection) {
    _ = try module(terms.service)
    try checkPrices(terms.ceiling)
    let escrow = try exactly { () throws(ArithmeticError) in try terms.escrow.total() }
    guard escrow > .zero else {
      throw Rejection(.zeroAmount, "an order brings an escrow of more than nothing")
    }
    try lock(escrow, from: customer)
    let id = OrderID(number: next(.order))
    let order = OrderRecord(
      customer: customer, terms: terms, placedAt: clock.time, lease: nil)
    note(
      "order.placed",
      [
        ("order", id.description), ("customer", customer.hex),
        ("service", String(terms.service.number)), ("escrow", escrow.description),
      ])
    switch terms.matching {
    case .pool:
      openLease(id, order, provider: nil, prices: terms.ceiling)
    case .bids:
      if let offer = cheapestOffer(for: terms) {
        openLease(id, order, provider: offer.provider, prices: offer.prices)
      } else {
        write(order, at: StateKeys.order(id))
      }
    }
  }

  /// The standing offer within the ceiling whose prices come first when they are compared dimension
  /// by dimension; of equal ones that of the lowest account.
  private func cheapestOffer(for terms: OrderTerms) -> (provider: ProviderID, prices: PriceVector)?
  {
    var best: (provider: ProviderID, prices: PriceVector)?
    for offer in standingOffers(terms.service) where offer.prices.isWithin(terms.ceiling) {
      guard let prices = offer.prices.restricted(to: terms.ceiling) else { continue }
      if let current = best, !prices.precedes(current.prices) { continue }
      best = (offer.provider, prices)
    }
    return best
  }

  /// Offers of active providers, ascending by provider.
  func standingOffers(_ service: ServiceID) -> [OfferView] {
    var views: [OfferView] = []
    for (key, offer) in records(OfferRecord.self, in: StateKeys.offers(service)) {
      guard let provider = StateKeys.account(of: key, skipping: 2),
        read(ProviderRecord.self, at: StateKeys.provider(provider))?.standing == .active
      else { continue }
      views.append(OfferView(provider: provider, prices: offer.prices, capacity: offer.capacity))
    }
    return views
  }

  private func openOrder(_ id: OrderID) throws(Rejection) -> OrderRecord {
    guard let order = read(OrderRecord.self, at: StateKeys.order(id)) else {
      throw Rejection(.unknownOrder, "there is no order number \(id)")
    }
    if let lease = order.lease {
      throw Rejection(.orderTaken, "order \(id) became lease \(lease)")
    }
    return order
  }

  /// Checks: order, customer. Refunds the escrow.
  mutating func cancelOrder(_ id: OrderID, by sender: AccountID) throws(Rejection) {
    let order = try openOrder(id)
    guard order.customer == sender else {
      throw Rejection(.notCustomer, "order \(id) is another account's")
    }
    let escrow = try exactly { () throws(ArithmeticError) in try order.terms.escrow.total() }
    try refund(escrow, to: sender)
    write(nil, at: StateKeys.order(id))
    removeBids(id)
    note("order.cancelled", [("order", id.description), ("refunded", escrow.description)])
  }

  private mutating func removeBids(_ order: OrderID) {
    let range = StateKeys.bids(order)
    for row in rows.rows(from: range.from, to: range.to, limit: .max) { write(nil, at: row.key) }
  }

  /// Checks: order, its matching, provider, prices.
  mutating func placeBid(
    _ id: OrderID, by provider: ProviderID, prices: PriceVector
  ) throws(Rejection) {
    let order = try openOrder(id)
    guard order.terms.matching == .bids else {
      throw Rejection(.notForBids, "order \(id) takes no bids")
    }
    _ = try activeProvider(provider)
    guard prices.isWithin(order.terms.ceiling),
      let offered = prices.restricted(to: order.terms.ceiling)
    else {
      throw Rejection(.bidTooHigh, "the bid's prices are not within the order's ceiling")
    }
    write(
      BidRecord(prices: offered, placedAt: clock.time), at: StateKeys.bid(id, provider))
    note("bid.placed", [("order", id.description), ("provider", provider.hex)])
  }

  /// Checks: order, customer, bid, provider.
  mutating func acceptBid(
    _ id: OrderID, of provider: ProviderID, by sender: AccountID
  ) throws(Rejection) {
    let order = try openOrder(id)
    guard order.customer == sender else {
      throw Rejection(.notCustomer, "order \(id) is another account's")
    }
    guard let bid = read(BidRecord.self, at: StateKeys.bid(id, provider)) else {
      throw Rejection(.unknownBid, "\(provider) made no bid for order \(id)")
    }
    _ = try activeProvider(provider)
    removeBids(id)
    openLease(id, order, provider: provider, prices: bid.prices)
  }

  private mutating func openLease(
    _ id: OrderID, _ order: OrderRecord, provider: ProviderID?, prices: PriceVector
  ) {
    let lease = LeaseID(number: next(.lease))
    write(
      LeaseRecord(
        customer: order.customer, service: order.terms.service, provider: provider,
        prices: prices, order: id, openedAt: clock.time, escrow: order.terms.escrow),
      at: StateKeys.lease(lease))
    write(
      OrderRecord(
        customer: order.customer, terms: order.terms, placedAt: order.placedAt, lease: lease),
      at: StateKeys.order(id))
    write([UInt8](), at: StateKeys.customerLease(order.customer, lease))
    write([UInt8](), at: StateKeys.openLease(order.terms.service, lease))
    note(
      "lease.opened",
      [
        ("lease", lease.description), ("order", id.description),
        ("customer", order.customer.hex), ("service", String(order.terms.service.number)),
        ("provider", provider?.hex ?? ""),
      ])
  }
}

extension PriceVector {
  /// Only the dimensions that `ceiling` names; nil when one of them is not sold.
  func restricted(to ceiling: PriceVector) -> PriceVector? {
    let wanted = components.filter { ceiling.price(of: $0.dimension) != nil }
    return wanted.count == ceiling.components.count ? PriceVector(wanted) : nil
  }

  /// Whether the first price that differs is lower here. Both have the same dimensions.
  func precedes(_ other: PriceVector) -> Bool {
    for (mine, theirs) in zip(components, other.components)
    where mine.creditsPerUnit != theirs.creditsPerUnit {
      return mine.creditsPerUnit < theirs.creditsPerUnit
    }
    return false
  }
}
