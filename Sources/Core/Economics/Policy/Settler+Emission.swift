import Primitives

// What is emitted, and how it is divided.
extension Settler {
  mutating func emit() throws(ArithmeticError) {
    while state.streams.count < scene.rules.streams.count { state.streams.append(EmissionState()) }
    var all = Amount.zero
    for index in scene.rules.streams.indices {
      let context = try context()
      var amount = try scene.rules.streams[index].form.amount(context, state: &state.streams[index])
      if scene.rules.streams[index].from.isEmpty {
        let scheduled = amount
        if index == 0 { amount = try addReEmission(to: amount) }
        amount = try limitMint(amount, scheduled: scheduled, isFirst: index == 0)
        try countMinted(amount)
      } else {
        amount = try takeFromBuckets(amount, scene.rules.streams[index].from)
      }
      all = try all.adding(amount)
      try distribute(amount, scene.rules.streams[index].split, .reward)
    }
    state.lastEmission = Amount(baseUnits: all.baseUnits / UInt128(max(epochs, 1)))
  }

  private func context() throws(ArithmeticError) -> EmissionContext {
    let staked = try sumOfStakes()
    return EmissionContext(
      calendar: scene.calendar, epoch: state.epoch, epochs: epochs, issued: state.minted,
      supply: state.supply, staked: inputs.staked ?? staked, power: power,
      price: inputs.price, usage: epochs == 1 ? usage : usage.dividedDown(by: epochs))
  }

  private func sumOfStakes() throws(ArithmeticError) -> Amount {
    var sum = Amount.zero
    for index in inputs.accounts.indices where inputs.accounts[index].measures.stake > .zero {
      sum = try sum.adding(
        times(inputs.accounts[index].measures.stake, inputs.accounts[index].members))
    }
    return sum
  }

  private mutating func addReEmission(to scheduled: Amount) throws(ArithmeticError) -> Amount {
    guard let rule = scene.rules.reEmission else { return scheduled }
    state.smoothedBurn = try rule.smoothed(state.smoothedBurn, burned: result.totals.burned)
    var back = rule.amount(smoothed: state.smoothedBurn)
    if let topUp = rule.topUp {
      let share = try state.scores[topUp.candidate].baseUnits
        .scaled(by: UInt128(topUp.poolPerMillion), over: 1_000_000, rounding: .down)
      back = try back.adding(
        rule.topUpAmount(
          smoothed: state.smoothedBurn, base: scheduled.adding(back), work: work(of: topUp.role),
          share: share, price: inputs.price))
    }
    result.totals.reEmitted = try result.totals.reEmitted.adding(back)
    return try scheduled.adding(back)
  }

  /// The cap on supply and the breaker on minting.
  private mutating func limitMint(
    _ asked: Amount, scheduled: Amount, isFirst: Bool
  ) throws(ArithmeticError) -> Amount {
    var amount = asked
    if let cap = scene.rules.supplyCap {
      // What burned may come back (net emissions), so the cap is on what exists.
      let room = cap.subtractingSaturated(
        scene.rules.reEmission == nil ? state.minted : state.supply)
      if amount > room { note("the supply's cap is reached") }
      amount = min(amount, room)
    }
    guard isFirst, let breaker = scene.rules.mintBreaker else { return amount }
    let passed = try breaker.pass(
      amount, base: scheduled, epoch: state.epoch, window: &state.mintWindow)
    if passed < amount { note("the breaker on minting let only a part pass") }
    return passed
  }

  private mutating func takeFromBuckets(
    _ asked: Amount, _ names: [String]
  ) throws(ArithmeticError) -> Amount {
    var taken = Amount.zero
    for name in names {
      let part = min(state.buckets[name], asked.subtractingSaturated(taken))
      try takeFromBucket(part, name)
      taken = try taken.adding(part)
    }
    if taken < asked { note("\(names.joined(separator: " and ")): empty, pay was cut") }
    result.totals.paidFromBuckets = try result.totals.paidFromBuckets.adding(taken)
    return taken
  }

  /// Divides `amount` among pools; what they leave goes to the residual.
  mutating func distribute(
    _ amount: Amount, _ split: PoolSplit, _ kind: PolicyLine.Kind, token: String = ""
  ) throws(ArithmeticError) {
    var rest = amount
    var left = Amount.zero
    for pool in split.pools {
      let share = min(try portion(pool.portion, of: amount), rest)
      rest = try rest.subtracting(share)
      let remainder = try give(
        share, pool.recipients, name: pool.name, kind, vests: pool.vests, token: token)
      left = try left.adding(remainder)
    }
    let residual = try rest.adding(left)
    let remainder = try give(
      residual, split.residualRecipients, name: split.residual, kind, vests: false, token: token)
    try collect(remainder, split.residual, token: token)
  }

  private func portion(
    _ portion: Pool.Portion, of whole: Amount
  ) throws(ArithmeticError) -> Amount {
    switch portion {
    case .perMillion(let parts): return try whole.perMillion(parts, rounding: .down)
    case .fixed(let amount): return try overEpochs(amount)
    case .votes(let candidate):
      return try whole.scaled(
        by: state.scores[candidate].baseUnits, over: ReEmission.one, rounding: .down)
    case .usage(let role, let parts, let most):
      if inputs.price == .zero { return .zero }
      let asked = try paidUsage(of: role).tokens(at: inputs.price, rounding: .down)
        .perMillion(parts, rounding: .down)
      return min(asked, try whole.perMillion(most, rounding: .down))
    case .cappedWork(let parts, let role, let creditsPerUnit):
      let share = try whole.perMillion(parts, rounding: .down)
      if inputs.price == .zero { return share }
      let credits = Credits(
        baseUnits: try creditsPerUnit.baseUnits.multiplied(by: work(of: role)))
      return min(share, try credits.tokens(at: inputs.price, rounding: .down))
    }
  }

  private func paidUsage(of role: String) throws(ArithmeticError) -> Credits {
    var sum = Credits.zero
    for input in inputs.accounts where input.role == role {
      sum = try sum.adding(whole(input.measures.usage, input))
    }
    return sum
  }

  private func work(of role: String) throws(ArithmeticError) -> UInt128 {
    var sum: UInt128 = 0
    for input in inputs.accounts where input.role == role {
      sum = try sum.adding(
        input.measures.work.multiplied(by: UInt128(input.members)).multiplied(
          by: UInt128(epochs)))
    }
    return sum
  }

  /// Gives a pool's share to its recipients; what could not be divided comes back.
  private mutating func give(
    _ share: Amount, _ recipients: Pool.Recipients, name: String, _ kind: PolicyLine.Kind,
    vests: Bool, token: String
  ) throws(ArithmeticError) -> Amount {
    switch recipients {
    case .bucket:
      try collect(share, name, token: token)
      return .zero
    case .burn:
      if token.isEmpty {
        try countBurned(share)
      } else {
        state.subTokens[token] = try state.subTokens[token].subtracting(share)
      }
      return .zero
    case .split(let split):
      try distribute(share, split, kind, token: token)
      return .zero
    case .accounts(let role, let weight):
      return try giveAccounts(
        share, role, weight, name: name, kind, vests: vests, token: token)
    }
  }

  private mutating func giveAccounts(
    _ share: Amount, _ role: String, _ weight: Weight, name: String, _ kind: PolicyLine.Kind,
    vests: Bool, token: String
  ) throws(ArithmeticError) -> Amount {
    if share == .zero { return share }
    var weights: [(index: Int, weight: UInt128)] = []
    var total: UInt128 = 0
    for index in inputs.accounts.indices where inputs.accounts[index].role == role {
      if !isExcluded.isEmpty && isExcluded[index] { continue }
      let input = inputs.accounts[index]
      if input.members == 0 { continue }
      let value = try weight.value(of: measures(input))
      if value == 0 { continue }
      weights.append((index, value))
      total = try total.adding(value.multiplied(by: UInt128(input.members)))
    }
    var rest = share
    for (index, value) in weights {
      let each = try share.scaled(by: value, over: total, rounding: .down)
      let input = inputs.accounts[index]
      rest = try rest.subtracting(times(each, input.members))
      try reward(each, input, name: name, kind, vests: vests, token: token)
    }
    return rest
  }

  /// A member's measures, with the votes of the tokens that it locked here.
  private func measures(_ input: AccountInput) throws(ArithmeticError) -> Measures {
    guard let account = state.account(input.account), !account.locks.isEmpty else {
      return input.measures
    }
    var measures = input.measures
    for lock in account.locks {
      measures.votes = try measures.votes.adding(lock.votes.dividedDown(by: input.members))
    }
    return measures
  }

  private mutating func reward(
    _ each: Amount, _ input: AccountInput, name: String, _ kind: PolicyLine.Kind, vests: Bool,
    token: String
  ) throws(ArithmeticError) {
    var (liquid, locked) = (each, Amount.zero)
    if vests, token.isEmpty, let rule = scene.rules.vesting {
      (liquid, locked) = try rule.divide(each)
      let (epoch, grant) = (state.epoch, locked)
      try state.withAccount(input.account) { (account) throws(ArithmeticError) in
        try account.vesting.add(grant, members: input.members, in: epoch, rule)
      }
      locked = try times(locked, input.members)
      state.vesting = try state.vesting.adding(locked)
    }
    liquid = try times(liquid, input.members)
    if token.isEmpty {
      state.circulating = try state.circulating.adding(liquid)
      result.totals.rewardsPaid = try result.totals.rewardsPaid.adding(liquid).adding(locked)
    }
    line(
      input.account, input.role, kind, pool: name, token: token, liquid: liquid, vesting: locked)
  }

  private mutating func collect(
    _ amount: Amount, _ name: String, token: String
  ) throws(ArithmeticError) {
    if token.isEmpty {
      try addToBucket(amount, name)
    } else {
      try state.subTokenBuckets.add(amount, to: "\(token):\(name)")
    }
  }
}

extension Quantity {
  /// A whole part, rounded down; all of it for a divisor of zero.
  func dividedDown(by parts: UInt64) -> Self {
    Self(baseUnits: baseUnits / UInt128(max(parts, 1)))
  }
}
