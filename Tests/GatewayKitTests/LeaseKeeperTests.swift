import Cryptography
import Ledger
import Logging
import Primitives
import ServiceKit
import Testing

@testable import GatewayKit

/// A ledger of a few rows on which an order opens a lease.
private actor FakeLedger: LeaseLedger {
  var rows: [StateKey: [UInt8]] = [:]
  var committed: [Ledger.Operation] = []
  var clock = ChainClock(
    height: 1, unixMilliseconds: 0, time: LedgerTime(milliseconds: 10_000), epoch: 0,
    epochStartedAt: .genesis, epochEndsAt: LedgerTime(milliseconds: 30_000), beacon: .zero,
    beaconHeight: 0, blockHash: .zero)
  var nextLease: UInt64 = 1
  var lostAnswer: (any Error)?

  func loseNextAnswer(_ error: any Error) { lostAnswer = error }

  func leaseRow<T: CanonicalCodable>(_ key: StateKey, as type: T.Type) async throws -> T? {
    if key == StateKeys.clock { return clock as? T }
    return try rows[key].map { try T(canonicalBytes: $0) }
  }

  func leaseKeys(in range: KeyRange, limit: UInt32) async throws -> [StateKey] {
    Array(rows.keys.sorted().filter { $0 >= range.from && $0 < range.to }.prefix(Int(limit)))
  }

  func commitLease(_ operation: Ledger.Operation, signer: SigningKey, lane: UInt8) async throws {
    committed.append(operation)
    switch operation {
    case .placeOrder(let terms): add(terms, customer: signer.accountID, provider: nil)
    case .topUpLease(let lease, let bucket, let credits):
      try change(lease) { $0.escrow[bucket] = try $0.escrow[bucket].adding(credits) }
    default: break
    }
    if let error = lostAnswer {
      lostAnswer = nil
      throw error
    }
  }

  func add(_ terms: OrderTerms, customer: AccountID, provider: ProviderID?) {
    let id = LeaseID(number: nextLease)
    nextLease += 1
    let record = LeaseRecord(
      customer: customer, service: terms.service, provider: provider, prices: terms.ceiling,
      order: OrderID(number: 1), openedAt: .genesis, escrow: terms.escrow)
    rows[StateKeys.lease(id)] = record.canonicalBytes()
    rows[StateKeys.customerLease(customer, id)] = []
  }

  func change(_ lease: LeaseID, _ body: @Sendable (inout LeaseRecord) throws -> Void) throws {
    let key = StateKeys.lease(lease)
    guard let bytes = rows[key] else { return }
    var record = try LeaseRecord(canonicalBytes: bytes)
    try body(&record)
    rows[key] = record.canonicalBytes()
  }
}

@Suite struct LeaseKeeperTests {
  private let ledger = FakeLedger()
  private let key = SigningKey(seed: Bytes32(words: (1, 2, 3, 4)))
  private let service = ServiceID(number: 1)

  private func plan() throws -> LeasePlan {
    let ceiling = try #require(PriceVector([.init(.egressBytes, creditsPerUnit: .whole(1))]))
    return LeasePlan(
      service: service, ceiling: ceiling,
      escrow: EscrowBalances(
        stream: .whole(100), staging: .whole(10), repair: .whole(10), usage: .whole(40)),
      runwayMilliseconds: 60_000)
  }

  private func keeper() throws -> LeaseKeeper {
    LeaseKeeper(
      ledger: ledger, signer: key, plan: try plan(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test func aLeaseIsOrderedOnceAndFoundAgain() async throws {
    let first = try keeper()
    #expect(try await first.ensure() == LeaseID(number: 1))
    #expect(try await first.ensure() == LeaseID(number: 1))
    #expect(try await keeper().ensure() == LeaseID(number: 1))
    #expect(await ledger.committed.count == 1)
  }

  @Test func anOrderWhoseAnswerGotLostIsNotPlacedTwice() async throws {
    struct Lost: Error {}
    await ledger.loseNextAnswer(Lost())
    let keeper = try keeper()
    await #expect(throws: Lost.self) { _ = try await keeper.ensure() }
    #expect(try await keeper.ensure() == LeaseID(number: 1))
    #expect(await ledger.committed.count == 1)
  }

  @Test func otherLeasesAreNotTaken() async throws {
    let plan = try plan()
    let foreign = OrderTerms(
      service: ServiceID(number: 2), matching: .pool, ceiling: plan.ceiling, escrow: plan.escrow)
    let own = OrderTerms(
      service: service, matching: .bids, ceiling: plan.ceiling, escrow: plan.escrow)
    await ledger.add(foreign, customer: key.accountID, provider: nil)
    await ledger.add(own, customer: key.accountID, provider: key.accountID)
    let stranger = SigningKey(seed: Bytes32(words: (9, 9, 9, 9))).accountID
    await ledger.add(own, customer: stranger, provider: nil)
    #expect(try await keeper().ensure() == LeaseID(number: 4))
  }

  @Test func aClosingLeaseIsReplaced() async throws {
    let keeper = try keeper()
    let first = try await keeper.ensure()
    let cause = Cause(kind: "end", text: "", rule: "", evidence: .zero)
    try await ledger.change(first) { $0.state = .closing(until: .genesis, cause: cause) }
    #expect(try await keeper.ensure() == LeaseID(number: 2))
  }

  @Test func aFullEscrowIsLeftAlone() async throws {
    let keeper = try keeper()
    #expect(try await keeper.topUp().isEmpty)
  }

  @Test func aLowBucketIsFilledUpToItsPlan() async throws {
    let keeper = try keeper()
    let lease = try await keeper.ensure()
    try await ledger.change(lease) { $0.escrow.usage = .whole(19) }
    try await ledger.change(lease) { $0.escrow.staging = .whole(5) }
    #expect(try await keeper.topUp() == [.init(bucket: .usage, credits: .whole(21))])
    #expect(try await keeper.topUp().isEmpty)
    #expect(try await keeper.record(of: lease)?.escrow.usage == .whole(40))
  }

  @Test func aShortRunwayIsDoubled() async throws {
    let keeper = try keeper()
    let lease = try await keeper.ensure()
    // 20 credits in the 10 s since the epoch began: a runway of 60 s costs 120.
    try await ledger.change(lease) {
      $0.escrow.stream = .whole(80)
      $0.spent.stream = .whole(20)
    }
    #expect(try await keeper.topUp() == [.init(bucket: .stream, credits: .whole(160))])
    #expect(try await keeper.record(of: lease)?.escrow.stream == .whole(240))
    #expect(try await keeper.topUp().isEmpty)
  }
}
