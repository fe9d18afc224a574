import ChainClient
import Ledger
import Primitives
import ServiceKit

/// What a customer was charged.
struct UsageReport: Codable {
  struct Lease: Codable {
    let lease: UInt64
    let state: String
    let escrow: String
    let spent: String
    /// What is due and could not be paid; it stays due.
    let owed: String
  }

  struct Line: Codable {
    let epoch: UInt64
    /// When the epoch ended, in milliseconds of ledger time.
    let endedAtMilliseconds: UInt64?
    let lease: UInt64
    /// `storage`, `egress`, `staging`, `repair`, …
    let kind: String
    let quantity: String
    let unit: String
    let credits: String
  }

  let identity: String
  let account: String
  let leases: [Lease]
  let lines: [Line]
  let totalCredits: String

  /// - Throws: `LedgerClientError`, ``UserError``.
  static func make(
    _ network: OpenNetwork, identity: String, lastEpochs: Int
  ) async throws -> UsageReport {
    let reader = LedgerReader(client: network.ledger)
    let account = try network.secrets.identity(identity).ledgerKey.accountID
    let leases = try await reader.leases().filter { $0.record.customer == account }
    let own = Set(leases.map(\.id))
    let clock = try await reader.clock()
    let first = clock.epoch > UInt64(lastEpochs) ? clock.epoch - UInt64(lastEpochs) : 0
    var lines: [Line] = []
    var total = Credits.zero
    for epoch in first..<clock.epoch {
      let paid = try await reader.rows(StateKeys.payouts(epoch: epoch), as: PayoutLine.self)
        .filter { $0.lease.map(own.contains) ?? false }
      let summary = try await reader.client.value(
        StateKeys.epoch(epoch), as: EpochSummary.self)
      for line in try sums(paid, endedAt: summary?.endedAt.milliseconds) {
        lines.append(line.line)
        total = try total.adding(line.credits)
      }
    }
    return UsageReport(
      identity: identity, account: account.didKey, leases: try leases.map(lease), lines: lines,
      totalCredits: "\(total)")
  }

  private static func lease(_ lease: (id: LeaseID, record: LeaseRecord)) throws -> Lease {
    let state =
      switch lease.record.state {
      case .open: "open"
      case .closing(_, let cause): "closing: \(cause.text)"
      case .closed(_, let cause): "closed: \(cause.text)"
      }
    return Lease(
      lease: lease.id.number, state: state, escrow: "\(try lease.record.escrow.total())",
      spent: "\(try lease.record.spent.total())", owed: "\(try lease.record.owed.total())")
  }

  /// The lines of one epoch, those of one lease and kind as one, in the order of their first.
  private static func sums(
    _ paid: [PayoutLine], endedAt: UInt64?
  ) throws -> [(line: Line, credits: Credits)] {
    var order: [String] = []
    var groups: [String: [PayoutLine]] = [:]
    for line in paid where line.credits > .zero {
      let key = "\(line.lease?.number ?? 0) \(SourceText.name(line.source))"
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(line)
    }
    return try order.compactMap { key in
      guard let lines = groups[key], let one = lines.first, let lease = one.lease else {
        return nil
      }
      let credits = try lines.reduce(Credits.zero) { try $0.adding($1.credits) }
      let quantity = lines.reduce(UInt128(0)) { $0.addingSaturated($1.quantity) }
      return (
        Line(
          epoch: one.epoch, endedAtMilliseconds: endedAt, lease: lease.number,
          kind: SourceText.name(one.source), quantity: String(quantity),
          unit: SourceText.unit(one.source), credits: "\(credits)"), credits
      )
    }
  }

  /// For spreadsheets.
  var csv: String {
    (["epoch,ended_at_milliseconds,lease,kind,quantity,unit,credits"]
      + lines.map { line in
        let ended = line.endedAtMilliseconds.map { String($0) } ?? ""
        return "\(line.epoch),\(ended),\(line.lease),\(line.kind),\(line.quantity),"
          + "\(line.unit),\(line.credits)"
      }).joined(separator: "\n")
  }

  var text: String {
    var text = ["\(identity)  \(account)"]
    text += leases.map {
      "lease \($0.lease)  \($0.state); escrow \($0.escrow), spent \($0.spent), "
        + "owed \($0.owed) credits"
    }
    text += lines.map {
      "epoch \($0.epoch)  lease \($0.lease)  \($0.kind): \($0.quantity) \($0.unit), "
        + "\($0.credits) credits"
    }
    if leases.isEmpty { text.append("no lease yet: nothing was ever charged") }
    return (text + ["total \(totalCredits) credits in these epochs"]).joined(separator: "\n")
  }
}
