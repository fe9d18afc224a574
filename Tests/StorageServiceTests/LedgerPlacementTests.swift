import Cryptography
import Primitives
import ServiceKit
import TestSupport
import Testing

@testable import StorageService

@Suite struct LedgerPlacementTests {
  private func candidate(
    _ number: Int, prefix: [UInt8], system: UInt32 = 0, free: UInt64 = 1 << 30
  ) -> Placement.Candidate {
    Placement.Candidate(
      provider: AccountID(Digest.sha256([UInt8(number)]).value),
      location: NetworkLocation(prefix: prefix, autonomousSystem: system), freeBytes: free)
  }

  private func stream(_ number: Int) -> BeaconStream {
    BeaconStream(beacon: Digest.sha256([UInt8(number & 255)]), purpose: [UInt8(number >> 8)])
  }

  @Test func atMostOneAPrefixAndASystem() {
    var random = SeededGenerator.fromEnvironment(default: 7)
    for round in 0..<200 {
      let candidates = (0..<40).map { index in
        candidate(
          index, prefix: [10, UInt8(random.next() % 4), UInt8(random.next() % 4)],
          system: UInt32(random.next() % 8))
      }.sorted { $0.provider < $1.provider }
      var stream = stream(round)
      let drawn = Placement(candidates: candidates).draw(6, from: &stream)
      for (index, one) in drawn.enumerated() {
        #expect(!drawn[..<index].contains { $0.conflicts(with: one) }, "seed \(random.seed)")
      }
    }
  }

  @Test func loopbackAndUnknownSystemsDoNotCountAsTheSame() {
    let candidates = (0..<12).map { candidate($0, prefix: [127, 0, 0]) }
      .sorted { $0.provider < $1.provider }
    var stream = stream(1)
    #expect(Placement(candidates: candidates).draw(12, from: &stream).count == 12)
    let same = (0..<3).map { candidate($0, prefix: [10, 0, 1]) }
    #expect(Placement(candidates: same).draw(3, from: &stream).count == 1)
    let system = (0..<3).map { candidate($0, prefix: [10, 0, UInt8($0)], system: 64_500) }
    #expect(Placement(candidates: system).draw(3, from: &stream).count == 1)
  }

  @Test func drawIsWeightedByFreeCapacity() {
    let candidates = [
      candidate(1, prefix: [127, 0, 0], free: 3 << 40),
      candidate(2, prefix: [127, 0, 0], free: 1 << 40),
    ].sorted { $0.provider < $1.provider }
    var large = 0
    for round in 0..<2_000 {
      var stream = stream(round)
      if Placement(candidates: candidates).draw(1, from: &stream)[0].freeBytes == 3 << 40 {
        large += 1
      }
    }
    // 1,500 expected; six standard deviations are 116.
    #expect((1_384...1_616).contains(large))
  }

  @Test func drawIsTheSameEverywhere() throws {
    let candidates = (0..<20).map { candidate($0, prefix: [127, 0, 0], free: UInt64($0) << 30) }
      .sorted { $0.provider < $1.provider }
    var stream = stream(3)
    let drawn = Placement(candidates: candidates).draw(12, from: &stream)
    let digest = Digest.sha256(drawn.flatMap(\.provider.bytes))
    try Golden("storage-ledger").check("placement", digest.hex)
  }

  @Test func tooFewOperatorsAreRefusedWithTheirNumber() {
    var network = LedgerTestNetwork(providers: 3)
    let group = network.group(CodeClass(dataShards: 2, totalShards: 4)!)
    #expect(group.state == .refused)
    #expect(group.eligibleOperators == 3)
    #expect(network.context.events.last?.kind == "storage.group-refused")
    network.addProvider()
    #expect(network.group(CodeClass(dataShards: 2, totalShards: 4)!).state == .drawn)
  }

  @Test func excludedAbsentFullAndDearProvidersAreNotDrawn() {
    var network = LedgerTestNetwork(providers: 8)
    let ids = network.providers.map(\.id)
    network.apply(
      .setAvailability(SetAvailability(isAvailable: false, capacityBytes: 1 << 40)), from: ids[0])
    network.apply(
      .setAvailability(SetAvailability(isAvailable: true, capacityBytes: 0)), from: ids[1])
    let dear = PriceVector(
      LedgerTestNetwork.prices.components.map { .init($0.dimension, creditsPerUnit: .whole(2)) })!
    network.context.providers[ids[2]]!.offer = OfferView(
      provider: ids[2], prices: dear, capacity: 1 << 40)
    let view = network.context.providers[ids[3]]!.view
    network.context.providers[ids[3]]!.view = ProviderView(
      id: view.id, endpoint: view.endpoint, location: view.location, bond: view.bond,
      standing: .underbonded)
    let group = network.group(CodeClass(dataShards: 1, totalShards: 3)!, exclude: [ids[4]])
    #expect(Set(group.providers) == Set(ids[5...]))
  }
}
