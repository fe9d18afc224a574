import Primitives

// Sub-tokens with treasuries, and endowments.
extension Settler {
  /// Sub-networks' own emissions.
  mutating func emitSubTokens() throws(ArithmeticError) {
    for sub in scene.rules.subTokens {
      if !state.subTokens.entries.contains(where: { $0.name == sub.name }) {
        state.subTokens[sub.name] = sub.premine
        try state.subTokenBuckets.add(sub.premine, to: "\(sub.name):premine")
      }
      let next = state.epoch.addingSaturated(epochs)
      let amount = Amount(
        baseUnits: try sub.emission.cumulative(next, scene.calendar)
          .subtracting(sub.emission.cumulative(state.epoch, scene.calendar)))
      if amount == .zero { continue }
      try state.subTokens.add(amount, to: sub.name)
      try distribute(amount, sub.split, .reward, token: sub.name)
    }
  }

  /// Exchanges sub-tokens for their treasury's tokens, as far as the breaker lets.
  mutating func redeem() throws(ArithmeticError) {
    while state.redemptionWindows.count < scene.rules.subTokens.count {
      state.redemptionWindows.append(Breaker.Window())
    }
    for index in inputs.accounts.indices {
      guard let request = inputs.accounts[index].redeem else { continue }
      let input = inputs.accounts[index]
      guard let curve = scene.rules.redemption,
        let index = scene.rules.subTokens.firstIndex(where: { $0.name == request.subToken })
      else {
        line(input.account, input.role, .refused, pool: "redemption", token: request.subToken)
        continue
      }
      try redeem(times(request.amount, input.members), input, curve, index: index)
    }
  }

  private mutating func redeem(
    _ amount: Amount, _ input: AccountInput, _ curve: Redemption, index: Int
  ) throws(ArithmeticError) {
    let sub = scene.rules.subTokens[index]
    let reserve = state.buckets[sub.treasury]
    let supply = state.subTokens[sub.name]
    let out = try curve.redeem(amount, supply: supply, reserve: reserve)
    if let breaker = scene.rules.redemptionBreaker {
      var window = state.redemptionWindows[index]
      let passed = try breaker.pass(out, base: reserve, epoch: state.epoch, window: &window)
      if passed < out {  // all or nothing; the allowance stays for smaller ones
        note("\(sub.name): the treasury's breaker refused a redemption")
        line(input.account, input.role, .refused, pool: "redemption", token: sub.name)
        return
      }
      state.redemptionWindows[index] = window
    }
    try takeFromBucket(out, sub.treasury)
    state.subTokens[sub.name] = try supply.subtracting(amount)
    charge(amount, to: input.account, .redemption, token: sub.name)
    state.circulating = try state.circulating.adding(out)
    line(
      input.account, input.role, .redeemed, pool: sub.treasury, token: sub.name, liquid: out)
  }

  /// Pays from the fund.
  mutating func payEndowment() throws(ArithmeticError) {
    guard let rule = scene.rules.endowment else { return }
    let income = try result.totals.usagePaid.adding(result.totals.rewardsPaid)
    let paid = try rule.form.release(state.fund, income: income, price: inputs.price)
    if case .solvency(let cost, _) = rule.form, inputs.price > .zero {
      let needed = try cost.tokens(at: inputs.price, rounding: .up)
      state.latchIsSet = try income.adding(state.fund) < needed
      if state.latchIsSet { note("the endowment is empty: uploads cost more until it recovers") }
    }
    state.fund = try state.fund.subtracting(paid)
    try distribute(paid, rule.split, .endowment)
  }
}
