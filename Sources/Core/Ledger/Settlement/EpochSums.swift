import Economics
import Primitives

/// What an epoch's lines come to so far.
struct EpochSums {
  var lines: UInt64 = 0
  var zeroLines: UInt64 = 0
  var credits: Credits = .zero
  var paid: Amount = .zero
  var burned: Amount = .zero
  private var lastPayee: AccountID?
  private var nextOfPayee: UInt32 = 0

  /// Lines come sorted by provider, so counting restarts with each.
  mutating func nextIndex(for payee: AccountID) -> UInt32 {
    if payee != lastPayee { nextOfPayee = 0 }
    lastPayee = payee
    defer { nextOfPayee += 1 }
    return nextOfPayee
  }

  func adding(_ line: EpochLine) throws(ArithmeticError) -> EpochSums {
    var sums = self
    sums.lines += 1
    if line.credits == .zero { sums.zeroLines += 1 }
    sums.credits = try credits.adding(line.credits)
    sums.paid = try paid.adding(line.tokensPaid)
    sums.burned = try burned.adding(line.tokensBurned)
    return sums
  }
}
