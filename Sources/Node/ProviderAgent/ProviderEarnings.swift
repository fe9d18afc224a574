import ChainClient
import Ledger
import Primitives
import ServiceKit

/// Reads what a provider got from the ledger, and puts it into words.
package struct ProviderEarnings: Sendable {
  /// The most lines that are read of one epoch.
  package static let lineLimit: UInt32 = 1000

  private let ledger: any ProviderLedger

  package init(ledger: any ProviderLedger) { self.ledger = ledger }

  /// The running epoch's number.
  /// - Throws: ``LedgerClientError``.
  package func runningEpoch() async throws -> UInt64 {
    try await ledger.row(StateKeys.clock, as: ChainClock.self)?.epoch ?? 0
  }

  /// A provider's payout lines of an epoch that has ended, zeros among them, by index.
  /// - Throws: ``LedgerClientError``.
  package func lines(of provider: ProviderID, epoch: UInt64) async throws -> [PayoutLine] {
    let range = StateKeys.payouts(epoch: epoch, provider: provider)
    return try await ledger.rows(in: range, limit: Self.lineLimit, as: PayoutLine.self)
      .map(\.value)
  }

  /// The lines of the last `count` epochs that have ended, latest epoch first.
  /// - Throws: ``LedgerClientError``.
  package func recentLines(of provider: ProviderID, epochs count: UInt64) async throws
    -> [PayoutLine]
  {
    let running = try await runningEpoch()
    var all: [PayoutLine] = []
    for epoch in (running.subtractingSaturated(count)..<running).reversed() {
      all += try await lines(of: provider, epoch: epoch)
    }
    return all
  }

  /// The sums of some lines.
  package static func total(
    of lines: [PayoutLine]
  ) throws(ArithmeticError) -> (credits: Credits, tokens: Amount, burned: Amount) {
    var (credits, tokens, burned) = (Credits.zero, Amount.zero, Amount.zero)
    for line in lines {
      credits = try credits.adding(line.credits)
      tokens = try tokens.adding(line.tokens)
      burned = try burned.adding(line.burned)
    }
    return (credits, tokens, burned)
  }

  /// A line in words: what was paid for what at which price, by which rule, and its causes with the
  /// hashes of their evidence.
  package static func explain(_ line: PayoutLine) -> [String] {
    var text = [
      "epoch \(line.epoch), line \(line.index): \(line.tokens) tokens paid, \(line.burned) burned, "
        + "for \(line.credits) credits (\(line.rule))"
    ]
    text.append("  \(basis(of: line))")
    for cause in line.causes.kept {
      text.append("  \(cause.kind): \(cause.text) [rule \(cause.rule), evidence \(cause.evidence)]")
    }
    let more = line.causes.count.subtractingSaturated(UInt64(line.causes.kept.count))
    if more > 0 { text.append("  and \(more) more causes, all under \(line.causes.digest)") }
    return text
  }

  private static func basis(of line: PayoutLine) -> String {
    let payer = line.lease.map { "lease \($0)" } ?? "no lease"
    switch line.source {
    case .metered(let dimension):
      let price = line.creditsPerUnit.map { "\($0) credits for \(dimension.quantityPerUnit)" }
      return "\(payer): \(dimension) × \(line.quantity) at \(price ?? "no price")"
    case .fixed(let bucket): return "\(payer): a fixed sum from the \(bucket) bucket"
    case .voucher: return "\(payer): vouchers signed by the payer"
    case .zero: return "\(payer): nothing was earned"
    case .policy(let kind): return "\(kind), by the network's rules and no lease"
    }
  }
}
