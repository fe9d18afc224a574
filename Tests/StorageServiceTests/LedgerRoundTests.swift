import Cryptography
import Primitives
import ServiceKit
import TestSupport
import Testing

@testable import StorageService

@Suite struct LedgerRoundTests {
  let small = CodeClass(dataShards: 2, totalShards: 4, leafBytes: 256)!

  @Test func honestProvidersPassEveryWindowAndAreNeverFaulted() {
    var network = LedgerTestNetwork(providers: 6)
    network.store(small)
    network.store(small)
    network.liveBlocks(100)
    #expect(network.rejections == [])
    let holders = network.providers.map { network.record($0.id) }.filter { $0.obligations > 0 }
    #expect(holders.count >= 4)
    for record in holders {
      #expect(record.windowsPassed >= 8)
      #expect(record.windowsFailed == 0)
      #expect(!record.isAbsent)
    }
    #expect(network.context.slashes == [])
  }

  @Test func pathFromWindowToVerdictIsThePublishedOne() {
    var network = LedgerTestNetwork(providers: 4)
    network.store(small)
    network.liveBlocks(24)
    let kinds = network.context.events.map(\.kind)
    let round = kinds.drop { $0 != "storage.window-opened" }.prefix { $0 != "storage.round-closed" }
    #expect(
      Array(round) == [
        "storage.window-opened", "storage.round-walking",
        "storage.transcript-posted", "storage.transcript-posted", "storage.transcript-posted",
        "storage.transcript-posted", "storage.round-opening", "storage.challenge-passed",
        "storage.challenge-passed", "storage.challenge-passed", "storage.challenge-passed",
      ])
  }

  @Test func deadProviderFailsTwoWindowsIsFaultedAndItsSlotIsRebuilt() {
    var network = LedgerTestNetwork(providers: 5)
    let id = network.store(small)
    let bundle: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    let victim = bundle.slots[0].provider!
    network.provider(victim).isAlive = false
    var blocks = 0
    while network.context.slashes.isEmpty, blocks < 80 {
      network.liveBlock()
      blocks += 1
    }
    #expect(blocks < 60)
    #expect(network.context.slashes.map(\.kind) == ["fault"])
    #expect(network.context.slashes.first?.amount == .whole(5))
    #expect(
      network.context.zeros.filter { $0.provider == victim }.map(\.kind) == ["missed", "missed"])
    network.liveBlocks(3)
    let after: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    #expect(after.vacantSlots == 0)
    #expect(!after.slots.contains { $0.provider == victim })
    #expect(network.record(victim).obligations == 0)
    #expect(!network.module.isObliged(victim, in: network.context))
    // The leaver's bond paid the replacement and its two helpers.
    #expect(network.context.slashes.last?.kind == "repair")
    #expect(network.context.slashes.last?.beneficiaries.count == 3)
  }

  @Test func oneMissedWindowCostsItsPayAndNothingElse() {
    var network = LedgerTestNetwork(providers: 4)
    network.store(small)
    let victim = network.providers[0]
    network.liveBlocks(14)
    victim.isAlive = false
    while network.record(victim.id).windowsFailed == 0 { network.liveBlock() }
    victim.isAlive = true
    network.liveBlocks(30)
    let record = network.record(victim.id)
    #expect(record.windowsFailed == 1)
    #expect(record.consecutiveMisses == 0)
    #expect(!record.isAbsent)
    #expect(network.context.slashes == [])
    func quantity(_ id: ProviderID) -> UInt128 {
      network.context.accrued.filter { $0.provider == id }.reduce(0) { $0 + $1.quantity }
    }
    #expect(quantity(victim.id) < quantity(network.providers[1].id))
  }

  @Test func retryGivesASecondChance() {
    var network = LedgerTestNetwork(providers: 4)
    network.store(small)
    let slow = network.providers[2]
    slow.isAlive = false
    while true {
      network.liveBlock()
      if let (round, _, _) = network.challenge(slow.id), round.attempt == 2 { break }
    }
    slow.isAlive = true
    network.liveBlocks(10)
    #expect(network.record(slow.id).windowsFailed == 0)
    #expect(network.record(slow.id).windowsPassed >= 1)
  }

  @Test func ledgerThatStandsStillFaultsNobody() {
    var network = LedgerTestNetwork(providers: 4)
    network.store(small)
    let victim = network.providers[1]
    // Dead while the ledger hangs: blocks come, but each after a long gap.
    while network.challenge(victim.id)?.0.phase != .walking { network.block() }
    for _ in 0..<50 { network.block(after: 600_000) }
    #expect(network.challenge(victim.id)?.0.phase == .walking)
    #expect(network.context.slashes == [])
    #expect(network.record(victim.id).windowsFailed == 0)
    // The gap ends: everybody has the whole window again.
    network.liveBlocks(8)
    #expect(network.providers.allSatisfy { network.record($0.id).windowsFailed == 0 })
    #expect(network.record(victim.id).windowsPassed >= 1)
  }

  @Test func crashLateInTheResponseWindowGivesTheWholeWindowAgain() {
    var network = LedgerTestNetwork(providers: 4)
    network.store(small)
    let victim = network.providers[1]
    while network.challenge(victim.id)?.0.phase != .walking { network.block() }
    for _ in 0..<3 { network.block() }
    network.block(after: 600_000)
    // Four more blocks in which it may still answer.
    for _ in 0..<3 { network.block() }
    #expect(network.challenge(victim.id)?.0.attempt == 1)
    network.liveBlocks(4)
    #expect(network.providers.allSatisfy { network.record($0.id).windowsPassed == 1 })
  }

  @Test func windowWithoutBeaconWaits() {
    var network = LedgerTestNetwork(providers: 4)
    network.store(small)
    for _ in 0..<60 { network.liveBlock(hasBeacon: false) }
    #expect(network.providers.allSatisfy { network.record($0.id).windowsFailed == 0 })
    #expect(network.context.slashes == [])
    #expect(network.context.accrued == [])
    network.liveBlocks(8)
    #expect(network.providers.allSatisfy { network.record($0.id).windowsPassed >= 1 })
  }

  @Test func postingTwiceLateOrForAnotherAttemptIsRefused() {
    var network = LedgerTestNetwork(providers: 4)
    network.store(small)
    let provider = network.providers[0]
    while network.challenge(provider.id)?.0.phase != .walking { network.block() }
    let (round, _, _) = network.challenge(provider.id)!
    network.answer(provider)
    let post = StoragePayload.postTranscript(
      PostTranscript(round: round.id, attempt: 1, transcriptRoot: .zero))
    #expect(network.apply(post, from: provider.id)?.code == .transcriptPosted)
    #expect(network.apply(post, from: network.customer.accountID)?.code == .noSuchChallenge)
    let other = StoragePayload.postTranscript(
      PostTranscript(round: round.id, attempt: 2, transcriptRoot: .zero))
    #expect(network.apply(other, from: network.providers[1].id)?.code == .wrongAttempt)
    let early = StoragePayload.openSteps(OpenSteps(round: round.id, attempt: 1, openings: []))
    #expect(network.apply(early, from: provider.id)?.code == .openingNotDue)
    // Nobody else posts: the window closes, and posting is late.
    for _ in 0..<7 { network.block() }
    #expect(network.challenge(network.providers[1].id)?.1.state != .walking)
    let late = network.apply(post, from: network.providers[1].id)
    #expect(late?.code == .transcriptNotDue || late?.code == .wrongAttempt)
  }

  @Test func transcriptForAnOldSeedCannotBeOpened() {
    var network = LedgerTestNetwork(providers: 4)
    network.store(small)
    let liar = network.providers[0]
    while network.challenge(liar.id)?.0.phase != .walking { network.block() }
    let (round, challenge, demand) = network.challenge(liar.id)!
    // It walked over the seed before this one, and replays that transcript.
    let rows: [ObligationRecord] = network.context.records(StorageKeys.obligations(of: liar.id))
    let old = WalkChallenge(
      round: demand.round, attempt: 1, provider: liar.id, seed: .zero,
      obligationRoot: demand.obligationRoot, leafCount: demand.leafCount, steps: 256)
    let walk = try! PossessionWalk(
      challenge: old, obligations: rows, frozenHeight: challenge.frozenHeight, source: liar)
    network.apply(
      .postTranscript(
        PostTranscript(round: round.id, attempt: 1, transcriptRoot: walk.transcriptRoot)),
      from: liar.id)
    for other in network.providers.dropFirst() { network.answer(other) }
    network.block()
    let (opening, posted, current) = network.challenge(liar.id)!
    #expect(opening.phase == .opening)
    let named = current.namedSteps(
      beacon: opening.openingBeacon, transcriptRoot: posted.transcriptRoot, count: 8)
    let openings = try! walk.openings(of: named, source: liar)
    let rejection = network.apply(
      .openSteps(OpenSteps(round: round.id, attempt: 1, openings: openings)), from: liar.id)
    // It cannot be told from a lie: every step binds the seed, so the states do not follow.
    #expect(rejection == nil || rejection?.code == .openingUnbound)
    #expect(network.record(liar.id).windowsPassed == 0)
    #expect((rejection == nil) == (network.context.slashes.map(\.kind) == ["wrong-step"]))
  }

  @Test func wrongStepCostsTheWholeBondAndAllColumns() {
    var network = LedgerTestNetwork(providers: 5)
    let id = network.store(small)
    let bundle: BundleRecord = network.context.record(StorageKeys.bundle(id))!
    let liar = network.provider(bundle.slots[1].provider!)
    while network.challenge(liar.id)?.0.phase != .walking { network.block() }
    let (round, challenge, demand) = network.challenge(liar.id)!
    // The states are made up; the leaves that it opens are the true ones.
    let states = (0..<256).map { Digest.sha256([UInt8($0)]) }
    let levels = MerkleLevels(leafHashes: states)
    network.apply(
      .postTranscript(PostTranscript(round: round.id, attempt: 1, transcriptRoot: levels.root)),
      from: liar.id)
    for other in network.providers where other.id != liar.id { network.answer(other) }
    network.block()
    let (opening, posted, _) = network.challenge(liar.id)!
    let named = demand.namedSteps(
      beacon: opening.openingBeacon, transcriptRoot: posted.transcriptRoot, count: 8)
    let rows: [ObligationRecord] = network.context.records(StorageKeys.obligations(of: liar.id))
    let forged = try! forgedOpenings(
      named, states: states, of: demand, rows: rows, frozenHeight: challenge.frozenHeight,
      source: liar)
    #expect(
      network.apply(
        .openSteps(OpenSteps(round: round.id, attempt: 1, openings: forged)), from: liar.id)
        == nil)
    #expect(network.context.slashes.map(\.kind) == ["wrong-step"])
    #expect(network.context.slashes.first?.amount == .whole(100))
    #expect(network.record(liar.id).obligations == 0)
    #expect(network.record(liar.id).repairsOwed == 1)
    #expect(network.module.isObliged(liar.id, in: network.context))
    let verdict: ChallengeRecord = network.context.record(
      StorageKeys.challenge(round.id, liar.id))!
    #expect(verdict.state == .lied)
    #expect(verdict.verdict?.reasons == ["wrong-step"])
    network.liveBlocks(4)
    #expect(!network.module.isObliged(liar.id, in: network.context))
  }
}
