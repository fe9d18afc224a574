import Ledger
import Primitives

/// What providers were ever paid, added up epoch by epoch as they end.
struct EarnedTotals {
  private var totals: [AccountID: Amount] = [:]
  private var nextEpoch: UInt64 = 0
  /// What was paid in all epochs that have ended.
  private(set) var paid = Amount.zero
  /// The lines of the last two epochs.
  private(set) var latest: [PayoutLine] = []

  /// Adds the epochs before `epoch` that are not in it yet.
  /// - Throws: `LedgerClientError`, or an overflow that no real supply reaches.
  mutating func note(upTo epoch: UInt64, _ reader: LedgerReader) async throws {
    while nextEpoch < epoch {
      let lines = try await reader.rows(
        StateKeys.payouts(epoch: nextEpoch), as: PayoutLine.self)
      for line in lines {
        totals[line.provider] = try total(of: line.provider).adding(line.tokens)
        paid = try paid.adding(line.tokens)
      }
      let before = nextEpoch.subtractingSaturated(1)
      latest = latest.filter { $0.epoch >= before } + lines
      nextEpoch += 1
    }
  }

  /// What one provider was ever paid.
  func total(of provider: AccountID) -> Amount { totals[provider] ?? .zero }
}
