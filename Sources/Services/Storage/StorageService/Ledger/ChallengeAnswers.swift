import Cryptography
import Primitives
import ServiceKit

/// What providers answer to challenges.
extension ServiceContext {
  mutating func postTranscript(
    _ payload: PostTranscript, from sender: AccountID
  ) throws(Rejection) {
    let (round, found) = try runningChallenge(payload.round, payload.attempt, sender)
    var challenge = found
    if challenge.state == .posted {
      throw Rejection(
        .transcriptPosted, "a transcript for attempt \(round.attempt) was posted before")
    }
    guard round.phase == .walking, challenge.state == .walking else {
      throw Rejection(
        .transcriptNotDue, "round \(round.id) is \(round.phase): no transcript is due")
    }
    challenge.state = .posted
    challenge.attempt = payload.attempt
    challenge.transcriptRoot = payload.transcriptRoot
    challenge.seed = round.seed
    save(challenge)
    tell(
      "transcript-posted", ("round", round.id), ("provider", sender.hex),
      ("attempt", payload.attempt), ("root", payload.transcriptRoot))
    try answered(round.id)
  }

  mutating func openSteps(_ payload: OpenSteps, from sender: AccountID) throws(Rejection) {
    if let (demand, challenge) = try answeredDemand(payload, from: sender) {
      return try openDemanded(payload, demand, challenge)
    }
    let (round, challenge) = try runningChallenge(payload.round, payload.attempt, sender)
    guard round.phase == .opening, challenge.state == .opening else {
      throw Rejection(
        .openingNotDue, "round \(round.id) is \(round.phase): no opening is due")
    }
    let walk = WalkChallenge(
      challenge, round: round, steps: UInt32(clamping: storage(.walkSteps)))
    let named = walk.namedSteps(
      beacon: round.openingBeacon, transcriptRoot: challenge.transcriptRoot,
      count: UInt32(clamping: storage(.openedSteps)))
    let verifier = OpeningVerifier(challenge: walk, transcriptRoot: challenge.transcriptRoot)
    let evidence = Digest.sha256(domain: "storage-opening", payload.canonicalBytes())
    switch verifier.judge(payload.openings, named: named) {
    case .unbound(let why): throw Rejection(.openingUnbound, why)
    case .proven:
      try pass(challenge, reason: "steps-opened", evidence: evidence)
      var record = try storageProvider(sender)
      record.demandsMissed = 0
      save(record)
    case .wrong: try condemn(challenge, evidence: evidence)
    }
    try answered(round.id)
  }

  private func runningChallenge(
    _ id: RoundID, _ attempt: UInt8, _ sender: AccountID
  ) throws(Rejection) -> (RoundRecord, ChallengeRecord) {
    guard let round = try load(StorageKeys.round(id), as: RoundRecord.self),
      let challenge = try load(
        StorageKeys.challenge(id, sender), as: ChallengeRecord.self)
    else { throw Rejection(.noSuchChallenge, "\(sender) has no challenge in round \(id)") }
    guard round.attempt == attempt else {
      throw Rejection(
        .wrongAttempt, "round \(id) is in attempt \(round.attempt), not \(attempt)")
    }
    return (round, challenge)
  }
}
