import Primitives

// What customers buy, and what of it reaches providers.
extension Settler {
  /// Customers buy credits: their tokens burn or go into the vault.
  mutating func buyCredits() throws(ArithmeticError) {
    switch scene.rules.credit {
    case .direct: return
    case .sinkOnly(let rule):
      for index in inputs.accounts.indices where inputs.accounts[index].bought > .zero {
        let input = inputs.accounts[index]
        guard hasPrice(input) else { continue }
        let each = try rule.tokensToBurn(
          for: overEpochs(input.bought), oracle: inputs.price, confidence: inputs.priceConfidence)
        try spend(each, input)
      }
    case .vault(let rule):
      for index in inputs.accounts.indices where inputs.accounts[index].bought > .zero {
        let input = inputs.accounts[index]
        guard hasPrice(input), try isOpen(rule, input) else { continue }
        let each = try rule.tokensToBuy(overEpochs(input.bought), at: inputs.price)
        let tokens = try times(each, input.members)
        state.circulating = try state.circulating.subtracting(tokens)
        state.vault = try state.vault.adding(tokens)
        try countBought(tokens, input)
      }
    }
  }

  /// Burns what buys a credit that can only be spent; fees go to their buckets first.
  private mutating func spend(_ each: Amount, _ input: AccountInput) throws(ArithmeticError) {
    let tokens = try times(each, input.members)
    var burned = tokens
    for share in scene.rules.revenue {
      guard case .bucket(let name) = share.to else { continue }
      let part = try times(each.perMillion(share.perMillion, rounding: .down), input.members)
      burned = try burned.subtracting(part)
      state.circulating = try state.circulating.subtracting(part)
      try addToBucket(part, name)
    }
    try burnFromCirculation(burned)
    try countBought(tokens, input)
  }

  private mutating func countBought(
    _ tokens: Amount, _ input: AccountInput
  ) throws(ArithmeticError) {
    let credits = try whole(input.bought, input)
    state.creditsOutstanding = try state.creditsOutstanding.adding(credits)
    charge(tokens, to: input.account, .credits)
    result.totals.spentOnCredits = try result.totals.spentOnCredits.adding(tokens)
    result.totals.creditsBought = try result.totals.creditsBought.adding(credits)
  }

  private mutating func hasPrice(_ input: AccountInput) -> Bool {
    if inputs.price > .zero { return true }
    note("no price is known: nothing that needs one is bought or paid")
    line(input.account, input.role, .refused, pool: "credits")
    return false
  }

  /// Whether the vault's breaker lets credits be sold.
  private mutating func isOpen(
    _ rule: VaultCredit, _ input: AccountInput
  ) throws(ArithmeticError) -> Bool {
    guard
      let ratio = try rule.ratioPerMillion(
        vault: state.vault, outstanding: state.creditsOutstanding, at: inputs.price)
    else { return true }
    if ratio < UInt128(rule.haltBelowPerMillion) {
      note("vault ratio below the breaker's limit: no credit is sold")
      line(input.account, input.role, .refused, pool: "credits")
      return false
    }
    if ratio < UInt128(rule.warnBelowPerMillion) { note("vault ratio is low") }
    return true
  }

  /// Pays providers what their customers spent.
  mutating func payUsage() throws(ArithmeticError) {
    let owed = try tokensOwed()
    var covered: Amount?
    switch scene.rules.credit {
    case .sinkOnly: return try settleSpentCredits()
    case .direct: break
    case .vault(let rule): covered = try coverShortfall(owed, rule)
    }
    for index in inputs.accounts.indices where inputs.accounts[index].measures.usage > .zero {
      let input = inputs.accounts[index]
      guard hasPrice(input) else { continue }
      var each = try tokens(for: overEpochs(input.measures.usage))
      if let covered, covered < owed {
        each = try each.scaled(by: covered.baseUnits, over: owed.baseUnits, rounding: .down)
      }
      try pay(each, input)
    }
    if case .direct = scene.rules.credit { try chargeCustomers(owed) }
    try buyBackSurplus()
  }

  /// What is paid directly is taken from those who buy, in the inputs' order, each at most what its
  /// credits cost, rounded up; what no input buys is nobody's in particular.
  private mutating func chargeCustomers(_ total: Amount) throws(ArithmeticError) {
    var left = total
    for input in inputs.accounts where input.bought > .zero && left > .zero {
      let each = try overEpochs(input.bought).tokens(at: inputs.price, rounding: .up)
      let part = min(left, try times(each, input.members))
      charge(part, to: input.account, .usage)
      left = try left.subtracting(part)
    }
    charge(left, to: nil, .usage)
  }

  /// Credits that can only be spent are used up by usage; no token moves.
  private mutating func settleSpentCredits() throws(ArithmeticError) {
    state.creditsOutstanding = state.creditsOutstanding.subtractingSaturated(usage)
    result.totals.creditsSettled = usage
  }

  private func tokens(for credits: Credits) throws(ArithmeticError) -> Amount {
    if case .vault(let rule) = scene.rules.credit {
      return try rule.tokensToSettle(credits, at: inputs.price)
    }
    return try credits.tokens(at: inputs.price, rounding: .down)
  }

  private func tokensOwed() throws(ArithmeticError) -> Amount {
    if inputs.price == .zero { return .zero }
    var owed = Amount.zero
    for index in inputs.accounts.indices where inputs.accounts[index].measures.usage > .zero {
      let input = inputs.accounts[index]
      let each = try tokens(for: overEpochs(input.measures.usage))
      owed = try owed.adding(times(each, input.members))
    }
    return owed
  }

  /// What of `owed` the vault pays, after minting what it lacks where the rule says so.
  private mutating func coverShortfall(
    _ owed: Amount, _ rule: VaultCredit
  ) throws(ArithmeticError) -> Amount {
    let lack = owed.subtractingSaturated(state.vault)
    if lack == .zero { return owed }
    switch rule.shortfall {
    case .mint:
      try countMinted(lack)
      state.vault = try state.vault.adding(lack)
      note("the vault was short: the lack was minted")
      return owed
    case .proRata:
      note("the vault was short: every payment was cut in proportion")
      return state.vault
    }
  }

  /// Divides one member's pay among the revenue's shares and the provider, for all members.
  private mutating func pay(_ each: Amount, _ input: AccountInput) throws(ArithmeticError) {
    var rest = each
    var burned = Amount.zero
    let isVault = if case .vault = scene.rules.credit { true } else { false }
    for share in scene.rules.revenue {
      switch share.to {
      case .burn:
        let part = min(try each.perMillion(share.perMillion, rounding: .up), rest)
        rest = try rest.subtracting(part)
        burned = try burned.adding(times(part, input.members))
      case .bucket(let name):
        let part = min(try each.perMillion(share.perMillion, rounding: .down), rest)
        rest = try rest.subtracting(part)
        try leave(times(part, input.members), fromVault: isVault)
        try addToBucket(times(part, input.members), name)
      }
    }
    if let endowment = scene.rules.endowment {
      let part = try each.perMillion(endowment.intakePerMillion, rounding: .down)
      rest = try rest.subtracting(part)
      try leave(times(part, input.members), fromVault: isVault)
      state.fund = try state.fund.adding(times(part, input.members))
    }
    try leave(burned, fromVault: isVault)
    try countBurned(burned)
    let paid = try times(rest, input.members)
    if isVault {
      try leave(paid, fromVault: true)
      state.circulating = try state.circulating.adding(paid)
    }
    try close(input, paid: paid, burned: burned, isVault: isVault)
  }

  private mutating func close(
    _ input: AccountInput, paid: Amount, burned: Amount, isVault: Bool
  ) throws(ArithmeticError) {
    let credits = try whole(input.measures.usage, input)
    if isVault { state.creditsOutstanding = try state.creditsOutstanding.subtracting(credits) }
    result.totals.creditsSettled = try result.totals.creditsSettled.adding(credits)
    result.totals.usagePaid = try result.totals.usagePaid.adding(paid)
    line(
      input.account, input.role, .usage, pool: "usage", liquid: paid, burned: burned,
      credits: credits)
  }

  private mutating func leave(_ amount: Amount, fromVault: Bool) throws(ArithmeticError) {
    if fromVault {
      state.vault = try state.vault.subtracting(amount)
    } else {
      state.circulating = try state.circulating.subtracting(amount)
    }
  }

  /// Burns tokens bought with a part of the revenue above the suppliers' target.
  private mutating func buyBackSurplus() throws(ArithmeticError) {
    guard let rule = scene.rules.surplus, inputs.price > .zero,
      case .usdTarget(let form)? = scene.rules.streams.first(where: { $0.name == rule.stream })?
        .form
    else { return }
    let target = try overEpochs(form.target(power: power))
    let surplus = usage.subtractingSaturated(target)
    let spent = try surplus.scaled(by: UInt128(rule.perMillion), over: 1_000_000, rounding: .down)
    let burned = try spent.tokens(at: inputs.price, rounding: .down)
    try burnFromCirculation(burned)
    charge(burned, to: nil, .buyBack)
  }

  func times(_ each: Amount, _ members: UInt64) throws(ArithmeticError) -> Amount {
    members == 1 ? each : Amount(baseUnits: try each.baseUnits.multiplied(by: UInt128(members)))
  }
}
