import Cryptography
import Primitives
import ServiceKit

/// What follows from a challenge's outcome: pay, nothing, a fault, a slash.
extension ServiceContext {
  /// Possession was shown: the time up to the freeze is paid.
  mutating func pass(
    _ challenge: ChallengeRecord, reason: String, evidence: Digest
  ) throws(Rejection) {
    let verdict = try close(
      challenge, .passed, score: 10_000, reason: reason, evidence: evidence)
    let range = StorageKeys.streams(of: challenge.provider)
    for row in rows(from: range.from, to: range.to, limit: allRows) {
      let quantity = try settle(row.key, challenge.provider)
      if quantity > 0 {
        try accrueProven(quantity, lease(inKey: row.key), challenge, verdict)
      }
    }
    var record = try judged(challenge)
    record.consecutiveMisses = 0
    let returns = record.isAbsent && record.isAvailable
    record.isAbsent = false
    record.windowsPassed = record.windowsPassed.addingSaturated(1)
    try dropFinal(&record)
    save(record)
    try count(challenge.round) { $0.passed = $0.passed.addingSaturated(1) }
    tell(
      "challenge-passed", ("round", challenge.round), ("provider", challenge.provider.hex),
      ("attempt", challenge.attempt), ("bytes", challenge.byteCount), ("evidence", evidence))
    if returns { try requeueRepairs() }
  }

  /// Possession was not shown: the window is not paid; some in a row are a fault.
  mutating func fail(_ challenge: ChallengeRecord, reason: String) throws(Rejection) {
    let evidence = Digest.sha256(domain: "storage-missed", challenge.canonicalBytes())
    _ = try close(challenge, .failed, score: 0, reason: reason, evidence: evidence)
    var record = try settleUnpaid(challenge)
    record.consecutiveMisses = record.consecutiveMisses.addingSaturated(1)
    let misses = record.consecutiveMisses
    let isFault = UInt64(misses) >= storage(.faultAfter)
    if isFault { record.consecutiveMisses = 0 }
    save(record)
    tell(
      "challenge-failed", ("round", challenge.round), ("provider", challenge.provider.hex),
      ("reason", reason), ("in-a-row", misses), ("bytes", challenge.byteCount))
    noteZero(
      provider: challenge.provider, lease: nil,
      cause: Cause(
        kind: "missed",
        text: "\(reason) in round \(challenge.round): \(challenge.byteCount) bytes not proven, "
          + "window \(misses) in a row",
        rule: WalkChallenge.rule, evidence: evidence))
    if isFault {
      try punish(
        challenge.provider, share: .faultSlash, kind: "fault",
        text: "\(misses) proof windows failed in a row", evidence: evidence)
    }
  }

  /// A wrong step was opened: the provider committed to what does not follow.
  mutating func condemn(_ challenge: ChallengeRecord, evidence: Digest) throws(Rejection) {
    _ = try close(challenge, .lied, score: 0, reason: "wrong-step", evidence: evidence)
    var record = try settleUnpaid(challenge)
    record.consecutiveMisses = 0
    save(record)
    noteZero(
      provider: challenge.provider, lease: nil,
      cause: Cause(
        kind: "wrong-step", text: "opened a wrong step in round \(challenge.round)",
        rule: WalkChallenge.rule, evidence: evidence))
    try punish(
      challenge.provider, share: .lieSlash, kind: "wrong-step",
      text: "a step of round \(challenge.round) does not follow from the leaf that it read",
      evidence: evidence)
  }

  /// Silence to forced retrievals, some in a row, is a fault. Proofs that pass in between do not
  /// forgive it: who proves possession and hands nothing out is who this is for.
  mutating func missRetrieval(_ retrieval: RetrievalRecord) throws(Rejection) {
    let evidence = Digest.sha256(domain: "storage-retrieval", retrieval.canonicalBytes())
    let cause = Cause(
      kind: "retrieval-missed", text: "did not answer forced retrieval \(retrieval.id)",
      rule: "storage-retrieval/1", evidence: evidence)
    try missAnswer(
      retrieval.provider, counting: \.retrievalsMissed,
      lease: retrieval.demand.acknowledgement.message.order.lease, cause: cause,
      fault: "forced retrieval \(retrieval.id) was not answered", reporter: retrieval.requester)
  }

  /// A provider was silent where it had to answer: it is absent, and some silences of one kind in a
  /// row are a fault.
  mutating func missAnswer(
    _ provider: ProviderID, counting missed: WritableKeyPath<StorageProviderRecord, UInt8>,
    lease: LeaseID?, cause: Cause, fault: String, reporter: AccountID
  ) throws(Rejection) {
    var record = try storageProvider(provider)
    record.isAbsent = true
    record[keyPath: missed] = record[keyPath: missed].addingSaturated(1)
    let isFault = UInt64(record[keyPath: missed]) >= storage(.faultAfter)
    if isFault { record[keyPath: missed] = 0 }
    save(record)
    noteZero(provider: provider, lease: lease, cause: cause)
    guard isFault else { return }
    try withdrawChallenge(of: provider)
    try punish(
      provider, share: .faultSlash, kind: "fault", text: fault, evidence: cause.evidence,
      reporter: reporter)
  }

  /// The provider's list changes under its challenge: nothing follows from the challenge, and what
  /// is unproven waits for the next.
  mutating func withdrawChallenge(of provider: ProviderID) throws(Rejection) {
    var record = try storageProvider(provider)
    guard record.openRound > 0 else { return }
    let key = StorageKeys.challenge(RoundID(number: record.openRound), provider)
    record.openRound = 0
    save(record)
    let range = StorageKeys.streams(of: provider)
    for row in rows(from: range.from, to: range.to, limit: allRows) {
      guard var stream = try load(row.key, as: StreamRecord.self) else { continue }
      stream.thaw()
      save(stream, at: row.key)
    }
    guard var challenge = try load(key, as: ChallengeRecord.self), !challenge.state.isOver else {
      return
    }
    let round = try load(StorageKeys.round(challenge.round), as: RoundRecord.self)
    let wasAwaited =
      (round?.phase == .walking && challenge.state == .walking)
      || (round?.phase == .opening && challenge.state == .opening)
    challenge.state = .withdrawn
    save(challenge)
    if wasAwaited { try answered(challenge.round) }
  }

  // MARK: - Parts

  private mutating func close(
    _ challenge: ChallengeRecord, _ state: ChallengeRecord.State, score: UInt16, reason: String,
    evidence: Digest
  ) throws(Rejection) -> Verdict {
    var closed = challenge
    let verdict = Verdict(
      score: score, reasons: [reason], rule: WalkChallenge.rule, evidence: evidence)
    closed.state = state
    closed.verdict = verdict
    save(closed)
    return verdict
  }

  /// The provider's record after a verdict; changed but not saved.
  private func judged(_ challenge: ChallengeRecord) throws(Rejection) -> StorageProviderRecord {
    var record = try storageProvider(challenge.provider)
    record.openRound = 0
    record.judgedUntil = challenge.frozenAt
    record.judgedInEpoch = epoch.addingSaturated(1)
    return record
  }

  /// Takes what was frozen out of a provider's stream and its lease's total.
  private mutating func settle(
    _ key: StateKey, _ provider: ProviderID
  ) throws(Rejection) -> UInt128 {
    guard var stream = try load(key, as: StreamRecord.self) else { return 0 }
    let quantity = try exact { () throws(ArithmeticError) in try stream.settle() }
    setValue(stream.isEmpty ? nil : stream.canonicalBytes(), at: key)
    let totalKey = StorageKeys.leaseTotal(lease(inKey: key))
    if quantity > 0, var total = try load(totalKey, as: StreamRecord.self) {
      let now = time
      try exact { () throws(ArithmeticError) in
        try total.advance(to: now)
        try total.forfeit(quantity)
      }
      setValue(total.isEmpty ? nil : total.canonicalBytes(), at: totalKey)
    }
    return quantity
  }

  /// A stream's key ends in the lease's number.
  private func lease(inKey key: StateKey) -> LeaseID {
    LeaseID(number: key.bytes.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  private mutating func settleUnpaid(
    _ challenge: ChallengeRecord
  ) throws(Rejection) -> StorageProviderRecord {
    let range = StorageKeys.streams(of: challenge.provider)
    for row in rows(from: range.from, to: range.to, limit: allRows) {
      _ = try settle(row.key, challenge.provider)
    }
    var record = try judged(challenge)
    record.isAbsent = true
    record.windowsFailed = record.windowsFailed.addingSaturated(1)
    try dropFinal(&record)
    try count(challenge.round) { $0.failed = $0.failed.addingSaturated(1) }
    return record
  }

  /// Lets go of columns whose last proof was judged.
  private mutating func dropFinal(_ record: inout StorageProviderRecord) throws(Rejection) {
    let range = StorageKeys.range(.finalProof) { $0.encode(record.id) }
    for row in rows(from: range.from, to: range.to, limit: allRows) {
      let bundle = BundleID(
        number: row.key.bytes.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
      let key = StorageKeys.obligation(record.id, bundle)
      guard let column = try load(key, as: ObligationRecord.self) else { continue }
      try dropObligation(column, of: &record)
      // A bundle that is gone may cancel repairs that this provider owes.
      save(record)
      try holderDone(column)
      record = try storageProvider(record.id)
    }
  }

  private mutating func count(
    _ id: RoundID, _ change: (inout RoundRecord) -> Void
  ) throws(Rejection) {
    guard var round = try load(StorageKeys.round(id), as: RoundRecord.self) else { return }
    change(&round)
    save(round)
  }

  /// Credits proven time. A lease that cannot be accrued on must not cost the provider its verdict.
  private mutating func accrueProven(
    _ quantity: UInt128, _ lease: LeaseID, _ challenge: ChallengeRecord, _ verdict: Verdict
  ) throws(Rejection) {
    let gibibyteSeconds = quantity / (1_000 << 30)
    let cause = Cause(
      kind: "stream",
      text: "round \(challenge.round) proved \(quantity) byte ms (\(gibibyteSeconds) GiB s) of "
        + "lease \(lease)",
      rule: verdict.rule, evidence: verdict.evidence)
    do throws(Rejection) {
      _ = try accrue(
        lease: lease, provider: challenge.provider, dimension: .storedByteMilliseconds,
        quantity: quantity, from: .stream, cause: cause)
    } catch {
      tell("accrual-refused", ("lease", lease), ("code", error.code.number))
    }
    try watchEscrow(lease)
  }

  /// Slashes a share of the bond, lease by lease in proportion to the bytes kept for each, and
  /// takes all columns away.
  mutating func punish(
    _ provider: ProviderID, share: StorageParameter, kind: String, text: String,
    evidence: Digest, reporter: AccountID? = nil
  ) throws(Rejection) {
    let bond = self.provider(provider)?.bond ?? .zero
    let part = UInt128(storage(share))
    let amount = try exact { () throws(ArithmeticError) in
      try bond.scaled(by: part, over: 1_000_000, rounding: .down)
    }
    let cause = Cause(kind: kind, text: text, rule: WalkChallenge.rule, evidence: evidence)
    var leases: [(lease: LeaseID, bytes: UInt64)] = []
    let range = StorageKeys.streams(of: provider)
    for row in rows(from: range.from, to: range.to, limit: allRows) {
      guard let stream = try load(row.key, as: StreamRecord.self) else { continue }
      if stream.bytes > 0 { leases.append((lease(inKey: row.key), stream.bytes)) }
    }
    try vacateAll(provider)
    tell(
      "provider-\(kind)", ("provider", provider.hex), ("slash", amount), ("evidence", evidence))
    let total = leases.reduce(UInt128(0)) { $0 + UInt128($1.bytes) }
    if total == 0 {
      try slashPiece(provider, amount, lease: nil, cause, reporter)
    }
    for (lease, bytes) in leases {
      let piece = try exact { () throws(ArithmeticError) in
        try amount.scaled(by: UInt128(bytes), over: total, rounding: .down)
      }
      try slashPiece(provider, piece, lease: lease, cause, reporter)
    }
  }

  private mutating func slashPiece(
    _ provider: ProviderID, _ amount: Amount, lease: LeaseID?, _ cause: Cause,
    _ reporter: AccountID?
  ) throws(Rejection) {
    let part = UInt128(storage(.reporterShare))
    var beneficiaries: [(account: AccountID, amount: Amount)] = []
    if let reporter {
      let share = try exact { () throws(ArithmeticError) in
        try amount.scaled(by: part, over: 1_000_000, rounding: .down)
      }
      beneficiaries = [(reporter, share)]
    }
    _ = try slash(
      provider: provider, amount: amount, beneficiaries: beneficiaries, lease: lease,
      cause: cause)
  }
}
