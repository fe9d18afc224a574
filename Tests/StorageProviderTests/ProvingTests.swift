import Cryptography
import Ledger
import NIOPosix
import Primitives
import ServiceKit
import StorageProvider
import StorageService
import TestSupport
import Testing

@Suite struct ProvingTests {
  @Test func whatIsCountersignedIsProven() async throws {
    let fixture = try await ColumnFixture(seed: 1)
    try await fixture.commit()
    let prover = fixture.providers[0].service.prover
    _ = try fixture.challenge(phase: .walking, state: .walking)
    try await prover.step()
    try await prover.step()
    guard case .postTranscript(let posted)? = fixture.ledger.payloads.last else {
      Issue.record("no transcript")
      return
    }
    #expect(fixture.ledger.payloads.count == 1, "a block that changes nothing submits nothing")
    let challenge = try fixture.challenge(
      phase: .opening, state: .opening, transcript: posted.transcriptRoot)
    // The process was killed in between: nothing but the shards and the ledger is left.
    let threads = NIOThreadPool(numberOfThreads: 1)
    threads.start()
    let again = StorageProver(
      key: fixture.providers[0].key, store: fixture.providers[0].service.store,
      access: fixture.ledger, threads: threads)
    try await again.step()
    guard case .openSteps(let opened)? = fixture.ledger.payloads.last else {
      Issue.record("no openings")
      return
    }
    let named = challenge.namedSteps(
      beacon: Digest.sha256([2]), transcriptRoot: posted.transcriptRoot, count: 8)
    let verifier = OpeningVerifier(
      challenge: challenge, transcriptRoot: posted.transcriptRoot)
    #expect(verifier.judge(opened.openings, named: named) == .proven)
    try await threads.shutdownGracefully()
  }

  @Test func demandedStepsOfAnEarlierTranscriptAreOpened() async throws {
    let fixture = try await ColumnFixture(seed: 5)
    try await fixture.commit()
    let (prover, provider) = (
      fixture.providers[0].service.prover, fixture.providers[0].key.accountID
    )
    let walk = try fixture.challenge(phase: .walking, state: .walking)
    try await prover.step()
    guard case .postTranscript(let posted)? = fixture.ledger.payloads.last else {
      Issue.record("no transcript")
      return
    }
    // The round is over, and its record is in another attempt by now.
    _ = try fixture.challenge(phase: .closed, state: .passed)
    var challenge = try #require(
      try await fixture.ledger.value(
        StorageKeys.challenge(posted.round, provider), as: ChallengeRecord.self))
    challenge.attempt = posted.attempt
    challenge.transcriptRoot = posted.transcriptRoot
    challenge.seed = Digest.sha256([1])
    fixture.ledger.put(StorageKeys.challenge(posted.round, provider), challenge)
    fixture.ledger.put(StorageKeys.provider(provider), StorageProviderRecord(id: provider))
    fixture.ledger.put(
      StorageKeys.demand(provider, number: 1),
      DemandRecord(
        number: 1, provider: provider, round: posted.round, demander: provider,
        lease: ProviderFixture.lease, deposit: .zero, steps: [4, 5, 200], askedAt: .genesis))
    try await prover.step()
    try await prover.step()
    #expect(fixture.ledger.payloads.count == 2)
    guard case .openSteps(let opened)? = fixture.ledger.payloads.last else {
      Issue.record("no openings")
      return
    }
    let verifier = OpeningVerifier(challenge: walk, transcriptRoot: posted.transcriptRoot)
    #expect(verifier.judge(opened.openings, named: [4, 5, 200]) == .proven)
    #expect(opened.attempt == posted.attempt)
  }

  @Test func aDamagedColumnIsGivenBackAndNotLiedAbout() async throws {
    let fixture = try await ColumnFixture(seed: 2)
    try await fixture.commit()
    _ = try fixture.challenge(phase: .walking, state: .walking)
    let files = fixture.providers[0].files
    // Every leaf of one shard is bad, so that the walk meets one.
    for offset in stride(from: 0, to: fixture.shards[0][0].count, by: 1_024) {
      files.corrupt("7-1-0.shard", at: offset)
    }
    try await fixture.providers[0].service.prover.step()
    #expect(
      fixture.ledger.payloads == [
        .declareCorruption(DeclareCorruption(bundle: ColumnFixture.bundleID, slot: 0))
      ])
  }

  @Test func aScrubLeadsToADeclaration() async throws {
    let fixture = try await ColumnFixture(seed: 3)
    try await fixture.commit()
    let service = fixture.providers[1].service
    fixture.providers[1].files.corrupt("7-2-1.shard", at: 70_000)
    try await service.prover.declareDamage()
    #expect(fixture.ledger.payloads.isEmpty)
    #expect(!service.store.scrub(ShardFixture.key(2, slot: 1)))
    try await service.prover.declareDamage()
    #expect(
      fixture.ledger.payloads == [
        .declareCorruption(DeclareCorruption(bundle: ColumnFixture.bundleID, slot: 1))
      ])
  }

  @Test func nothingIsSignedThatIsNotHeld() async throws {
    let fixture = try await ColumnFixture(seed: 4)
    let provider = fixture.providers[0]
    func code(_ statement: SlotStatement) async throws -> StorageRefusal.Code? {
      try await provider.refusal(provider.control(.countersign(statement: statement)))?.code
    }
    #expect(try await code(fixture.statement(0)) == .unknownManifest)
    try await fixture.sendManifest(to: 0)
    #expect(try await code(fixture.statement(1)) == .notThisSlot)
    let draft = fixture.statement(0)
    let wrong = SlotStatement(
      chain: draft.chain, lease: draft.lease, group: draft.group, bundleKey: draft.bundleKey,
      slot: 0, columnRoot: .zero, leafCount: draft.leafCount, byteCount: draft.byteCount,
      stagedByteMilliseconds: .max, end: draft.end)
    #expect(try await code(wrong) == .disagreement)
    try provider.service.store.drop(ShardFixture.key(2))
    #expect(try await code(fixture.statement(0)) == .unknownShard)
  }

  @Test func aManifestUnderAWrongNameIsNotKept() async throws {
    let fixture = try await ColumnFixture(seed: 5)
    let bytes = fixture.manifest.canonicalBytes()
    let request = StorageRequest.putManifest(
      ManifestPart(key: .zero, totalBytes: UInt32(bytes.count), offset: 0))
    #expect(
      try await fixture.providers[0].refusal(request, tail: bytes)?.code == .malformed)
    #expect(
      try await fixture.providers[0].refusal(.getManifest(key: .zero, offset: 0))?.code
        == .unknownManifest)
  }

  @Test func sealedShardsAreFreedAfterTheirBundleIsGone() async throws {
    let fixture = try await ColumnFixture(seed: 6)
    try await fixture.commit()
    let provider = fixture.providers[0]
    let service = provider.service
    fixture.ledger.put(
      StateKeys.parameter("storage.grace-milliseconds"), ParameterRecord(value: 5_000))
    try await service.refreshClock()
    try await service.upkeep.collect()
    #expect(service.store.shardCount == 2)
    fixture.ledger.remove(StorageKeys.obligation(provider.key.accountID, fixture.bundle.id))
    try await service.upkeep.collect()
    #expect(service.store.shardCount == 2, "the grace period has only begun")
    fixture.ledger.setTime(7_000, height: 9)
    try await service.refreshClock()
    try await service.upkeep.collect()
    #expect(service.store.shardCount == 0)
    #expect(provider.files.names() == [])
  }

  @Test func aLedgerThatIsDownFreesNothing() async throws {
    let fixture = try await ColumnFixture(seed: 7)
    try await fixture.commit()
    fixture.ledger.setDown(true)
    let service = fixture.providers[0].service
    await #expect(throws: FakeLedger.Down.self) { try await service.upkeep.collect() }
    await #expect(throws: FakeLedger.Down.self) { try await service.prover.step() }
    #expect(service.store.shardCount == 2)
  }
}
