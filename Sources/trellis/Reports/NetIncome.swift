import Foundation
import Ledger
import Primitives
import ProviderAgent

/// What is left of a provider's earnings after its operator's costs, in US dollars.
struct NetIncome: Codable {
  /// For how long the costs are, in seconds of ledger time.
  let seconds: UInt64
  /// What was earned for use, before the network's part.
  let gross: String
  /// What of it was burned by the network's rule.
  let burned: String
  let electricity: String
  let depreciation: String
  let data: String
  /// Gross less all of these; begins with a minus when it is a loss.
  let net: String
  /// Tokens that were paid without a use behind them, which have no price here.
  let unpricedTokens: String

  /// Credits are US dollars, so what was paid for use has its price in its own line: of a line's
  /// credits the provider got the share that was not burned.
  /// - Throws: ``OperatorProfileError``, an overflow that no real income reaches.
  init(
    lines: [PayoutLine], milliseconds: UInt64, profile: OperatorProfile,
    transfers: TransferTotals, unixMilliseconds: UInt64
  ) throws {
    var (gross, burned, unpriced) = (Credits.zero, Credits.zero, Amount.zero)
    for line in lines {
      let whole = try line.tokens.adding(line.burned)
      if line.credits == .zero || whole == .zero {
        unpriced = try unpriced.adding(line.tokens)
        continue
      }
      gross = try gross.adding(line.credits)
      burned = try burned.adding(
        line.credits.scaled(
          by: line.burned.baseUnits, over: whole.baseUnits, rounding: .up))
    }
    let month = CivilTime.month(unixMilliseconds: unixMilliseconds)
    let bill = try profile.costs().bill(
      milliseconds: milliseconds,
      monthTransferBytes: transfers.month == month ? transfers.bytes : 0,
      monthMilliseconds: unixMilliseconds - CivilTime.start(ofMonth: month))
    seconds = milliseconds / 1000
    self.gross = "\(gross)"
    self.burned = "\(burned)"
    electricity = "\(bill.electricity)"
    depreciation = "\(bill.depreciation)"
    data = "\(bill.data)"
    let costs = try burned.adding(bill.total())
    net =
      costs > gross
      ? "-\(costs.subtractingSaturated(gross))" : "\(gross.subtractingSaturated(costs))"
    unpricedTokens = "\(unpriced)"
  }

  /// For people, in four lines.
  var text: [String] {
    func money(_ decimal: String) -> String {
      guard let point = decimal.firstIndex(of: ".") else { return decimal }
      return String(decimal.prefix(decimal.distance(from: decimal.startIndex, to: point) + 7))
    }
    var lines = [
      "    in \(seconds) s: gross $\(money(gross)), burned $\(money(burned)), electricity "
        + "$\(money(electricity)), depreciation $\(money(depreciation)), data $\(money(data))",
      "    net \(net.hasPrefix("-") ? "-$\(money(String(net.dropFirst())))" : "$\(money(net))")",
    ]
    if unpricedTokens != "0" {
      lines.append("    and \(unpricedTokens) tokens of subsidy, which have no price here")
    }
    return lines
  }
}
