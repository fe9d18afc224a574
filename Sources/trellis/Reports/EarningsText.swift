import Foundation

/// An earnings report for people.
struct EarningsText {
  let report: EarningsReport
  let explains: Bool

  var text: String {
    if report.epochs.isEmpty {
      return "No settlement epoch has ended yet; the first one pays the first proofs."
    }
    var lines = [
      "epochs \(report.epochs.first ?? 0) to \(report.epochs.last ?? 0)", "",
      columns("provider", "tokens paid", "burned", "lines", "zeros", "slashed"),
    ]
    for total in report.totals {
      lines.append(
        columns(
          total.provider, short(total.tokens), short(total.burned), "\(total.lines)",
          "\(total.zeroLines)", short(total.slashed)))
      if let reason = total.reasonForZero { lines.append("    nothing, because \(reason)") }
      if let net = total.net { lines += net.text }
    }
    if explains {
      for epoch in report.epochs.reversed() { lines += explain(epoch) }
      lines += slashes + staking
    } else {
      lines += ["", "`trellis earnings --explain` goes down to proofs and rules."]
    }
    return lines.joined(separator: "\n")
  }

  private func explain(_ epoch: UInt64) -> [String] {
    let lines = report.lines.filter { $0.epoch == epoch }
    if lines.isEmpty { return ["", "epoch \(epoch): no line"] }
    return ["", "epoch \(epoch)"] + lines.flatMap(explain)
  }

  private func explain(_ line: EarningsReport.Line) -> [String] {
    let lease = line.lease.map { ", lease \($0)" } ?? ""
    var lines = ["  \(line.provider) · \(line.source)\(lease): \(line.tokens) tokens"]
    if let price = line.creditsPerUnit {
      lines.append(
        "    \(line.quantity) \(line.unit) at \(price) credits per \(line.priceUnit)"
          + " = \(line.credits) credits")
    } else if line.credits != "0" {
      lines.append("    \(line.credits) credits")
    }
    if line.burned != "0" || line.tokens != "0" {
      lines.append("    rule \(line.rule): \(line.burned) tokens burned, the rest paid")
    }
    for reason in line.reasons {
      lines.append("    because \(reason.text)")
      let evidence = reason.evidence.isEmpty ? "" : "; evidence \(reason.evidence)"
      lines.append("      (\(reason.kind), rule \(reason.rule)\(evidence))")
    }
    let more = line.reasonCount.subtractingReportingOverflow(UInt64(line.reasons.count))
    if !more.overflow, more.partialValue > 0 {
      lines.append("    and \(more.partialValue) more causes, under the line's hash")
    }
    return lines
  }

  private var slashes: [String] {
    if report.slashes.isEmpty { return ["", "slashes: none"] }
    return ["", "slashes"]
      + report.slashes.flatMap { slash in
        [
          "  epoch \(slash.epoch) · \(slash.provider): \(slash.amount) tokens of its bond "
            + "(\(slash.toBeneficiaries) to who repaired or reported, \(slash.refunded) refunded, "
            + "\(slash.burned) burned)",
          "    because \(slash.reason.text)",
          "      (\(slash.reason.kind), rule \(slash.reason.rule)"
            + (slash.reason.evidence.isEmpty ? ")" : "; evidence \(slash.reason.evidence))"),
        ]
      }
  }

  private var staking: [String] {
    if report.staking.isEmpty { return [] }
    return ["", "stake"]
      + report.staking.reversed().flatMap { line in
        [
          "  epoch \(line.epoch) · \(line.validator): \(line.reward) new tokens on "
            + "\(line.stake), commission \(line.commission)",
          "    because \(line.reason.text) (\(line.reason.kind), rule \(line.reason.rule))",
        ] + line.stakers.map { "    \($0.account) holds \($0.shares) shares: \($0.earned)" }
      }
      + report.claims.map {
        "  \($0.staker) was paid \($0.amount) for \($0.shares) shares with \($0.validator)"
      }
  }

  private func columns(_ cells: String...) -> String {
    let widths = [14, 18, 18, 8, 8, 18]
    return zip(cells, widths).enumerated().map { index, pair in
      let padding = String(repeating: " ", count: max(1, pair.1 - pair.0.count))
      return index == 0 ? pair.0 + padding : padding + pair.0
    }.joined()
  }

  /// At most twelve decimals, for columns.
  private func short(_ decimal: String) -> String {
    guard let point = decimal.firstIndex(of: ".") else { return decimal }
    return String(decimal.prefix(decimal.distance(from: decimal.startIndex, to: point) + 13))
  }
}
