import Cryptography
import Primitives
import ServiceKit

/// A round's phases: seeding → walking → drawing → opening, a retry with a fresh seed of those who
/// posted nothing, closed.
///
/// Only a beacon leads out of seeding and drawing, so a round without one waits and faults nobody.
/// Walking and opening end when everybody has answered, or when the response window is over.
extension ServiceContext {
  /// The beacon that seeds an attempt's walks.
  mutating func seedDrawn(_ id: RoundID, attempt: UInt8) throws(Rejection) {
    guard var round = try load(StorageKeys.round(id), as: RoundRecord.self),
      round.phase == .seeding, round.attempt == attempt
    else { return }
    var walkers: UInt32 = 0
    for var challenge in try challenges(of: id) {
      if challenge.state == .retrying {
        challenge.state = .walking
        save(challenge)
      }
      if challenge.state == .walking { walkers += 1 }
    }
    round.seed = beacon
    round.openingBeacon = .zero
    round.isExtended = false
    round.outstanding = walkers
    try begin(.walking, of: &round)
    if walkers == 0 { try closeWalking(id) }
  }

  /// The beacon that names the steps to open.
  mutating func openingDrawn(_ id: RoundID, attempt: UInt8) throws(Rejection) {
    guard var round = try load(StorageKeys.round(id), as: RoundRecord.self),
      round.phase == .drawing, round.attempt == attempt
    else { return }
    round.openingBeacon = beacon
    round.outstanding = 0
    save(round)
    for var challenge in try challenges(of: id) where challenge.state == .posted {
      let walk = WalkChallenge(
        challenge, round: round, steps: UInt32(clamping: storage(.walkSteps)))
      if walk.mustOpen(beacon: beacon, oneIn: storage(.openOneIn)) {
        challenge.state = .opening
        save(challenge)
        round.outstanding += 1
      } else {
        try pass(challenge, reason: "transcript-not-drawn", evidence: challenge.transcriptRoot)
      }
    }
    // Verdicts count in the stored round.
    guard var judged = try load(StorageKeys.round(id), as: RoundRecord.self) else { return }
    judged.outstanding = round.outstanding
    try begin(.opening, of: &judged)
    if judged.outstanding == 0 { try finishAttempt(of: id) }
  }

  private mutating func begin(
    _ phase: RoundRecord.Phase, of round: inout RoundRecord
  ) throws(Rejection) {
    round.phase = phase
    round.elapsedMilliseconds = 0
    round.elapsedHeights = 0
    round.countedAt = time
    save(round)
    tell(
      "round-\(phase)", ("round", round.id), ("attempt", round.attempt),
      ("outstanding", round.outstanding))
    if round.outstanding > 0 { scheduleTick(of: round) }
  }

  private mutating func scheduleTick(of round: RoundRecord) {
    wake(
      .tick(round.id, attempt: round.attempt, phase: round.phase), at: time,
      notBefore: height.addingSaturated(1))
  }

  /// One more block of a response window. A step of the clock at its cap means that the ledger
  /// stood still: the window begins again.
  mutating func tick(
    _ id: RoundID, attempt: UInt8, phase: RoundRecord.Phase
  ) throws(Rejection) {
    guard var round = try load(StorageKeys.round(id), as: RoundRecord.self),
      round.phase == phase, round.attempt == attempt
    else { return }
    let step = time.milliseconds(since: round.countedAt)
    round.countedAt = time
    if step >= storage(.stall) {
      round.elapsedMilliseconds = 0
      round.elapsedHeights = 0
    } else {
      round.elapsedMilliseconds = round.elapsedMilliseconds.addingSaturated(step)
      round.elapsedHeights = round.elapsedHeights.addingSaturated(1)
    }
    save(round)
    // A tick runs before its block's transactions, so the block after the last height decides.
    if round.elapsedMilliseconds >= storage(.response)
      && round.elapsedHeights > storage(.responseHeights)
    {
      if phase == .walking { try closeWalking(id) } else { try closeOpening(id) }
    } else {
      scheduleTick(of: round)
    }
  }

  /// Nobody else may post: those who did not have failed the attempt.
  mutating func closeWalking(_ id: RoundID) throws(Rejection) {
    var posted = 0
    for challenge in try challenges(of: id) {
      if challenge.state == .posted { posted += 1 }
      if challenge.state == .walking {
        try failAttempt(challenge, reason: "transcript-missing")
      }
    }
    guard posted > 0, var round = try load(StorageKeys.round(id), as: RoundRecord.self) else {
      return try finishAttempt(of: id)
    }
    round.phase = .drawing
    round.outstanding = 0
    save(round)
    draw(.open(id, attempt: round.attempt))
  }

  /// Who has not opened gets the window once more, for the same steps; then it has failed.
  private mutating func closeOpening(_ id: RoundID) throws(Rejection) {
    guard var round = try load(StorageKeys.round(id), as: RoundRecord.self) else { return }
    if !round.isExtended {
      round.isExtended = true
      return try begin(.opening, of: &round)
    }
    for challenge in try challenges(of: id) where challenge.state == .opening {
      try fail(challenge, reason: "opening-missing")
    }
    try finishAttempt(of: id)
  }

  private mutating func failAttempt(
    _ challenge: ChallengeRecord, reason: String
  ) throws(Rejection) {
    guard let round = try load(StorageKeys.round(challenge.round), as: RoundRecord.self) else {
      return
    }
    if round.attempt > 1 { return try fail(challenge, reason: reason) }
    var retrying = challenge
    retrying.state = .retrying
    retrying.attempt = 0
    retrying.transcriptRoot = .zero
    retrying.seed = .zero
    save(retrying)
    tell(
      "attempt-failed", ("round", round.id), ("provider", challenge.provider.hex),
      ("reason", reason))
  }

  /// An attempt is over: a retry for those who failed the first, or the round is closed.
  mutating func finishAttempt(of id: RoundID) throws(Rejection) {
    guard var round = try load(StorageKeys.round(id), as: RoundRecord.self),
      round.phase != .closed
    else { return }
    round.outstanding = 0
    if round.attempt == 1, try challenges(of: id).contains(where: { $0.state == .retrying }) {
      round.attempt = 2
      round.phase = .seeding
      save(round)
      draw(.seed(id, attempt: 2))
      return
    }
    round.phase = .closed
    save(round)
    tell(
      "round-closed", ("round", id), ("passed", round.passed), ("failed", round.failed),
      ("challenges", round.challenges))
  }

  /// A round's challenges, ascending by provider.
  func challenges(of id: RoundID) throws(Rejection) -> [ChallengeRecord] {
    try loadAll(StorageKeys.challenges(in: id), limit: allRows)
  }

  /// One challenge less to wait for; moves on when it was the last.
  mutating func answered(_ id: RoundID) throws(Rejection) {
    guard var round = try load(StorageKeys.round(id), as: RoundRecord.self) else { return }
    round.outstanding = round.outstanding.subtractingSaturated(1)
    save(round)
    if round.outstanding > 0 { return }
    switch round.phase {
    case .walking: try closeWalking(id)
    case .opening: try finishAttempt(of: id)
    case .seeding, .drawing, .closed: break
    }
  }
}
