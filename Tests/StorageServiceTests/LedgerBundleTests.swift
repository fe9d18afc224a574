import Cryptography
import Primitives
import ServiceKit
import TestSupport
import Testing

@testable import StorageService

@Suite struct LedgerBundleTests {
  let small = CodeClass(dataShards: 2, totalShards: 4, leafBytes: 256)!

  @Test func classesFollowTheNumberOfOperators() {
    let names = (0...14).map { CodeClass.strongest(operators: $0)?.description ?? "none" }
    #expect(
      names == [
        "none", "none", "RS(1,2)", "RS(1,3)", "RS(2,4)", "RS(2,5)", "RS(3,6)", "RS(3,7)",
        "RS(4,8)", "RS(4,9)", "RS(5,10)", "RS(5,11)", "RS(6,12)", "RS(6,12)", "RS(6,12)",
      ])
  }

  @Test func wrongCountersignatureAndTooFewSlotsAreRefused() {
    var network = LedgerTestNetwork(providers: 4)
    let group = network.group(small)
    let (good, _) = network.draft(group, shardBytes: [1_000])
    var slots = good.slots
    slots[1] = SlotCommitment(
      columnRoot: slots[1].columnRoot, leafCount: slots[1].leafCount,
      byteCount: slots[1].byteCount, stagedByteMilliseconds: 0, signature: slots[0].signature)
    #expect(commit(good, slots, &network)?.code == .wrongCountersignature)
    let (thin, _) = network.draft(group, shardBytes: [1_000], unsigned: [0, 1, 2])
    #expect(commit(thin, thin.slots, &network)?.code == .tooFewSlots)
    #expect(commit(good, Array(good.slots.dropLast()), &network)?.code == .wrongSlotCount)
    let (staged, _) = network.draft(
      group, shardBytes: [1_000], stagedByteMilliseconds: 1_000_000_000)
    #expect(commit(staged, staged.slots, &network)?.code == .stagedTooLong)
    #expect(
      network.apply(.commitBundle(good), from: network.providers[0].id)?.code == .notTheCustomer)
    #expect(commit(good, good.slots, &network) == nil)
    #expect(commit(good, good.slots, &network)?.code == .bundleKnown)
  }

  private func commit(
    _ draft: CommitBundle, _ slots: [SlotCommitment], _ network: inout LedgerTestNetwork
  ) -> Rejection? {
    network.apply(
      .commitBundle(
        CommitBundle(
          lease: draft.lease, group: draft.group, bundleKey: draft.bundleKey,
          segmentCount: draft.segmentCount, end: draft.end, slots: slots)),
      from: network.customer.accountID)
  }

  @Test func stagedTimeIsPaidFromTheStagingBucket() {
    var network = LedgerTestNetwork(providers: 4)
    let group = network.group(small)
    network.block()
    let (draft, _) = network.draft(
      group, shardBytes: [1_000], stagedByteMilliseconds: 1_000_000)
    #expect(commit(draft, draft.slots, &network) == nil)
    let staged = network.context.accrued.filter { $0.dimension == .stagedByteMilliseconds }
    #expect(staged.count == 4)
    #expect(staged.allSatisfy { $0.quantity == 1_000_000 })
  }

  @Test func emptyEscrowRefusesBundles() {
    var network = LedgerTestNetwork(providers: 4)
    network.context.escrow[LedgerTestNetwork.lease]![.stream] = .zero
    let group = network.group(small)
    let (draft, _) = network.draft(group, shardBytes: [100_000])
    #expect(commit(draft, draft.slots, &network)?.code == .escrowTooSmall)
  }

  @Test func missingSlotIsRepairedAtOnce() {
    var network = LedgerTestNetwork(providers: 5)
    let id = network.store(small, unsigned: [2])
    let before: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    #expect(before.vacantSlots == 1)
    network.liveBlocks(2)
    let after: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    #expect(after.vacantSlots == 0)
    #expect(network.context.slashes == [])
    // Without a leaver the repair bucket pays the replacement and k helpers.
    #expect(network.context.escrow[LedgerTestNetwork.lease]![.repair]! < .whole(1_000))
  }

  @Test func withoutOperatorsTheBundleIsDegradedUntilOneComes() {
    var network = LedgerTestNetwork(providers: 4)
    let id = network.store(small, unsigned: [0])
    let outsider = network.group(small).providers.first { holder in
      let bundle: BundleRecord = network.context.record(StorageKeys.bundle(id))!
      return !bundle.slots.contains { $0.provider == holder }
    }
    network.apply(
      .setAvailability(SetAvailability(isAvailable: false, capacityBytes: 1 << 40)),
      from: outsider!)
    network.liveBlocks(3)
    let repairs: [RepairRecord] = network.context.records(StorageKeys.repairs)
    // The provider whose signature was missing may have been drawn before it went away.
    if repairs.first?.replacement == nil, let repair = repairs.first {
      #expect(repair.isDegraded)
    }
    network.addProvider()
    network.liveBlocks(45)
    let after: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    #expect(after.vacantSlots == 0)
  }

  @Test func replacementThatMissesItsDeadlineIsAbsentAndAnotherIsDrawn() {
    var network = LedgerTestNetwork(providers: 4)
    let id = network.store(small, unsigned: [0])
    for provider in network.providers {
      let bundle: BundleRecord = network.context.record(StorageKeys.bundle(id))!
      if !bundle.slots.contains(where: { $0.provider == provider.id }) { provider.isAlive = false }
    }
    network.liveBlocks(40)
    let dead = network.providers.first { !$0.isAlive }!
    #expect(network.record(dead.id).isAbsent)
    #expect(network.record(dead.id).committedBytes == 0)
    #expect(network.context.slashes == [])
    network.addProvider()
    network.liveBlocks(3)
    let after: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    #expect(after.vacantSlots == 0)
  }

  @Test func releasedBundleIsPaidUntilItsLockUpAndProvenOnceMore() {
    var network = LedgerTestNetwork(providers: 4)
    let id = network.store(small)
    let bundle: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    network.liveBlocks(3)
    network.apply(.releaseBundle(ReleaseBundle(bundle: id)), from: network.customer.accountID)
    #expect(
      network.apply(.releaseBundle(ReleaseBundle(bundle: id)), from: network.customer.accountID)?
        .code == .bundleReleased)
    network.liveBlocks(60)
    #expect(network.context.value(at: StorageKeys.bundle(id)) == nil)
    for provider in network.providers {
      let record = network.record(provider.id)
      #expect(record.obligations == 0)
      #expect(record.committedBytes == 0)
      #expect(!network.module.isObliged(provider.id, in: network.context))
      let quantity = network.context.accrued.filter { $0.provider == provider.id }
        .reduce(0) { $0 + $1.quantity }
      #expect(quantity == UInt128(bundle.slots[0].byteCount) * 30_000)
    }
    #expect(network.context.value(at: StorageKeys.leaseTotal(LedgerTestNetwork.lease)) == nil)
    try? network.module.leaseCloses(LedgerTestNetwork.lease, in: &network.context)
  }

  @Test func leaseWithBundlesDoesNotClose() {
    var network = LedgerTestNetwork(providers: 4)
    network.store(small)
    #expect(throws: Rejection.self) {
      try network.module.leaseCloses(LedgerTestNetwork.lease, in: &network.context)
    }
  }

  @Test func bundleExpiresAndRenewalProlongsIt() {
    var network = LedgerTestNetwork(providers: 4)
    let end = network.context.time.advanced(milliseconds: 40_000)
    let expiring = network.store(small, end: end)
    let renewed = network.store(small, end: end)
    #expect(
      network.apply(
        .renewBundle(RenewBundle(bundle: renewed, end: end.advanced(milliseconds: 500_000))),
        from: network.customer.accountID) == nil)
    network.liveBlocks(80)
    #expect(network.context.value(at: StorageKeys.bundle(expiring)) == nil)
    #expect(network.context.value(at: StorageKeys.bundle(renewed)) != nil)
  }

  @Test func declaredCorruptionCostsThatColumnOnly() {
    var network = LedgerTestNetwork(providers: 5)
    let id = network.store(small)
    let other = network.store(small)
    let bundle: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    let second: BundleRecord = network.context.record(StorageKeys.bundle(other))!
    let holder = bundle.slots.compactMap(\.provider).first { id in
      second.slots.contains { $0.provider == id }
    }!
    let slot = bundle.slots.firstIndex { $0.provider == holder }!
    network.liveBlocks(4)
    #expect(
      network.apply(
        .declareCorruption(DeclareCorruption(bundle: id, slot: UInt8(slot))), from: holder)
        == nil)
    network.liveBlocks(40)
    #expect(network.record(holder).windowsFailed == 0)
    #expect(network.record(holder).windowsPassed > 0)
    #expect(network.context.slashes.allSatisfy { $0.kind == "repair" })
    let after: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    #expect(after.vacantSlots == 0)
  }

  @Test func leaverGivesUpItsSlotsAndIsObligedUntilTheyAreRebuilt() throws {
    var network = LedgerTestNetwork(providers: 5)
    let id = network.store(small)
    let bundle: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    let leaver = bundle.slots[0].provider!
    let view = network.context.providers[leaver]!.view
    network.context.providers[leaver]!.view = ProviderView(
      id: view.id, endpoint: view.endpoint, location: view.location, bond: view.bond,
      standing: .unbonding(until: .genesis))
    try network.module.providerChanged(leaver, in: &network.context)
    #expect(network.module.isObliged(leaver, in: network.context))
    network.liveBlocks(3)
    #expect(!network.module.isObliged(leaver, in: network.context))
    #expect(network.context.slashes.map(\.kind) == ["repair"])
  }

  @Test func accrualIsExactAndDoesNotDependOnWhenWindowsRan() {
    var totals: [UInt128] = []
    for (windows, step) in [(4_000, 500), (10_000, 1_000), (25_000, 1_700)] as [(UInt128, UInt64)] {
      var network = LedgerTestNetwork(providers: 4)
      network.context.values[StorageParameter.proofWindow.rawValue] = windows
      let end = network.context.time.advanced(milliseconds: 120_000)
      let id = network.store(small, end: end)
      let bundle: BundleRecord = network.context.record(StorageKeys.bundle(id))!
      while network.context.value(at: StorageKeys.bundle(id)) != nil {
        network.liveBlock(after: step)
      }
      let start = bundle.committedAt
      for provider in network.providers {
        let quantity = network.context.accrued.filter { $0.provider == provider.id }
          .reduce(0) { $0 + $1.quantity }
        #expect(
          quantity == UInt128(bundle.slots[0].byteCount)
            * UInt128(end.milliseconds(since: start)))
      }
      totals.append(network.context.accrued.reduce(0) { $0 + $1.quantity })
    }
    #expect(Set(totals).count == 1)
  }

  @Test func everyZeroHasAReason() throws {
    var network = LedgerTestNetwork(providers: 5)
    network.store(small)
    network.liveBlocks(15)
    try network.module.epochEnds(in: &network.context)
    #expect(network.context.zeros.map(\.kind) == ["nothing-to-prove"])
  }
}
