import Primitives
import ServiceKit
import Testing

@testable import StorageService

/// A provider that gives all its data back and stays.
@Suite struct LedgerDrainTests {
  private let small = CodeClass(dataShards: 2, totalShards: 4, leafBytes: 1024)!

  @Test func columnsAreRebuiltElsewhereAndNobodyIsFaulted() throws {
    var network = LedgerTestNetwork(providers: 6)
    let bundle = network.store(small)
    network.liveBlocks(2)
    let before: BundleRecord = network.context.record(StorageKeys.bundle(bundle))!
    let leaver = try #require(before.slots[0].provider)
    #expect(network.apply(.drain, from: leaver) == nil)
    #expect(!network.record(leaver).takesWork)
    network.liveBlocks(4)
    let after: BundleRecord = network.context.record(StorageKeys.bundle(bundle))!
    let holders = after.slots.compactMap(\.provider)
    #expect(holders.count == 4 && !holders.contains(leaver))
    #expect(!network.module.isObliged(leaver, in: network.context))
    // The repair is the leaver's to pay; nothing else is taken from it.
    #expect(network.context.slashes.map(\.kind) == ["repair"])
    #expect(network.context.slashes.allSatisfy { $0.provider == leaver })
  }

  @Test func aDrainedProviderGetsNothingUntilItIsBack() throws {
    var network = LedgerTestNetwork(providers: 5)
    let idle = network.providers[0].id
    #expect(network.apply(.drain, from: idle) == nil)
    #expect(!network.group(small).providers.contains(idle))
    network.apply(
      .setAvailability(SetAvailability(isAvailable: true, capacityBytes: 1 << 40)), from: idle)
    #expect(network.record(idle).takesWork)
  }

  /// Draining twice, in a running challenge too, changes nothing more and costs nothing more.
  @Test func drainingTwiceIsDrainingOnce() throws {
    var network = LedgerTestNetwork(providers: 6)
    let bundle = network.store(small)
    let record: BundleRecord = network.context.record(StorageKeys.bundle(bundle))!
    let leaver = try #require(record.slots[1].provider)
    while network.challenge(leaver) == nil { network.block() }
    #expect(network.apply(.drain, from: leaver) == nil)
    let once = network.record(leaver)
    #expect(network.apply(.drain, from: leaver) == nil)
    #expect(network.record(leaver) == once)
    #expect(once.openRound == 0 && once.obligations == 0)
  }

  @Test func whoIsNoProviderIsRefused() {
    var network = LedgerTestNetwork(providers: 4)
    #expect(network.apply(.drain, from: network.customer.accountID)?.code == .notAProvider)
  }

  @Test func theEncodingIsOneByte() throws {
    #expect(StoragePayload.drain.canonicalBytes() == [30])
    #expect(try StoragePayload(canonicalBytes: [30]) == .drain)
    #expect(throws: CodecError.self) { _ = try StoragePayload(canonicalBytes: [30, 0]) }
  }
}
