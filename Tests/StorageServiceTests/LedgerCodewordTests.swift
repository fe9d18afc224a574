import Cryptography
import ErasureCoding
import Primitives
import ServiceKit
import TestSupport
import Testing

@testable import StorageService

@Suite struct LedgerCodewordTests {
  let small = CodeClass(dataShards: 2, totalShards: 4, leafBytes: 256)!

  @Test func leavesFollowAsTheErasureCodeSays() throws {
    var random = SeededGenerator.fromEnvironment(default: 3)
    for (k, n) in [(1, 2), (1, 3), (2, 4), (3, 7), (5, 11), (6, 12), (30, 64)] as [(UInt8, UInt8)] {
      let code = CauchyCode(CodeClass(dataShards: k, totalShards: n)!)
      let chunks = try ReedSolomon(dataShards: Int(k), totalShards: Int(n))
        .encode(random.bytes(Int(k) * 37))
      for _ in 0..<12 {
        var order = Array(0..<Int(n))
        for index in order.indices.dropLast() {
          order.swapAt(index, index + Int(random.next() % UInt64(order.count - index)))
        }
        let sources = order.prefix(Int(k)).map { (chunk: $0, bytes: chunks[$0]) }
        for wanted in order {
          #expect(code.chunk(wanted, from: sources) == chunks[wanted], "seed \(random.seed)")
        }
      }
    }
  }

  @Test func fieldHasInversesAndTheCodeRefusesWhatIsNotKChunks() {
    for element in UInt8(1)...255 {
      #expect(GaloisField.product(element, GaloisField.inverse(of: element)!) == 1)
    }
    #expect(GaloisField.product(0x80, 2) == 0x1d)
    #expect(GaloisField.inverse(of: 0) == nil)
    #expect(GaloisField.inverse(of: [[1, 2], [1, 2]]) == nil)
    let code = CauchyCode(small)
    #expect(code.coefficients(of: 3, from: [0]) == nil)
    #expect(code.coefficients(of: 3, from: [0, 0]) == nil)
    #expect(code.coefficients(of: 4, from: [0, 1]) == nil)
    #expect(code.chunk(3, from: [(0, [1]), (1, [1, 2])]) == nil)
  }

  /// What the holders of three columns show together of one place.
  private func accusation(
    _ network: LedgerTestNetwork, _ id: BundleID, slots: [Int] = [0, 1, 3], segment: Int = 1,
    leaf: UInt64 = 2
  ) -> AccuseCodeword {
    let columns = network.stored[id]!
    return AccuseCodeword(
      bundle: id, manifest: columns[0].manifest, segmentIndex: segment, leafIndex: leaf,
      leaves: slots.map { slot in
        (slot, columns[slot].leaves[segment][Int(leaf)]!, columns[slot].proof(segment, leaf))
      })
  }

  @Test func replacementThatShowsTheFaultIsPaidAndNobodyIsFaulted() throws {
    var network = LedgerTestNetwork(providers: 6)
    let id = network.store(small, unsigned: [2], isCoded: false)
    network.block()
    let repair: RepairRecord = network.context.record(StorageKeys.repair(id, 2))!
    let replacement = try #require(repair.replacement)
    let price = try LedgerTestNetwork.prices.cost(of: 8_333, .repairBytes)
    let before = network.context.escrow[LedgerTestNetwork.lease]![.repair]!
    let evidence = accusation(network, id)
    #expect(
      try StoragePayload(
        canonicalBytes: StoragePayload.accuseCodeword(evidence).canonicalBytes())
        == .accuseCodeword(evidence))
    #expect(network.apply(.accuseCodeword(evidence), from: replacement) == nil)
    #expect(network.context.paid[replacement] == price)
    #expect(
      network.context.escrow[LedgerTestNetwork.lease]![.repair]! == (try before.subtracting(price)))
    #expect(network.context.events.contains { $0.kind == "storage.codeword-accused" })
    let bundle: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    #expect(bundle.isNoCodeword && bundle.isReleased && bundle.end == network.context.time)
    #expect(network.context.record(StorageKeys.repair(id, 2), as: RepairRecord.self) == nil)
    #expect(network.record(replacement).repairsAssigned == 0)
    #expect(
      network.apply(.accuseCodeword(evidence), from: replacement)?.code == .bundleReleased)
    // The holders prove once more, are paid up to the accusation, and are free.
    network.liveBlocks(60)
    #expect(network.context.value(at: StorageKeys.bundle(id)) == nil)
    for provider in network.providers {
      let record = network.record(provider.id)
      #expect(!record.isAbsent && record.windowsFailed == 0 && !record.isObliged)
      let quantity = network.context.accrued.filter { $0.provider == provider.id }
        .reduce(0) { $0 + $1.quantity }
      let holds = bundle.slots.contains { $0.provider == provider.id }
      #expect(
        quantity
          == (holds ? 8_333 * UInt128(bundle.end.milliseconds(since: bundle.committedAt)) : 0))
    }
    #expect(network.context.slashes == [])
    #expect(network.context.value(at: StorageKeys.leaseTotal(LedgerTestNetwork.lease)) == nil)
  }

  @Test func holdersMayAccuseUnpaidAndOthersMayNot() {
    var network = LedgerTestNetwork(providers: 5)
    let id = network.store(small, isCoded: false)
    let bundle: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    let outsider = network.providers.first { provider in
      !bundle.slots.contains { $0.provider == provider.id }
    }!
    let evidence = StoragePayload.accuseCodeword(accusation(network, id))
    #expect(network.apply(evidence, from: outsider.id)?.code == .notConcerned)
    #expect(network.apply(evidence, from: network.customer.accountID)?.code == .notConcerned)
    let holder = bundle.slots[0].provider!
    #expect(network.apply(evidence, from: holder) == nil)
    #expect(network.context.paid[holder] == nil)
  }

  @Test func codewordCannotBeAccused() {
    var network = LedgerTestNetwork(providers: 4)
    let id = network.store(small)
    let bundle: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    let holder = bundle.slots[0].provider!
    for slots in [[0, 1, 2], [0, 1, 3], [2, 3, 0], [1, 3, 2]] {
      for (segment, leaf) in [(0, 0), (0, 19), (1, 13)] as [(Int, UInt64)] {
        let evidence = accusation(network, id, slots: slots, segment: segment, leaf: leaf)
        #expect(
          network.apply(.accuseCodeword(evidence), from: holder)?.code == .evidenceFails)
      }
    }
    let after: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    #expect(after == bundle)
  }

  @Test func evidenceThatDoesNotLeadToTheColumnsIsRefused() throws {
    var network = LedgerTestNetwork(providers: 4)
    let id = network.store(small)
    let bundle: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    let good = accusation(network, id)
    // Leaves of another place, a repeated source, too few, the accused among the sources.
    let other = accusation(network, id, leaf: 3)
    let elsewhere = accusation(network, id, segment: 0)
    func with(_ sources: [ColumnLeaf], _ accused: ColumnLeaf) -> AccuseCodeword {
      AccuseCodeword(
        bundle: id, segmentIndex: good.segmentIndex, leafIndex: good.leafIndex,
        shardLeafCount: good.shardLeafCount, sources: sources, accused: accused)
    }
    for wrong in [
      with(good.sources, other.accused), with(good.sources, elsewhere.accused),
      with([good.sources[0], good.sources[0]], good.accused), with([good.sources[0]], good.accused),
      with(good.sources, good.sources[0]), with(good.sources.reversed(), good.accused),
    ] {
      #expect(CodewordVerifier.objection(to: wrong, against: bundle) != nil)
    }
    // No flipped bit makes evidence of it.
    let encoded = good.canonicalBytes()
    var random = SeededGenerator.fromEnvironment(default: 21)
    for _ in 0..<600 {
      var bytes = encoded
      bytes[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 << (random.next() % 8))
      guard let changed = try? AccuseCodeword(canonicalBytes: bytes) else { continue }
      #expect(
        CodewordVerifier.objection(to: changed, against: bundle) != nil, "seed \(random.seed)")
    }
  }

  @Test func declinedRepairMarksNobodyAbsentAndThreeExcuseTheLeaver() throws {
    var network = LedgerTestNetwork(providers: 8)
    let id = network.store(small)
    let bundle: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    let leaver = bundle.slots[3].provider!
    #expect(
      network.apply(.declareCorruption(DeclareCorruption(bundle: id, slot: 3)), from: leaver)
        == nil)
    // The former holder is not available, so that the draws are among the four others.
    network.apply(
      .setAvailability(SetAvailability(isAvailable: false, capacityBytes: 1 << 40)), from: leaver)
    let decline = StoragePayload.declineRepair(DeclineRepair(bundle: id, slot: 3))
    #expect(network.apply(decline, from: leaver)?.code == .notTheReplacement)
    var seen: Set<ProviderID> = []
    for count in 1...4 {
      network.block()
      let repair: RepairRecord = network.context.record(StorageKeys.repair(id, 3))!
      let replacement = try #require(repair.replacement)
      #expect(seen.insert(replacement).inserted)
      #expect(network.apply(decline, from: replacement) == nil)
      #expect(!network.record(replacement).isAbsent)
      #expect(network.record(replacement).repairsAssigned == 0)
      #expect(network.record(replacement).committedBytes == 0)
      #expect(network.module.isObliged(leaver, in: network.context) == (count < 3))
    }
    network.block()
    let repair: RepairRecord = network.context.record(StorageKeys.repair(id, 3))!
    #expect(repair.replacement == nil && repair.isDegraded && repair.leaver == nil)
    #expect(network.context.slashes == [])
    #expect(
      network.context.zeros.map(\.kind)
        == ["corruption-declared"] + Array(repeating: "repair-declined", count: 4))
  }
}
