import Cryptography
import Ledger
import Primitives
import ServiceKit
import StorageProvider
import StorageService
import TestSupport
import Testing

@Suite struct RepairTests {
  /// Vacates a slot and names a fifth provider for it.
  private func assign(
    _ fixture: ColumnFixture, slot: UInt8
  ) throws -> ProviderFixture {
    var bundle = fixture.bundle
    bundle.slots[Int(slot)].provider = nil
    fixture.ledger.put(StorageKeys.bundle(bundle.id), bundle)
    let replacement = try ProviderFixture(
      number: 5, ledger: fixture.ledger, peers: fixture.peers)
    let id = replacement.key.accountID
    var repair = RepairRecord(
      bundle: bundle.id, slot: slot, leaver: nil, vacantSince: .genesis)
    repair.replacement = id
    repair.deadline = LedgerTime(milliseconds: 800_000)
    fixture.ledger.put(StorageKeys.repair(bundle.id, slot), repair)
    fixture.ledger.put(StorageKeys.assignment(id, bundle.id), slot)
    return replacement
  }

  @Test(arguments: [0, 3])
  func aColumnIsRebuiltWithoutItsCustomer(slot: Int) async throws {
    let fixture = try await ColumnFixture(seed: 20 + UInt64(slot))
    try await fixture.commit()
    let replacement = try assign(fixture, slot: UInt8(slot))
    try await replacement.service.repairer.step()
    guard case .completeRepair(let done)? = fixture.ledger.payloads.last else {
      Issue.record("not repaired")
      return
    }
    let statement = fixture.bundle.repairStatement(slot: slot, chain: FakeLedger.chainID)
    #expect(statement.isSigned(by: replacement.key.accountID, done.countersignature))
    #expect(done.helpers.count == 2)
    #expect(!done.helpers.contains(UInt8(slot)))
    for segment in 0...1 {
      let name = "7-\(segment + 1)-\(slot).shard"
      #expect(replacement.files.content(name) == fixture.shards[segment][slot])
    }
  }

  @Test func badAndDeadHelpersAreReplaced() async throws {
    let fixture = try await ColumnFixture(seed: 30)
    try await fixture.commit()
    let replacement = try assign(fixture, slot: 3)
    fixture.providers[0].files.corrupt("7-1-0.shard", at: 10)
    try await replacement.service.repairer.step()
    guard case .completeRepair(let done)? = fixture.ledger.payloads.last else {
      Issue.record("not repaired")
      return
    }
    #expect(done.helpers == [1, 2])
  }

  @Test func tooFewHelpersLeaveTheRepairForLater() async throws {
    let fixture = try await ColumnFixture(seed: 31)
    try await fixture.commit()
    let replacement = try assign(fixture, slot: 3)
    let away = [0, 1].map { fixture.providers[$0].key.accountID }
    for id in away { fixture.peers.handlers.withLock { $0[id] = nil } }
    try await replacement.service.repairer.step()
    #expect(fixture.ledger.payloads.isEmpty)
    // One comes back.
    let back = fixture.providers[1]
    fixture.peers.handlers.withLock { $0[back.key.accountID] = back.service.handler }
    try await replacement.service.repairer.step()
    guard case .completeRepair? = fixture.ledger.payloads.last else {
      Issue.record("not repaired")
      return
    }
  }

  @Test func onlyTheNamedReplacementMayReadAndOnlyThatBundle() async throws {
    let fixture = try await ColumnFixture(seed: 32)
    try await fixture.commit()
    let replacement = try assign(fixture, slot: 3)
    let helper = fixture.providers[0]
    let length = fixture.manifest.segments[0].shardBytes
    func code(
      _ reader: SigningKey, _ bundle: BundleID = ColumnFixture.bundleID, slot: UInt8 = 3
    ) async throws -> StorageRefusal.Code? {
      try await helper.refusal(
        helper.readOrder(
          0..<1_000, of: length, reader: reader, authority: .repair(bundle: bundle, slot: slot))
      )?.code
    }
    #expect(try await code(replacement.key) == nil)
    #expect(try await code(fixture.providers[1].key) == .notAuthorized)
    #expect(try await code(replacement.key, slot: 2) == .notAuthorized)
    #expect(try await code(replacement.key, BundleID(number: 6)) == .notAuthorized)
  }

  @Test func aBundleThatIsNoCodewordFaultsNobody() async throws {
    let fixture = try await ColumnFixture(seed: 33)
    try await fixture.commit()
    let replacement = try assign(fixture, slot: 3)
    // The customer committed another root for slot 3 than the data give.
    let good = fixture.manifest.segments
    let bad = good.map { entry in
      SegmentEntry(
        segment: entry.segment, stripePayloadLengths: entry.stripePayloadLengths,
        shardBytes: entry.shardBytes,
        shardRoots: Array(entry.shardRoots.prefix(3)) + [Digest.sha256([9])])
    }
    let manifest = try #require(
      BundleManifest(
        lease: fixture.bundle.lease, group: fixture.bundle.group,
        codeClass: fixture.bundle.codeClass, segments: bad))
    // Helpers hold that bundle: their columns are the same.
    for slot in 0..<3 {
      let store = fixture.providers[slot].service.store
      let statement = SlotStatement(
        chain: FakeLedger.chainID, lease: manifest.lease, group: manifest.group,
        bundleKey: manifest.hash, slot: UInt8(slot),
        columnRoot: manifest.columnTree(slot: slot).root, leafCount: 1, byteCount: 1,
        stagedByteMilliseconds: 0, end: fixture.bundle.end)
      try store.seal(
        manifest, statement: statement, stale: [fixture.bundle.bundleKey], time: .genesis)
      let bytes = manifest.canonicalBytes()
      let request = StorageRequest.putManifest(
        ManifestPart(key: manifest.hash, totalBytes: UInt32(bytes.count), offset: 0))
      #expect(try await fixture.providers[slot].refusal(request, tail: bytes) == nil)
    }
    let holders = fixture.providers.map(\.key.accountID)
    let record = BundleRecord(
      id: fixture.bundle.id, lease: manifest.lease, group: manifest.group,
      codeClass: manifest.codeClass, bundleKey: manifest.hash, root: manifest.bundleRoot,
      segmentCount: 2, committedAt: .genesis, end: fixture.bundle.end,
      slots: (0..<4).map { slot in
        SlotRecord(
          provider: slot == 3 ? nil : holders[slot],
          columnRoot: manifest.columnTree(slot: slot).root,
          leafCount: manifest.columnLeafCount, byteCount: manifest.columnByteCount)
      })
    fixture.ledger.put(StorageKeys.bundle(record.id), record)
    try await replacement.service.repairer.step()
    // All that is held belongs together, so nothing can be shown: the assignment is given back.
    #expect(
      fixture.ledger.payloads
        == [.declineRepair(DeclineRepair(bundle: fixture.bundle.id, slot: 3))])
    #expect(replacement.service.store.usedBytes == 0)
  }

  @Test func leavesThatDoNotBelongTogetherAreShownToTheLedger() async throws {
    let fixture = try await ColumnFixture(seed: 34, spoiled: 0)
    try await fixture.commit()
    let replacement = try assign(fixture, slot: 3)
    try await replacement.service.repairer.step()
    guard case .accuseCodeword(let evidence)? = fixture.ledger.payloads.last else {
      Issue.record("not accused")
      return
    }
    #expect(fixture.ledger.payloads.count == 1)
    #expect(CodewordVerifier.objection(to: evidence, against: fixture.bundle) == nil)
    #expect(evidence.segmentIndex == 1)
    // 60,000 bytes of the first stripe's chunk lie before the changed one.
    #expect(evidence.leafIndex == 60_700 / 1_024)
    #expect(replacement.service.store.usedBytes == 0)
    // A bundle that is a codeword gives the same evidence no ground.
    let good = try await ColumnFixture(seed: 34)
    #expect(CodewordVerifier.objection(to: evidence, against: good.bundle) != nil)
  }

  @Test func availabilityIsTold() async throws {
    let fixture = try ProviderFixture(quotaBytes: 1 << 20)
    fixture.ledger.setTime(1_000)
    try await fixture.service.upkeep.step()
    #expect(
      fixture.ledger.payloads == [
        .setAvailability(SetAvailability(isAvailable: true, capacityBytes: 1 << 20))
      ])
    var record = StorageProviderRecord(id: fixture.key.accountID)
    record.isAvailable = true
    record.capacityBytes = 1 << 20
    fixture.ledger.put(StorageKeys.provider(record.id), record)
    try await fixture.service.upkeep.step()
    #expect(fixture.ledger.payloads.count == 1)
    record.isAbsent = true
    fixture.ledger.put(StorageKeys.provider(record.id), record)
    try await fixture.service.upkeep.step()
    #expect(fixture.ledger.payloads.count == 2)
  }
}
