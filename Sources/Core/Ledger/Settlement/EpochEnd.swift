import Economics
import Primitives
import ServiceKit

extension LedgerState {
  /// Whether the running epoch is over.
  var epochIsDue: Bool { clock.time >= clock.epochEndsAt }

  /// Ends the running epoch: last credits, zeros with reasons, payouts, the next epoch.
  mutating func endEpoch() {
    for service in services {
      runService(service, "epoch-ends") { (state) throws(Rejection) in
        try service.epochEnds(in: &state)
      }
    }
    do throws(Rejection) {
      try atomically { (state) throws(Rejection) in
        state.explainIdleProviders()
        if let preset = state.preset {
          state.settleByPreset(preset)
        } else {
          try state.payEpoch()
        }
      }
    } catch {
      // Credits never exceed the vault, so this is not reached; if it is, earnings stay unpaid and
      // visible instead of stopping the chain.
      note("epoch.unpaid", [("epoch", String(clock.epoch)), ("detail", error.description)])
    }
    payAllStakers()
    reviewAllLeases()
    pruneHistory()
    beginNextEpoch()
    keep()
  }

  private mutating func payAllStakers() {
    do throws(Rejection) {
      try atomically { (state) throws(Rejection) in try state.payStakers() }
    } catch {
      note("epoch.stakers-unpaid", [("detail", error.description)])
    }
  }

  private mutating func reviewAllLeases() {
    let ran = clock.time.milliseconds(since: clock.epochStartedAt)
    do throws(Rejection) {
      try atomically { (state) throws(Rejection) in
        try state.reviewLeases(epochMilliseconds: ran)
      }
    } catch {
      note("lease.review-failed", [("detail", error.description)])
    }
    tellProviderChanges()
  }

  /// A provider without any line gets a zero with the reason.
  private mutating func explainIdleProviders() {
    let lines = StateKeys.earnings(epoch: clock.epoch)
    var seen: Set<ProviderID> = []
    for row in rows.rows(from: lines.from, to: lines.to, limit: .max) {
      if let provider = StateKeys.account(of: row.key, skipping: 5) { seen.insert(provider) }
    }
    for (key, record) in records(ProviderRecord.self, in: StateKeys.all(.provider)) {
      guard record.standing != .left, let id = StateKeys.account(of: key), !seen.contains(id)
      else { continue }
      noteZero(
        provider: id, lease: nil,
        cause: Cause(
          kind: "idle", text: "no lease asked this provider for anything in the epoch",
          rule: "epoch/1", evidence: .zero))
    }
  }

  private mutating func payEpoch() throws(Rejection) {
    let rows: [(key: StateKey, record: EarningRecord)] = records(
      in: StateKeys.earnings(epoch: clock.epoch))
    var inputs: [EpochInput] = []
    for (index, row) in rows.enumerated() {
      guard let payee = StateKeys.account(of: row.key, skipping: 5) else { continue }
      inputs.append(
        EpochInput(payee: payee, credits: row.record.credits, tag: UInt64(index)))
    }
    let (policy, epoch) = (policy, clock.epoch)
    let lines = try exactly { () throws(ArithmeticError) in try policy.settle(epoch: epoch, inputs)
    }
    var sums = EpochSums()
    for line in lines {
      guard line.tag < UInt64(rows.count) else { continue }
      let row = rows[Int(line.tag)]
      try pay(line, row.record, key: row.key, sums: &sums)
      write(nil, at: row.key)
    }
    try closeEpochBooks(sums)
  }

  private mutating func pay(
    _ line: EpochLine, _ earning: EarningRecord, key: StateKey, sums: inout EpochSums
  ) throws(Rejection) {
    let bytes = key.bytes
    let number = bytes[37..<45].reduce(0) { $0 << 8 | UInt64($1) }
    let index = sums.nextIndex(for: line.payee)
    let payout = PayoutLine(
      epoch: clock.epoch, provider: line.payee, index: index,
      lease: number == 0 ? nil : LeaseID(number: number),
      source: EarningSource(tag: bytes[45]) ?? .zero, credits: line.credits,
      tokens: line.tokensPaid, burned: line.tokensBurned, quantity: earning.quantity,
      creditsPerUnit: earning.creditsPerUnit, rule: line.rule, causes: earning.causes)
    write(
      payout, at: StateKeys.payout(epoch: clock.epoch, provider: line.payee, index: index))
    try credit(line.payee, line.tokensPaid)
    let before = sums
    sums = try exactly { () throws(ArithmeticError) in try before.adding(line) }
  }

  private mutating func closeEpochBooks(_ sums: EpochSums) throws(Rejection) {
    try changeSupply { (supply) throws(ArithmeticError) in
      supply.vault = try supply.vault.subtracting(sums.paid).subtracting(sums.burned)
      supply.burned = try supply.burned.adding(sums.burned)
      supply.unpaid = try supply.unpaid.subtracting(sums.credits)
    }
    let summary = EpochSummary(
      epoch: clock.epoch, startedAt: clock.epochStartedAt, endedAt: clock.time,
      height: clock.height, lines: sums.lines, zeroLines: sums.zeroLines, credits: sums.credits,
      paid: sums.paid, burned: sums.burned, policy: policy.id)
    write(summary, at: StateKeys.epoch(clock.epoch))
    note(
      "epoch.ended",
      [
        ("epoch", String(clock.epoch)), ("credits", sums.credits.description),
        ("paid", sums.paid.description), ("burned", sums.burned.description),
        ("lines", String(sums.lines)), ("zero-lines", String(sums.zeroLines)),
      ])
  }

  /// Drops the lines of the epoch that has become too old.
  private mutating func pruneHistory() {
    let kept = milliseconds(LedgerParameters.historyEpochs)
    guard clock.epoch >= kept else { return }
    let old = clock.epoch - kept
    for range in [
      StateKeys.payouts(epoch: old), StateKeys.slashes(epoch: old),
      StateKeys.stakingLines(epoch: old), StateKeys.rewardClaims(epoch: old),
      StateKeys.ofEpoch(.settledInput, old), StateKeys.ofEpoch(.settledLine, old),
      StateKeys.ofEpoch(.settledCharge, old), StateKeys.ofEpoch(.settledBalance, old),
    ] {
      for row in rows.rows(from: range.from, to: range.to, limit: .max) {
        write(nil, at: row.key)
      }
    }
    write(nil, at: StateKeys.epoch(old))
    write(nil, at: StateKeys.settlement(old))
  }

  private mutating func beginNextEpoch() {
    let length = milliseconds(LedgerParameters.epochMilliseconds)
    let regular = clock.epochEndsAt.advanced(milliseconds: length)
    clock.epoch = clock.epoch.addingSaturated(1)
    clock.epochStartedAt = clock.time
    clock.epochEndsAt = regular > clock.time ? regular : clock.time.advanced(milliseconds: length)
    fixContributors()
  }
}
