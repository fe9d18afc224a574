import Cryptography
import Ledger
import Primitives
import ServiceKit
import Testing

struct ProviderTests {
  private static let provider = TestChain.key(1)
  private static let customer = TestChain.key(2)

  private func record(_ chain: TestChain) -> ProviderRecord? {
    chain.machine.record(at: StateKeys.provider(Self.provider.accountID))
  }

  @Test func registersWithABond() throws {
    var chain = try TestChain()
    let register = { (endpoint: String, bond: Amount) in
      Ledger.Operation.registerProvider(
        endpoint: endpoint, location: TestChain.loopback, bond: bond)
    }
    try chain.expect(.bondTooSmall, for: register("h:1", .whole(99)), by: Self.provider)
    for endpoint in ["", "host", "host:", "host:0", ":1", "host:70000", "a b:1", "h\u{7f}:1"] {
      try chain.expect(.badEndpoint, for: register(endpoint, .whole(100)), by: Self.provider)
    }
    try chain.expect(.insufficientBalance, for: register("h:1", .whole(10_001)), by: Self.provider)
    try chain.expect(register("h:1", .whole(100)), by: Self.provider)
    try chain.expect(.providerExists, for: register("h:1", .whole(100)), by: Self.provider)
    #expect(chain.balance(Self.provider) == .whole(9_900))
    #expect(record(chain)?.standing == .active)
    try chain.expect(
      .updateProvider(endpoint: "h:2", location: TestChain.loopback), by: Self.provider)
    #expect(record(chain)?.endpoint == "h:2")
  }

  @Test func leavesAfterTheUnbondingTimeAndNotWhileObliged() throws {
    var chain = try TestChain()
    try chain.expect(.unknownProvider, for: .startUnbonding, by: Self.provider)
    try chain.register(Self.provider)
    try chain.expect(.notUnbonding, for: .withdrawBond, by: Self.provider)
    try chain.command(.oblige(Self.provider.accountID, true), by: Self.customer)
    try chain.expect(.startUnbonding, by: Self.provider)
    try chain.expect(.providerNotActive, for: .startUnbonding, by: Self.provider)
    try chain.expect(
      .providerNotActive,
      for: .postOffer(service: FakeService.id, prices: TestChain.prices, capacity: 1),
      by: Self.provider)
    try chain.expect(.unbondingRuns, for: .withdrawBond, by: Self.provider)
    for _ in 0..<26 { try chain.run(after: 5_000) }
    try chain.expect(.providerObliged, for: .withdrawBond, by: Self.provider)
    try chain.command(.oblige(Self.provider.accountID, false), by: Self.customer)
    try chain.expect(.withdrawBond, by: Self.provider)
    #expect(chain.balance(Self.provider) == .whole(10_000))
    #expect(record(chain)?.standing == .left)
    try chain.register(Self.provider)
    #expect(record(chain)?.standing == .active)
  }

  @Test func aSlashPaysBeneficiariesThenClientAndBurn() throws {
    var chain = try TestChain()
    try chain.register(Self.provider, bond: .whole(110))
    let lease = try chain.openLease(by: Self.customer)
    let reporter = TestChain.key(3)
    let before = (client: chain.balance(Self.customer), reporter: chain.balance(reporter))
    try chain.command(
      .slash(
        Self.provider.accountID, .whole(50), beneficiary: reporter.accountID, .whole(10), lease),
      by: TestChain.key(4))
    #expect(record(chain)?.bond == .whole(60))
    #expect(record(chain)?.slashed == .whole(50))
    #expect(record(chain)?.standing == .underbonded)
    #expect(chain.balance(reporter) == (try before.reporter.adding(.whole(10))))
    #expect(chain.balance(Self.customer) == (try before.client.adding(.whole(20))))
    #expect(chain.supply.burned == .whole(20))
    let slash = try #require(chain.machine.rows(in: StateKeys.slashes(epoch: 0)).first)
    let kept = try SlashRecord(canonicalBytes: slash.value)
    #expect(kept.amount == .whole(50))
    #expect(kept.toBeneficiaries == .whole(10))
    #expect(kept.refunded == .whole(20))
    #expect(kept.burned == .whole(20))
    #expect(kept.cause.kind == "fault")
    // Never more than the bond; a top-up makes it whole again.
    try chain.command(
      .slash(
        Self.provider.accountID, .whole(500), beneficiary: reporter.accountID, .whole(500), lease),
      by: TestChain.key(4))
    #expect(record(chain)?.bond == .zero)
    try chain.expect(.topUpBond(amount: .whole(100)), by: Self.provider)
    #expect(record(chain)?.standing == .active)
  }

  @Test func servicesHearOfChanges() throws {
    var chain = try TestChain()
    try chain.register(Self.provider)
    let item = BlockItem.signed(chain.signed(.startUnbonding, by: Self.provider)).canonicalBytes()
    let outcome = try chain.run([item])
    #expect(outcome.events.map(\.event.kind) == ["provider.unbonding", "fake.provider"])
    #expect(outcome.events.allSatisfy { $0.itemIndex == 1 })
  }
}
