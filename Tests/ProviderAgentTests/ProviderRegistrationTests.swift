import Cryptography
import Ledger
import Logging
import Primitives
import ServiceKit
import Testing

@testable import ProviderAgent

@Suite struct ProviderRegistrationTests {
  private let ledger = FakeLedger()
  private let key = SigningKey(seed: Bytes32(words: (1, 2, 3, 4)))
  private let service = ServiceID(number: 1)

  private var registration: ProviderRegistration {
    ProviderRegistration(
      ledger: ledger, key: key, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  private func offer(price: UInt128, capacity: UInt64 = 1000) throws -> ProviderOffer {
    let prices = try #require(
      PriceVector([.init(.egressBytes, creditsPerUnit: Credits(baseUnits: price))]))
    return ProviderOffer(service: service, prices: prices, capacity: capacity)
  }

  private func ensure(
    endpoint: String = "127.0.0.1:9710", bond: Amount = .whole(100), _ offers: [ProviderOffer]
  ) async throws -> ProviderRecord {
    try await registration.ensure(endpoint: endpoint, bond: bond, offers: offers)
  }

  @Test func aNewProviderIsRegisteredAndARestartSubmitsNothing() async throws {
    let record = try await ensure([try offer(price: 5)])
    #expect(record.endpoint == "127.0.0.1:9710" && record.bond == .whole(100))
    #expect(record.location.isLoopback)
    #expect(await ledger.committed.map(\.kind) == [3, 8])
    _ = try await ensure([try offer(price: 5)])
    #expect(await ledger.committed.count == 2)
  }

  @Test func onlyWhatDiffersIsSubmitted() async throws {
    _ = try await ensure([try offer(price: 5)])
    let moved = try await ensure(endpoint: "10.1.2.3:9999", [try offer(price: 5)])
    #expect(moved.endpoint == "10.1.2.3:9999" && moved.location.prefix == [10, 1, 2])
    let topped = try await ensure(
      endpoint: "10.1.2.3:9999", bond: .whole(150), [try offer(price: 5)])
    #expect(topped.bond == .whole(150))
    // A bond that is higher than wanted stays.
    _ = try await ensure(endpoint: "10.1.2.3:9999", bond: .whole(20), [try offer(price: 6)])
    _ = try await ensure(
      endpoint: "10.1.2.3:9999", bond: .whole(20), [try offer(price: 6, capacity: 7)])
    #expect(await ledger.committed.map(\.kind) == [3, 8, 4, 5, 8, 8])
  }

  @Test func aLeavingProviderIsNotBroughtBack() async throws {
    _ = try await ensure([])
    try await registration.startLeaving()
    try await registration.startLeaving()
    await #expect(
      throws: ProviderRegistrationError.unbonding(until: LedgerTime(milliseconds: 500))
    ) { _ = try await ensure([]) }
    #expect(await ledger.committed.map(\.kind) == [3, 6])
  }

  @Test func anOfferIsWithdrawnOnce() async throws {
    _ = try await ensure([try offer(price: 5)])
    try await registration.withdrawOffer(of: service)
    try await registration.withdrawOffer(of: service)
    #expect(await ledger.committed.map(\.kind) == [3, 8, 9])
  }

  @Test func anErrorIsPassedOnAndTheNextStartGoesOn() async throws {
    struct Lost: Error {}
    await ledger.loseNextAnswer(Lost())
    await #expect(throws: Lost.self) { _ = try await ensure([try offer(price: 5)]) }
    _ = try await ensure([try offer(price: 5)])
    #expect(await ledger.committed.map(\.kind) == [3, 8])
  }

  @Test(arguments: ["", "nowhere", "h:0", "127.0.0.1:99999"])
  func aBadEndpointIsRefusedBeforeAnythingIsSent(endpoint: String) async throws {
    await #expect(throws: ProviderRegistrationError.badEndpoint(endpoint)) {
      _ = try await ensure(endpoint: endpoint, [])
    }
    #expect(await ledger.committed.isEmpty)
  }

  @Test func locationsAreTheNetworkOfTheAddress() {
    #expect(NetworkLocation(host: "192.168.7.20").prefix == [192, 168, 7])
    #expect(NetworkLocation(host: "127.0.0.1").isLoopback)
    #expect(NetworkLocation(host: "localhost").isLoopback)
    #expect(NetworkLocation(host: "2001:db8:1::5").prefix == [0x20, 0x01, 0x0d, 0xb8, 0, 1])
    #expect(NetworkLocation(host: "node.example").prefix.isEmpty)
  }

  @Test func earningsAreReadByEpochAndExplained() async throws {
    let id = key.accountID
    var causes = CauseList()
    for index in 0..<18 {
      causes.append(
        Cause(kind: "stream", text: "proof \(index)", rule: "storage-possession/1", evidence: .zero)
      )
    }
    for (epoch, index) in [(3, 0), (4, 0), (4, 1)] as [(UInt64, UInt32)] {
      let line = PayoutLine(
        epoch: epoch, provider: id, index: index, lease: LeaseID(number: 9),
        source: .metered(.storedByteMilliseconds), credits: .whole(2), tokens: .whole(19),
        burned: .whole(1), quantity: 77, creditsPerUnit: .whole(3), rule: "commons/0",
        causes: causes)
      await ledger.set(line, at: StateKeys.payout(epoch: epoch, provider: id, index: index))
    }
    await ledger.set(
      ChainClock(
        height: 9, unixMilliseconds: 0, time: .genesis, epoch: 5, epochStartedAt: .genesis,
        epochEndsAt: .genesis, beacon: .zero, beaconHeight: 0, blockHash: .zero),
      at: StateKeys.clock)
    let earnings = ProviderEarnings(ledger: ledger)
    let lines = try await earnings.recentLines(of: id, epochs: 2)
    #expect(lines.map { [UInt64($0.index), $0.epoch] } == [[0, 4], [1, 4], [0, 3]])
    #expect(try await earnings.recentLines(of: id, epochs: 100).count == 3)
    let total = try ProviderEarnings.total(of: lines)
    #expect(total.credits == .whole(6) && total.tokens == .whole(57) && total.burned == .whole(3))
    let text = ProviderEarnings.explain(lines[0])
    #expect(text[0].contains("19 tokens paid, 1 burned, for 2 credits (commons/0)"))
    #expect(text[1].contains("lease 9") && text[1].contains("77"))
    #expect(text.contains { $0.contains("proof 0") && $0.contains("storage-possession/1") })
    #expect(text.last?.contains("2 more causes") == true)
  }
}
