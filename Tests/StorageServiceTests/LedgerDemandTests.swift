import Cryptography
import Primitives
import ServiceKit
import TestSupport
import Testing

@testable import StorageService

/// Steps that somebody demands where the beacon picks almost nobody.
@Suite struct LedgerDemandTests {
  let small = CodeClass(dataShards: 2, totalShards: 4, leafBytes: 256)!

  /// Four providers with a bundle, none of whom the beacon picks.
  private func network() -> LedgerTestNetwork {
    var network = LedgerTestNetwork(providers: 4)
    network.context.values[StorageParameter.openOneIn.rawValue] = 1_000_000_000
    network.store(small)
    return network
  }

  private func passed(
    _ network: LedgerTestNetwork, _ provider: ProviderID
  ) -> ChallengeRecord? {
    let rounds: [RoundRecord] = network.context.records(StorageKeys.rounds)
    return rounds.reversed().compactMap { round -> ChallengeRecord? in
      network.context.record(StorageKeys.challenge(round.id, provider))
    }.first { $0.state == .passed }
  }

  /// Blocks until the provider has passed without opening, later than `round`.
  private func untilPassed(
    _ network: inout LedgerTestNetwork, _ provider: ProviderID, after round: UInt64 = 0
  ) -> RoundID {
    while true {
      if let challenge = passed(network, provider), challenge.round.number > round {
        #expect(challenge.verdict?.reasons == ["transcript-not-drawn"])
        return challenge.round
      }
      network.liveBlock()
    }
  }

  private func demand(
    _ round: RoundID, _ provider: ProviderID, steps: [UInt32] = [0, 7, 8, 255],
    lease: LeaseID = LedgerTestNetwork.lease
  ) -> StoragePayload {
    .demandSteps(DemandSteps(round: round, provider: provider, lease: lease, steps: steps))
  }

  @Test func honestProviderOpensThemAndIsPaidTheDeposit() throws {
    var network = network()
    let provider = network.providers[0]
    let round = untilPassed(&network, provider.id)
    let customer = network.customer.accountID
    let demand = demand(round, provider.id)
    #expect(try StoragePayload(canonicalBytes: demand.canonicalBytes()) == demand)
    let before = network.context.paid[provider.id] ?? .zero
    #expect(network.apply(demand, from: customer) == nil)
    #expect(network.apply(demand, from: customer)?.code == .demandKnown)
    // The next window runs meanwhile; its own opening and the demand's do not disturb each other.
    let rejected = network.rejections.count
    network.openDemanded(provider)
    #expect(network.rejections.count == rejected)
    let paid = try network.context.paid[provider.id]!.subtracting(before)
    #expect(paid == Credits(baseUnits: 10_000_000_000_000_000))
    let left: [DemandRecord] = network.context.records(StorageKeys.demands)
    #expect(left == [])
    network.liveBlocks(30)
    #expect(network.context.zeros == [])
    #expect(network.context.slashes == [])
  }

  @Test func silenceIsAMissAndTwiceAFaultThatNoPassForgives() {
    var network = network()
    let silent = network.providers[1]
    silent.answersDemands = false
    let customer = network.customer.accountID
    let repair = network.context.escrow[LedgerTestNetwork.lease]![.repair]!
    let round = untilPassed(&network, silent.id)
    #expect(network.apply(demand(round, silent.id), from: customer) == nil)
    while network.record(silent.id).demandsMissed == 0 { network.liveBlock() }
    #expect(network.context.zeros.map(\.kind) == ["demand-missed"])
    #expect(network.context.slashes == [])
    let later = untilPassed(&network, silent.id, after: round.number + 1)
    #expect(network.record(silent.id).consecutiveMisses == 0)
    #expect(network.apply(demand(later, silent.id), from: customer) == nil)
    for _ in 0..<30 where network.context.slashes.isEmpty { network.liveBlock() }
    #expect(network.context.slashes.map(\.kind) == ["fault"])
    #expect(network.context.slashes.first?.beneficiaries == [customer])
    #expect(network.record(silent.id).obligations == 0)
    #expect(network.context.escrow[LedgerTestNetwork.lease]![.repair]! == repair)
  }

  @Test func madeUpTranscriptThatTheBeaconSparedIsShownAndSlashed() throws {
    var network = network()
    let liar = network.providers[2]
    liar.answersDemands = false
    while network.challenge(liar.id)?.0.phase != .walking { network.block() }
    let (round, challenge, walk) = network.challenge(liar.id)!
    let states = (0..<256).map { Digest.sha256([UInt8($0)]) }
    let root = MerkleLevels(leafHashes: states).root
    network.apply(
      .postTranscript(PostTranscript(round: round.id, attempt: 1, transcriptRoot: root)),
      from: liar.id)
    for other in network.providers where other.id != liar.id { network.answer(other) }
    network.block()
    #expect(passed(network, liar.id)?.round == round.id)
    let customer = network.customer.accountID
    #expect(network.apply(demand(round.id, liar.id, steps: [3, 100]), from: customer) == nil)
    let forged = try forgedOpenings(
      [3, 100], states: states, of: walk,
      rows: network.context.records(StorageKeys.obligations(of: liar.id)),
      frozenHeight: challenge.frozenHeight, source: liar)
    let wrongOrder = OpenSteps(round: round.id, attempt: 1, openings: forged.reversed())
    #expect(network.apply(.openSteps(wrongOrder), from: liar.id)?.code == .openingNotDue)
    let opened = OpenSteps(round: round.id, attempt: 1, openings: forged)
    #expect(network.apply(.openSteps(opened), from: liar.id) == nil)
    #expect(network.context.slashes.map(\.kind) == ["wrong-step"])
    #expect(network.context.slashes.first?.amount == .whole(100))
    #expect(network.context.slashes.first?.beneficiaries == [customer])
    #expect(network.record(liar.id).obligations == 0)
  }

  @Test func demandIsVoidWhenTheListHasChanged() {
    var network = network()
    let provider = network.providers[3]
    provider.answersDemands = false
    let customer = network.customer.accountID
    let round = untilPassed(&network, provider.id)
    #expect(network.apply(demand(round, provider.id), from: customer) == nil)
    let rows: [ObligationRecord] = network.context.records(
      StorageKeys.obligations(of: provider.id))
    let row = rows[0]
    network.apply(
      .declareCorruption(DeclareCorruption(bundle: row.bundle, slot: row.slot)),
      from: provider.id)
    network.liveBlocks(30)
    #expect(network.context.events.contains { $0.kind == "storage.demand-void" })
    #expect(network.record(provider.id).demandsMissed == 0)
    #expect(!network.record(provider.id).isAbsent)
  }

  @Test func nobodyKeepsOthersFromAsking() {
    var network = network()
    let provider = network.providers[0]
    let round = untilPassed(&network, provider.id)
    let customer = network.customer.accountID
    let friend = network.providers[1].id
    let lease = LeaseID(number: 2)
    network.context.leases[lease] = LeaseView(
      id: lease, customer: friend, service: network.module.id, provider: nil,
      prices: LedgerTestNetwork.prices, isOpen: true)
    network.context.escrow[lease] = [.repair: .whole(1)]
    #expect(network.apply(demand(round, provider.id, lease: lease), from: friend) == nil)
    #expect(network.apply(demand(round, provider.id), from: customer) == nil)
    #expect(network.apply(demand(round, provider.id), from: customer)?.code == .demandKnown)
    let rejected = network.rejections.count
    network.openDemanded(provider)
    #expect(network.rejections.count == rejected)
    let left: [DemandRecord] = network.context.records(StorageKeys.demands)
    #expect(left == [])
    #expect(network.context.escrow[lease]![.repair]! < .whole(1))
  }

  @Test func wrongDemandsAreRefused() {
    var network = network()
    let provider = network.providers[0].id
    let customer = network.customer.accountID
    let round = untilPassed(&network, provider)
    for steps in [[], [1, 1], [2, 1], [256], Array(0...8)] as [[UInt32]] {
      #expect(
        network.apply(demand(round, provider, steps: steps), from: customer)?.code != nil)
    }
    #expect(network.apply(demand(round, provider), from: provider)?.code == .notTheCustomer)
    let none = RoundID(number: 99)
    #expect(network.apply(demand(none, provider), from: customer)?.code == .noSuchChallenge)
    network.context.escrow[LedgerTestNetwork.lease]![.repair] = Credits(baseUnits: 1)
    #expect(network.apply(demand(round, provider), from: customer)?.code == .escrowTooSmall)
    network.context.escrow[LedgerTestNetwork.lease]![.repair] = .whole(1)
    // A new settlement epoch: what was passed before is settled.
    network.context.epochStartedAt = network.context.time
    #expect(network.apply(demand(round, provider), from: customer)?.code == .noSuchChallenge)
  }
}
