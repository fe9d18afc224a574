import Cryptography
import Ledger
import Primitives
import ServiceKit
import Testing

struct MarketTests {
  private static let customer = TestChain.key(2)
  private static let one = TestChain.key(3)
  private static let two = TestChain.key(4)

  private static func prices(_ egress: UInt128) -> PriceVector {
    PriceVector([.init(.egressBytes, creditsPerUnit: Credits(baseUnits: egress))])!
  }

  private static func order(
    _ matching: OrderMatching, ceiling: PriceVector = prices(100), usage: Credits = .whole(10)
  ) -> Ledger.Operation {
    .placeOrder(
      OrderTerms(
        service: FakeService.id, matching: matching, ceiling: ceiling,
        escrow: EscrowBalances(usage: usage)))
  }

  @Test func aPoolOrderOpensALeaseAtOnce() throws {
    var chain = try TestChain()
    let lease = try chain.openLease(by: Self.customer)
    let record = try #require(chain.lease(lease.number))
    #expect(record.isOpen)
    #expect(record.provider == nil)
    #expect(record.escrow[.staging] == .whole(100))
    #expect(chain.balance(Self.customer) == .whole(9_600))
    #expect(chain.supply.vault == .whole(400))
    #expect(chain.supply.escrowed == .whole(400))
  }

  @Test func refusesBadOrders() throws {
    var chain = try TestChain()
    try chain.expect(
      .unknownService,
      for: .placeOrder(
        OrderTerms(
          service: ServiceID(number: 9), matching: .pool, ceiling: Self.prices(1),
          escrow: EscrowBalances(usage: .whole(1)))), by: Self.customer)
    try chain.expect(
      .emptyPrices, for: Self.order(.pool, ceiling: PriceVector([])!), by: Self.customer)
    try chain.expect(.zeroAmount, for: Self.order(.pool, usage: .zero), by: Self.customer)
    try chain.expect(
      .insufficientBalance, for: Self.order(.pool, usage: .whole(10_001)), by: Self.customer)
    try chain.expect(
      .arithmetic,
      for: .placeOrder(
        OrderTerms(
          service: FakeService.id, matching: .pool, ceiling: Self.prices(1),
          escrow: EscrowBalances(
            stream: Credits(baseUnits: .max), usage: Credits(baseUnits: .max)))),
      by: Self.customer)
    #expect(chain.machine.rows(in: StateKeys.all(.lease)).isEmpty)
  }

  @Test func theCheapestStandingOfferWithinTheCeilingMatches() throws {
    var chain = try TestChain()
    for (key, price) in [(Self.one, 90), (Self.two, 80)] as [(SigningKey, UInt128)] {
      try chain.register(key)
      try chain.expect(
        .postOffer(service: FakeService.id, prices: Self.prices(price), capacity: 1), by: key)
    }
    try chain.expect(Self.order(.bids), by: Self.customer)
    #expect(chain.lease(1)?.provider == Self.two.accountID)
    #expect(chain.lease(1)?.prices == Self.prices(80))
    try chain.expect(.withdrawOffer(service: FakeService.id), by: Self.two)
    try chain.expect(.unknownOffer, for: .withdrawOffer(service: FakeService.id), by: Self.two)
    try chain.expect(Self.order(.bids), by: Self.customer)
    #expect(chain.lease(2)?.provider == Self.one.accountID)
    try chain.expect(Self.order(.bids, ceiling: Self.prices(10)), by: Self.customer)
    #expect(chain.lease(3) == nil)
  }

  @Test func bidsAreTakenAndOneIsAccepted() throws {
    var chain = try TestChain()
    try chain.register(Self.one)
    try chain.expect(Self.order(.bids), by: Self.customer)
    let order = OrderID(number: 1)
    try chain.expect(
      .bidTooHigh, for: .placeBid(order: order, prices: Self.prices(101)), by: Self.one)
    try chain.expect(
      .unknownProvider, for: .placeBid(order: order, prices: Self.prices(50)), by: Self.two)
    try chain.expect(.placeBid(order: order, prices: Self.prices(50)), by: Self.one)
    let accept = Ledger.Operation.acceptBid(order: order, provider: Self.one.accountID)
    try chain.expect(.notCustomer, for: accept, by: Self.two)
    try chain.expect(
      .unknownBid, for: .acceptBid(order: order, provider: Self.two.accountID), by: Self.customer)
    try chain.expect(accept, by: Self.customer)
    try chain.expect(.orderTaken, for: accept, by: Self.customer)
    try chain.expect(.orderTaken, for: .cancelOrder(order), by: Self.customer)
    #expect(chain.lease(1)?.prices == Self.prices(50))
    #expect(chain.machine.rows(in: StateKeys.bids(order)).isEmpty)
    // Its only provider must serve it to the end.
    try chain.expect(.startUnbonding, by: Self.one)
    for _ in 0..<26 { try chain.run(after: 5_000) }
    try chain.expect(.providerObliged, for: .withdrawBond, by: Self.one)
  }

  @Test func aCancelledOrderIsRefunded() throws {
    var chain = try TestChain()
    try chain.expect(Self.order(.bids), by: Self.customer)
    #expect(chain.balance(Self.customer) == .whole(9_990))
    let cancel = Ledger.Operation.cancelOrder(OrderID(number: 1))
    try chain.expect(.notCustomer, for: cancel, by: Self.one)
    try chain.expect(cancel, by: Self.customer)
    try chain.expect(.unknownOrder, for: cancel, by: Self.customer)
    #expect(chain.balance(Self.customer) == .whole(10_000))
  }

  @Test func aLeaseEndsWithAReasonAndIsRefundedLater() throws {
    var chain = try TestChain()
    let lease = try chain.openLease(by: Self.customer)
    let close = { (reason: String) in
      Ledger.Operation.closeLease(lease: lease, reason: reason, evidence: Digest.sha256([3]))
    }
    try chain.expect(.reasonMissing, for: close(""), by: Self.customer)
    try chain.expect(.notParty, for: close("mine now"), by: Self.one)
    try chain.expect(close("no longer needed"), by: Self.customer)
    try chain.expect(.leaseNotOpen, for: close("again"), by: Self.customer)
    try chain.expect(
      .leaseNotOpen, for: .topUpLease(lease: lease, bucket: .usage, credits: .whole(1)),
      by: Self.customer)
    #expect(chain.balance(Self.customer) == .whole(9_600))
    for _ in 0..<7 { try chain.run(after: 5_000) }
    #expect(chain.balance(Self.customer) == .whole(10_000))
    guard case .closed(_, let cause) = try #require(chain.lease(lease.number)).state else {
      Issue.record("the lease is not closed")
      return
    }
    #expect(cause.text == "no longer needed")
    #expect(cause.evidence == Digest.sha256([3]))
    #expect(chain.supply.vault == .zero)
  }

  @Test func topUpsReachOneBucket() throws {
    var chain = try TestChain()
    let lease = try chain.openLease(by: Self.customer)
    try chain.expect(
      .topUpLease(lease: lease, bucket: .repair, credits: .whole(7)), by: Self.one)
    #expect(chain.lease(lease.number)?.escrow[.repair] == .whole(107))
    #expect(chain.lease(lease.number)?.escrow[.stream] == .whole(100))
    try chain.expect(
      .unknownLease,
      for: .topUpLease(lease: LeaseID(number: 99), bucket: .repair, credits: .whole(7)),
      by: Self.one)
  }
}
