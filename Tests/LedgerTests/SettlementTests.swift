import Cryptography
import Ledger
import Primitives
import ServiceKit
import TestSupport
import Testing

struct SettlementTests {
  private static let provider = TestChain.key(1)
  private static let customer = TestChain.key(2)
  private static let anyone = TestChain.key(5)

  private static func ready(each: Credits = .whole(100)) throws -> (TestChain, LeaseID) {
    var chain = try TestChain()
    try chain.register(provider)
    let lease = try chain.openLease(by: customer, each: each)
    return (chain, lease)
  }

  private static func voucher(
    _ chain: TestChain, _ lease: LeaseID, _ credits: Credits, lane: UInt32 = 0,
    by key: SigningKey = customer, provider: SigningKey = provider, of other: Digest? = nil
  ) -> Ledger.Operation {
    .claimVoucher(
      SignedVoucher.sign(
        Voucher(
          chain: other ?? chain.machine.chain, lease: lease, lane: lane,
          provider: provider.accountID, cumulative: credits), with: key))
  }

  @Test func aVoucherPaysTheDifferenceOnce() throws {
    var (chain, lease) = try Self.ready()
    try chain.expect(Self.voucher(chain, lease, .whole(3)), by: Self.provider)
    try chain.expect(
      .voucherNotNewer, for: Self.voucher(chain, lease, .whole(3)), by: Self.provider)
    try chain.expect(
      .voucherNotNewer, for: Self.voucher(chain, lease, .whole(2)), by: Self.provider)
    try chain.expect(Self.voucher(chain, lease, .whole(10)), by: Self.provider)
    try chain.expect(Self.voucher(chain, lease, .whole(5), lane: 1), by: Self.provider)
    #expect(chain.lease(lease.number)?.escrow.usage == .whole(85))
    let before = chain.balance(Self.provider)
    let (_, lines) = try chain.endEpoch()
    let line = try #require(lines.first)
    #expect(lines.count == 1)
    #expect(line.source == .voucher)
    #expect(line.credits == .whole(15))
    #expect(line.causes.count == 3)
    // 5 % burned.
    #expect(line.burned == Amount(baseUnits: Amount.whole(15).baseUnits / 20))
    #expect(chain.balance(Self.provider) == (try before.adding(line.tokens)))
    #expect(try line.tokens.adding(line.burned) == .whole(15))
    #expect(chain.supply.burned == line.burned)
  }

  @Test func refusesForeignAndForgedVouchers() throws {
    var (chain, lease) = try Self.ready()
    try chain.expect(
      .voucherWrongChain, for: Self.voucher(chain, lease, .whole(1), of: .zero), by: Self.provider)
    try chain.expect(.voucherNotYours, for: Self.voucher(chain, lease, .whole(1)), by: Self.anyone)
    try chain.expect(
      .voucherBadSignature, for: Self.voucher(chain, lease, .whole(1), by: Self.anyone),
      by: Self.provider)
    try chain.expect(
      .unknownProvider,
      for: Self.voucher(chain, lease, .whole(1), provider: Self.anyone), by: Self.anyone)
    try chain.expect(
      .unknownLease, for: Self.voucher(chain, LeaseID(number: 9), .whole(1)), by: Self.provider)
    #expect(chain.supply.unpaid == .zero)
  }

  @Test func aVoucherDrawsOnTheUsageBucketAlone() throws {
    var (chain, lease) = try Self.ready()
    try chain.expect(Self.voucher(chain, lease, .whole(150)), by: Self.provider)
    #expect(chain.lease(lease.number)?.escrow.usage == .zero)
    #expect(chain.lease(lease.number)?.escrow.stream == .whole(100))
    try chain.expect(.escrowEmpty, for: Self.voucher(chain, lease, .whole(150)), by: Self.provider)
    // What was short is credited after a top-up, by the same voucher.
    try chain.expect(
      .topUpLease(lease: lease, bucket: .usage, credits: .whole(60)), by: Self.anyone)
    try chain.expect(Self.voucher(chain, lease, .whole(150)), by: Self.provider)
    #expect(chain.lease(lease.number)?.escrow.usage == .whole(10))
  }

  @Test func vouchersAreClaimedWhileALeaseClosesAndNotAfter() throws {
    var (chain, lease) = try Self.ready()
    try chain.expect(
      .closeLease(lease: lease, reason: "done", evidence: .zero), by: Self.customer)
    try chain.expect(Self.voucher(chain, lease, .whole(4)), by: Self.provider)
    for _ in 0..<7 { try chain.run(after: 5_000) }
    try chain.expect(.leaseNotOpen, for: Self.voucher(chain, lease, .whole(5)), by: Self.provider)
    #expect(chain.balance(Self.customer) == .whole(9_996))
  }

  /// The total paid does not depend on when or how often anyone settles.
  @Test func theTotalIsTheSameHoweverItIsCut() throws {
    var generator = SeededGenerator.fromEnvironment(default: 21)
    let total: UInt128 = 1_234_567_891_234_567
    let expected = try TestChain.prices.cost(of: total, .storedByteMilliseconds)
    for pieces in [1, 2, 7, 40] {
      var (chain, lease) = try Self.ready()
      chain.checksInvariants = false
      var cuts = (1..<pieces).map { _ in UInt128.random(in: 0...total, using: &generator) }
      cuts = [0] + cuts.sorted() + [total]
      for (from, to) in zip(cuts, cuts.dropFirst()) {
        try chain.command(
          .accrue(lease, Self.provider.accountID, .storedByteMilliseconds, to - from, .stream),
          by: Self.anyone)
        // Epochs end here and there between the pieces.
        if Bool.random(using: &generator) { try chain.run(after: 5_000) }
      }
      try chain.machine.checkInvariants()
      let spent = chain.lease(lease.number)?.spent.stream
      #expect(spent == expected, "seed \(generator.seed), \(pieces) pieces")
      let accrual: AccrualRecord? = chain.machine.record(
        at: StateKeys.accrual(lease, Self.provider.accountID, .storedByteMilliseconds))
      #expect(accrual == AccrualRecord(quantity: total, credited: expected))
    }
  }

  @Test func aShortStreamStaysDueAndATopUpRestoresAll() throws {
    var (chain, lease) = try Self.ready(each: Credits(baseUnits: 1_000_000_000))
    let id = Self.provider.accountID
    // One GiB for an hour costs 4 × 10^12 base units; the bucket has 10^9.
    let quantity = PriceDimension.storedByteMilliseconds.quantityPerUnit
    try chain.command(
      .accrue(lease, id, .storedByteMilliseconds, quantity, .stream), by: Self.anyone)
    #expect(chain.lease(lease.number)?.escrow.stream == .zero)
    let since = chain.lease(lease.number)?.shortSince
    #expect(since != nil)
    #expect(chain.lease(lease.number)?.owed.stream == Credits(baseUnits: 3_999_000_000_000))
    // Neither another bucket nor a crumb ends the shortage.
    for bucket in [EscrowBucket.usage, .stream] {
      try chain.expect(
        .topUpLease(lease: lease, bucket: bucket, credits: Credits(baseUnits: 5)), by: Self.anyone)
      #expect(chain.lease(lease.number)?.shortSince == since)
    }
    try chain.expect(
      .topUpLease(lease: lease, bucket: .stream, credits: .whole(1)), by: Self.anyone)
    #expect(chain.lease(lease.number)?.shortSince == nil)
    try chain.command(.accrue(lease, id, .storedByteMilliseconds, 0, .stream), by: Self.anyone)
    #expect(chain.lease(lease.number)?.spent.stream == Credits(baseUnits: 4_000_000_000_000))
    #expect(chain.lease(lease.number)?.owed.stream == .zero)
  }

  @Test func anExhaustedLeaseEndsAfterItsGrace() throws {
    var (chain, lease) = try Self.ready(each: Credits(baseUnits: 1))
    chain.checksInvariants = false
    let quantity = PriceDimension.storedByteMilliseconds.quantityPerUnit
    try chain.command(
      .accrue(lease, Self.provider.accountID, .storedByteMilliseconds, quantity, .stream),
      by: Self.anyone)
    var kinds: [String] = []
    for _ in 0..<19 * 6 { kinds += try chain.run(after: 5_000).events.map(\.event.kind) }
    #expect(chain.lease(lease.number)?.isOpen == true)
    for _ in 0..<20 { kinds += try chain.run(after: 5_000).events.map(\.event.kind) }
    #expect(kinds.contains("lease.escrow-low"))
    #expect(kinds.contains("fake.lease-closes"))
    let record = try #require(chain.lease(lease.number))
    guard case .closed(_, let cause) = record.state else {
      Issue.record("still \(record.state)")
      return
    }
    #expect(cause.kind == "escrow-exhausted")
    try chain.machine.checkInvariants()
  }

  @Test func everyProviderGetsALineAndEveryZeroAReason() throws {
    var (chain, lease) = try Self.ready()
    let idle = TestChain.key(3)
    let missed = TestChain.key(4)
    try chain.register(idle)
    try chain.register(missed)
    try chain.command(.zero(missed.accountID), by: Self.anyone)
    try chain.command(.pay(lease, Self.provider.accountID, .whole(2), .repair), by: Self.anyone)
    let (epoch, lines) = try chain.endEpoch()
    let reasons = Dictionary(uniqueKeysWithValues: lines.map { ($0.provider, $0.cause?.kind) })
    #expect(reasons[idle.accountID] == "idle")
    #expect(reasons[missed.accountID] == "missed")
    #expect(reasons[Self.provider.accountID] == "fixed")
    let summary: EpochSummary? = chain.machine.record(at: StateKeys.epoch(epoch))
    #expect(summary?.lines == 3)
    #expect(summary?.zeroLines == 2)
    #expect(summary?.credits == .whole(2))
    #expect(summary?.policy == "commons/0")
    #expect(chain.machine.rows(in: StateKeys.earnings(epoch: epoch)).isEmpty)
  }

  @Test func theRunwayIsWhatIsLeftAtThePresentRate() throws {
    var (chain, lease) = try Self.ready()
    try chain.command(.pay(lease, Self.provider.accountID, .whole(20), .repair), by: Self.anyone)
    let record = try #require(chain.lease(lease.number))
    // 20 spent in 10 s, 80 left: 40 s. Nothing was spent of the others.
    #expect(record.runway(overMilliseconds: 10_000) == [.repair: 40_000])
    _ = try chain.endEpoch()
    let after = try #require(chain.lease(lease.number))
    #expect(after.spentAtEpochStart == after.spent)
    #expect(after.runway(overMilliseconds: 10_000).isEmpty)
  }

  @Test func historyIsDroppedAfterItsEpochs() throws {
    var chain = try Self.ready().0
    chain.checksInvariants = false
    try chain.expect(
      .changeParameter(name: "ledger.history-epochs", value: 2), by: TestChain.key(0))
    let first = try chain.endEpoch()
    #expect(!first.lines.isEmpty)
    _ = try chain.endEpoch()
    #expect(!chain.machine.rows(in: StateKeys.payouts(epoch: first.epoch)).isEmpty)
    _ = try chain.endEpoch()
    #expect(chain.machine.rows(in: StateKeys.payouts(epoch: first.epoch)).isEmpty)
    #expect(chain.machine.value(at: StateKeys.epoch(first.epoch)) == nil)
    #expect(chain.machine.value(at: StateKeys.epoch(first.epoch + 1)) != nil)
  }

  @Test func causesBeyondTheKeptOnesStayUnderTheHash() {
    var one = CauseList()
    var two = CauseList()
    for index in 0..<20 {
      let cause = Cause(
        kind: "k", text: "\(index)", rule: "r", evidence: Digest.sha256([UInt8(index)]))
      one.append(cause)
      two.append(index == 19 ? Samples.cause : cause)
    }
    #expect(one.count == 20)
    #expect(one.kept == two.kept)
    #expect(one.digest != two.digest)
  }

  @Test func aServiceCannotTouchAnothersLease() throws {
    var (chain, _) = try Self.ready()
    let payload = FakeService.Command.accrue(
      LeaseID(number: 77), Self.provider.accountID, .egressBytes, 1, .stream
    ).canonicalBytes()
    try chain.expect(
      .unknownLease, for: .service(FakeService.id, payload: payload), by: Self.anyone)
  }
}
