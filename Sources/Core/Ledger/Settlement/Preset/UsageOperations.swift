import Economics
import Primitives
import ServiceKit

extension LedgerState {
  /// Keeps a report of use until its epoch ends. Checks: devnet, preset, epoch, roles and names,
  /// bounds, the epoch's limit of accounts.
  mutating func reportUsage(_ report: UsageReport) throws(Rejection) {
    guard genesis.allowsFaucet else {
      throw Rejection(
        .usageRefused, "use is fed by transactions on devnets only; here services prove it")
    }
    guard let preset = preset?.preset else {
      throw Rejection(
        .noPreset, "this chain settles by \(genesis.policy); start one with `up --preset NAME`")
    }
    guard report.epoch >= clock.epoch else {
      throw Rejection(
        .usageEpoch, "epoch \(report.epoch) has ended; the running one is \(clock.epoch)")
    }
    guard report.epoch - clock.epoch <= UsageReport.epochsAhead else {
      throw Rejection(
        .usageEpoch,
        "epoch \(report.epoch) is more than \(UsageReport.epochsAhead) ahead of \(clock.epoch)")
    }
    if let problem = preset.problem(in: report) { throw Rejection(.usageInvalid, problem) }
    let waiting = usageReports(of: report.epoch).reduce(0) { $0 + $1.accounts.count }
    guard waiting + report.accounts.count <= UsageReport.epochAccountLimit else {
      throw Rejection(
        .usageTooLarge,
        "the reports of epoch \(report.epoch) have \(waiting) accounts; "
          + "\(UsageReport.epochAccountLimit) is the limit")
    }
    write(
      report, at: StateKeys.usageReport(epoch: report.epoch, serial: next(.usageReport)))
    note(
      "usage.reported",
      [("epoch", String(report.epoch)), ("accounts", String(report.accounts.count))])
  }

  /// The reports that wait for an epoch's end, in the order in which they came.
  func usageReports(of epoch: UInt64) -> [UsageReport] {
    records(in: StateKeys.ofEpoch(.usageReport, epoch)).map(\.record)
  }
}

extension Preset {
  /// What of a report the preset does not know, or what is out of bounds.
  func problem(in report: UsageReport) -> String? {
    let candidates = rules.flatMap { $0.vote?.candidates ?? [] }
    for candidate in report.candidates where !candidates.contains(candidate.name) {
      return "`\(candidate.name)` is no candidate of \(name)"
    }
    let subTokens = rules.flatMap { $0.subTokens.map(\.name) }
    for input in report.accounts {
      guard roles.contains(input.role) else {
        return "`\(input.role)` is no role of \(name); roles: \(roles.joined(separator: ", "))"
      }
      if let redeem = input.redeem, !subTokens.contains(redeem.subToken) {
        return "`\(redeem.subToken)` is no sub-token of \(name)"
      }
      guard input.measures.scorePerMillion <= 1_000_000 else {
        return "a score is at most 1 (1,000,000 millionths), not \(input.measures.scorePerMillion)"
      }
      guard input.measures.multiplierPerMillion <= 1_000_000_000_000 else {
        return "a multiplier is at most 1,000,000"
      }
    }
    return nil
  }
}
