import Cryptography
import Primitives
import ServiceKit

/// Demanded steps: whoever stakes a deposit has steps of a posted transcript opened, whether or not
/// the beacon picked the provider.
///
/// The provider makes its walk again from its rows and its shards, so a demand stands only as long
/// as its list still holds all that was frozen: when a column has gone since, nothing follows.
extension ServiceContext {
  mutating func demandSteps(_ payload: DemandSteps, from sender: AccountID) throws(Rejection) {
    let lease = try openLease(payload.lease, of: sender)
    try checkDemandedChallenge(payload)
    try checkDemandedSteps(payload.steps)
    let known = try demands(to: payload.provider).contains { $0.demander == sender }
    guard !known else {
      throw Rejection(
        .demandKnown, "\(payload.provider) is answering a demand of \(sender)'s already")
    }
    let deposit = Credits(baseUnits: UInt128(storage(.demandDeposit)))
    try checkDeposit(deposit, lease.id)
    let number = try nextSerial(of: .demand)
    save(
      DemandRecord(
        number: number, provider: payload.provider, round: payload.round, demander: sender,
        lease: lease.id, deposit: deposit, steps: payload.steps, askedAt: time),
      at: StorageKeys.demand(payload.provider, number: number))
    wake(
      .demandDue(payload.provider, number: number, extended: false),
      at: time.advanced(milliseconds: storage(.retrievalTime)),
      notBefore: height.addingSaturated(storage(.responseHeights)))
    tell(
      "steps-demanded", ("round", payload.round), ("provider", payload.provider.hex),
      ("demander", sender.hex), ("steps", payload.steps.count), ("deposit", deposit))
  }

  private func demands(to provider: ProviderID) throws(Rejection) -> [DemandRecord] {
    try loadAll(StorageKeys.demands(of: provider), limit: allRows)
  }

  private func checkDemandedChallenge(_ payload: DemandSteps) throws(Rejection) {
    let key = StorageKeys.challenge(payload.round, payload.provider)
    guard let challenge = try load(key, as: ChallengeRecord.self), challenge.attempt > 0,
      challenge.state == .passed, challenge.frozenAt >= epochStartedAt
    else {
      throw Rejection(
        .noSuchChallenge,
        "\(payload.provider) passed no round \(payload.round) with a transcript in this epoch")
    }
  }

  private func checkDemandedSteps(_ steps: [UInt32]) throws(Rejection) {
    guard (1...DemandSteps.stepLimit).contains(steps.count),
      zip(steps, steps.dropFirst()).allSatisfy({ $0 < $1 }),
      steps.allSatisfy({ UInt64($0) < storage(.walkSteps) })
    else {
      throw Rejection(
        .wrongSteps,
        "1 to \(DemandSteps.stepLimit) ascending steps below \(storage(.walkSteps)) are demanded")
    }
  }

  /// The lease's repair bucket covers this deposit and those of its other demands.
  private func checkDeposit(_ deposit: Credits, _ lease: LeaseID) throws(Rejection) {
    var needed = deposit
    for other in try loadAll(StorageKeys.demands, limit: allRows, as: DemandRecord.self)
    where other.lease == lease {
      needed = try exact { () throws(ArithmeticError) in try needed.adding(other.deposit) }
    }
    let held = escrowBalance(lease, .repair)
    guard held >= needed else {
      throw Rejection(
        .escrowTooSmall,
        "the repair bucket of lease \(lease) holds \(held) credits; demands need \(needed)")
    }
  }

  /// Whether the provider's rows still give the list that the challenge froze.
  private func isListWhole(_ challenge: ChallengeRecord) throws(Rejection) -> Bool {
    let rows = try loadAll(
      StorageKeys.obligations(of: challenge.provider), limit: allRows, as: ObligationRecord.self)
    let tree = try exact { () throws(ArithmeticError) in
      try ObligationRecord.frozenTree(rows, frozenHeight: challenge.frozenHeight)
    }
    return tree.root == challenge.obligationRoot && tree.total == challenge.leafCount
  }

  /// The demand that an opening answers; nil when it answers a round's own opening.
  func answeredDemand(
    _ payload: OpenSteps, from sender: AccountID
  ) throws(Rejection) -> (DemandRecord, ChallengeRecord)? {
    let steps = payload.openings.map(\.step)
    let found = try demands(to: sender).first { $0.round == payload.round && $0.steps == steps }
    guard let demand = found,
      let challenge = try load(
        StorageKeys.challenge(demand.round, sender), as: ChallengeRecord.self),
      challenge.state.isOver, challenge.attempt == payload.attempt
    else { return nil }
    return (demand, challenge)
  }

  mutating func openDemanded(
    _ payload: OpenSteps, _ demand: DemandRecord, _ challenge: ChallengeRecord
  ) throws(Rejection) {
    let walk = WalkChallenge(
      posted: challenge, steps: UInt32(clamping: storage(.walkSteps)))
    let verifier = OpeningVerifier(challenge: walk, transcriptRoot: challenge.transcriptRoot)
    let evidence = Digest.sha256(domain: "storage-opening", payload.canonicalBytes())
    switch verifier.judge(payload.openings, named: demand.steps) {
    case .unbound(let why): throw Rejection(.openingUnbound, why)
    case .proven: try demandMet(demand, evidence)
    case .wrong: try demandShowsLie(demand, evidence)
    }
  }

  private mutating func demandMet(
    _ demand: DemandRecord, _ evidence: Digest
  ) throws(Rejection) {
    setValue(nil, at: StorageKeys.demand(demand.provider, number: demand.number))
    var record = try storageProvider(demand.provider)
    record.demandsMissed = 0
    save(record)
    tell(
      "demand-met", ("round", demand.round), ("provider", demand.provider.hex),
      ("evidence", evidence))
    if demand.deposit > .zero { payDeposit(demand, evidence) }
  }

  /// A lease that cannot pay any more must not turn an honest answer away.
  private mutating func payDeposit(_ demand: DemandRecord, _ evidence: Digest) {
    let cause = Cause(
      kind: "demand",
      text: "opened \(demand.steps.count) demanded steps of round \(demand.round)",
      rule: WalkChallenge.rule, evidence: evidence)
    do throws(Rejection) {
      _ = try pay(
        lease: demand.lease, provider: demand.provider, credits: demand.deposit, from: .repair,
        cause: cause)
    } catch {
      tell("deposit-refused", ("lease", demand.lease), ("code", error.code.number))
    }
  }

  private mutating func demandShowsLie(
    _ demand: DemandRecord, _ evidence: Digest
  ) throws(Rejection) {
    setValue(nil, at: StorageKeys.demand(demand.provider, number: demand.number))
    try withdrawChallenge(of: demand.provider)
    try punish(
      demand.provider, share: .lieSlash, kind: "wrong-step",
      text: "a demanded step of round \(demand.round) does not follow from the leaf that it read",
      evidence: evidence, reporter: demand.demander)
  }

  /// An opening is due. A ledger that stood still may have taken the time away, so there are always
  /// some more blocks before silence counts as a miss.
  mutating func demandDue(
    _ provider: ProviderID, _ number: UInt64, extended: Bool
  ) throws(Rejection) {
    let key = StorageKeys.demand(provider, number: number)
    guard let demand = try load(key, as: DemandRecord.self) else { return }
    if !extended {
      return wake(
        .demandDue(provider, number: number, extended: true),
        at: time.advanced(milliseconds: storage(.response)),
        notBefore: height.addingSaturated(storage(.responseHeights)).addingSaturated(1))
    }
    setValue(nil, at: key)
    let round = demand.round
    let challenge = try load(StorageKeys.challenge(round, provider), as: ChallengeRecord.self)
    guard let challenge, try isListWhole(challenge) else {
      return tell("demand-void", ("round", round), ("provider", provider.hex))
    }
    tell("demand-missed", ("round", round), ("provider", provider.hex))
    try missDemand(demand)
  }

  /// Silence costs nothing but the name the first time; some in a row are a fault.
  private mutating func missDemand(_ demand: DemandRecord) throws(Rejection) {
    let cause = Cause(
      kind: "demand-missed", text: "did not open demanded steps of round \(demand.round)",
      rule: WalkChallenge.rule,
      evidence: Digest.sha256(domain: "storage-demand", demand.canonicalBytes()))
    try missAnswer(
      demand.provider, counting: \.demandsMissed, lease: nil, cause: cause,
      fault: "demanded steps of round \(demand.round) were not opened",
      reporter: demand.demander)
  }
}
