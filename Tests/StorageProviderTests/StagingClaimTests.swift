import Ledger
import Primitives
import ServiceKit
import StorageService
import Testing

@testable import StorageProvider

/// What a provider does when the customer of staged bytes is not heard of any more.
@Suite struct StagingClaimTests {
  let chunk = [UInt8](repeating: 5, count: 3_000)

  private func claims(_ ledger: FakeLedger) -> [ClaimStaging] {
    ledger.payloads.compactMap { payload in
      if case .claimStaging(let claim) = payload { claim } else { nil }
    }
  }

  private func collect(_ fixture: ProviderFixture, at time: UInt64) async throws {
    fixture.ledger.setTime(time, height: time)
    try await fixture.service.refreshClock()
    try await fixture.service.upkeep.collect()
  }

  /// A grace of ten seconds, and two shards of which one has two chunks.
  private func staged() async throws -> ProviderFixture {
    let fixture = try ProviderFixture()
    try await fixture.openGroup()
    fixture.ledger.put(
      StateKeys.parameter("storage.grace-milliseconds"), ParameterRecord(value: 10_000))
    for (order, segment) in [
      (fixture.appendOrder(chunk), 1), (fixture.appendOrder(chunk, after: chunk), 1),
      (fixture.appendOrder(chunk, segment: 2), 2),
    ] {
      #expect(try await fixture.refusal(order, tail: chunk) == nil, "segment \(segment)")
    }
    return fixture
  }

  @Test func aSilentCustomersShardsAreClaimedByItsOwnOrders() async throws {
    let fixture = try await staged()
    try await collect(fixture, at: 4_000)
    #expect(claims(fixture.ledger) == [])
    // Half a grace early, so that the time counts from then on.
    try await collect(fixture, at: 5_000)
    let claim = try #require(claims(fixture.ledger).first)
    #expect(claim.orders.map(\.message.segment) == [1, 2])
    #expect(claim.orders.map(\.message.end) == [6_000, 3_000])
    #expect(claim.orders.allSatisfy { $0.isSigned(by: fixture.customer.accountID) })
    // The ledger knows it now, and pays nothing yet.
    let record = StagingClaimRecord(
      provider: fixture.key.accountID, lease: ProviderFixture.lease, bytes: 9_000,
      countedFrom: .genesis)
    fixture.ledger.put(StorageKeys.stagingClaim(ProviderFixture.group, 0), record)
    try await collect(fixture, at: 7_000)
    #expect(claims(fixture.ledger).count == 1)
    try await collect(fixture, at: 10_000)
    #expect(claims(fixture.ledger).count == 2)
    // The customer was heard of.
    fixture.ledger.put(
      StorageKeys.customerSeen(ProviderFixture.lease), LedgerTime(milliseconds: 12_000))
    try await collect(fixture, at: 14_000)
    #expect(claims(fixture.ledger).count == 2)
  }

  @Test func nothingIsClaimedOfWhatIsDroppedOrSealed() async throws {
    let fixture = try await staged()
    let drop = fixture.control(.dropStaged(segment: 1, slot: 0))
    #expect(try await fixture.ask(drop).0 == .done)
    try await collect(fixture, at: 20_000)
    #expect(claims(fixture.ledger).map { $0.orders.map(\.message.segment) } == [[2]])

    let column = try await ColumnFixture(seed: 31)
    column.ledger.put(
      StateKeys.parameter("storage.grace-milliseconds"), ParameterRecord(value: 10_000))
    try await column.commit()
    try await collect(column.providers[0], at: 20_000)
    #expect(claims(column.ledger) == [])
  }

  @Test func ordersAreKeptAcrossARestart() async throws {
    let fixture = try await staged()
    let rows = try fixture.service.store.index.shards()
    #expect(rows.map { $0.lastOrder == nil } == [false, false])
    #expect(rows.sorted { $0.key < $1.key } == fixture.service.store.rows())
  }
}
