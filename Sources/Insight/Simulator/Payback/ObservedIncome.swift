/// What a device brought its owner, by the owner's own records.
package struct ObservedIncome: Hashable, Sendable {
  /// Tokens earned, and what one was worth in US dollars.
  package var tokens: Fixed
  package var price: Fixed
  /// Over how many months.
  package var months: Fixed
  /// What the hardware cost, and what was paid besides: data, power.
  package var hardware: Fixed
  package var costs: Fixed

  package init(tokens: Fixed, price: Fixed, months: Fixed, hardware: Fixed, costs: Fixed) {
    self.tokens = tokens
    self.price = price
    self.months = months
    self.hardware = hardware
    self.costs = costs
  }

  /// US dollars of rewards.
  package var income: Fixed { tokens * price }

  /// Income less costs, without the hardware, in US dollars a month.
  package var netPerMonth: Fixed { (income - costs).divided(by: months, orIfZero: .zero) }

  /// Months until the hardware is paid for; nil when it never is.
  package var paybackMonths: Fixed? {
    netPerMonth.raw > 0 ? hardware / netPerMonth : nil
  }

  /// Dollars spent for each dollar earned, without the hardware; nil when nothing was earned.
  package var costPerDollar: Fixed? { income.raw > 0 ? costs / income : nil }

  /// The token price at which income would have met the costs; nil when no token was earned.
  package var breakEvenPrice: Fixed? { tokens.raw > 0 ? costs / tokens : nil }

  /// A plain sentence.
  package var sentence: String {
    let earned = "It earned \(Money.dollars(income)) in \(months.shortText) months"
    if netPerMonth.raw <= 0 {
      let ratio = costPerDollar.map { ", \($0.text(decimals: 0)) dollars for each dollar earned" }
      return "\(earned) and cost \(Money.dollars(costs))\(ratio ?? ""): it loses money every "
        + "month and never pays back."
    }
    let months = paybackMonths.map { $0.text(decimals: 0) } ?? "0"
    return "\(earned), \(Money.dollars(netPerMonth)) a month after costs: "
      + "\(Money.dollars(hardware)) of hardware is paid back after \(months) months."
  }
}
