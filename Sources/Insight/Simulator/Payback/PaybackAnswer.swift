/// What one operator may expect of a network.
package struct PaybackAnswer: Sendable {
  /// US dollars a month: the 10th, 50th and 90th percentile of runs under all price regimes.
  package let netPerMonth: [Fixed]
  /// Months, for the same percentiles; nil where so many runs never pay back.
  package let paybackMonths: [Fixed?]
  /// US dollars a token; nil when no token is earned.
  package let breakEvenPrice: [Fixed]?
  /// The share of runs that never pay back.
  package let neverShare: String
  /// The price that the scenario begins with.
  package let price: Fixed
  package let hardware: Fixed
  package let months: Int

  /// The answer for the cohort `you`, the last of the scenario.
  package init(_ played: PlayedSimulation) {
    let levels: [UInt64] = [100, 500, 900]
    let result = played.result.all.operators.last ?? OperatorResult(cohort: "you")
    netPerMonth = levels.map { result.netPerMonth.quantile(perMille: $0) ?? .zero }
    paybackMonths = levels.map { result.payback(perMille: $0) }
    breakEvenPrice =
      result.breakEvenPrice.count == 0
      ? nil : levels.map { result.breakEvenPrice.quantile(perMille: $0) ?? .zero }
    neverShare = RunShare.percent(result.neverPaidBack, of: played.result.runs)
    price = played.plan.scenario.market.price
    hardware = played.plan.scenario.supply.last?.hardware ?? .zero
    months = played.plan.scenario.days * 12 / 365
  }

  /// A plain sentence, with money in `currency`.
  package func sentence(_ currency: PaybackCurrency) -> String {
    let middle = netPerMonth[1]
    let range = "\(currency.text(netPerMonth[0])) to \(currency.text(netPerMonth[2]))"
    if middle.raw <= 0 {
      return "Most likely it loses \(currency.text(-middle)) a month (\(range)): do not buy "
        + "hardware for it."
    }
    guard let payback = paybackMonths[1] else {
      return "Most likely it nets \(currency.text(middle)) a month (\(range)), too little to pay "
        + "for \(currency.text(hardware)) of hardware within \(months) months."
    }
    return "Most likely it nets \(currency.text(middle)) a month (\(range)) and has paid for "
      + "\(currency.text(hardware)) of hardware after \(payback.shortText) months; in "
      + "\(neverShare) of the futures it never does."
  }
}

/// A currency and its rate.
package struct PaybackCurrency: Hashable, Sendable {
  package let code: String
  /// How much of it a US dollar buys.
  package let perDollar: Fixed

  package init(code: String, perDollar: Fixed) {
    self.code = code
    self.perDollar = perDollar
  }

  /// US dollars in this currency.
  package func text(_ dollars: Fixed) -> String {
    let value = dollars * perDollar
    return code == "USD" ? Money.dollars(value) : "\(value.shortText) \(code)"
  }
}

/// Where one lives: what power costs there.
package enum PaybackRegion: String, CaseIterable, Sendable {
  case us, canada, uk, germany, france, spain, poland, india, japan, brazil, australia

  /// US dollars a kilowatt hour for households; round figures of 2025: better your bill.
  package var tariff: Fixed {
    let cents =
      switch self {
      case .us: 17
      case .canada: 12
      case .uk: 35
      case .germany: 43
      case .france: 28
      case .spain: 27
      case .poland: 27
      case .india: 8
      case .japan: 23
      case .brazil: 16
      case .australia: 24
      }
    return Fixed(cents, over: 100)
  }
}
