/// One run: a scenario under one price regime, day by day.
struct World<Rules: NetworkRules> {
  private let scenario: Scenario
  private let firstDay: Int
  private var rules: Rules
  private var market: TokenMarket
  private var demand: [DemandState]
  private(set) var cohorts: [CohortState]
  private var marketStream: RandomStream
  private var demandStream: RandomStream
  private let normals = NormalTable.shared

  private var circulating: Fixed
  private var staked: Fixed
  /// Tokens that came into circulation from buckets and allocations.
  private var insidersSold = Fixed.zero
  private var unitPrice: Fixed
  private var quality = Fixed.one
  private var demandShock = Fixed.one
  private var inputs: DayInputs
  private var poorDays = 0
  private var worthlessDays = 0
  private(set) var insolvency: (day: Int, cause: Insolvency)?
  /// What is left to be sold on the market of stakes that were withdrawn.
  private var released = Fixed.zero
  private(set) var tally = DayTally()

  init(
    _ scenario: Scenario, firstDay: Int, rules: Rules, regime: PriceRegime, seed: UInt64,
    run: UInt64
  ) {
    self.scenario = scenario
    self.firstDay = firstDay
    self.rules = rules
    market = TokenMarket(scenario.market, regime: regime)
    demand = scenario.demand.map { DemandState($0, unitPrice: scenario.unitPrice) }
    cohorts = scenario.supply.map { CohortState($0) }
    marketStream = RandomStream(seed: seed, run: run, purpose: .market)
    demandStream = RandomStream(seed: seed, run: run, purpose: .demand)
    staked = scenario.start?.stakedTokens ?? .zero
    circulating = max(.one, rules.circulating - staked)
    unitPrice = scenario.unitPrice
    inputs = DayInputs(
      day: firstDay, price: scenario.market.price,
      cohorts: Array(
        repeating: CohortInputs(members: .zero, usage: .zero, capacity: .zero),
        count: scenario.supply.count),
      circulating: circulating, staked: staked)
  }

  /// Lives through a day.
  /// - Throws: what the rules cannot compute.
  mutating func step(_ day: Int) throws {
    for shock in scenario.shocks where shock.day == day { apply(shock) }
    let wanted = want()
    var use = serve(wanted)
    inputs.day = firstDay + day
    inputs.price = market.price
    inputs.circulating = circulating
    inputs.staked = staked
    let paid = try rules.settle(inputs)
    use.served = use.served * paid.servedShare
    use.revenue = use.revenue * paid.servedShare
    let sold = book(paid, use: use)
    let moved = moveSupply()
    account(paid, stakeChange: moved.stake)
    let netBuying = (paid.bought - sold + moved.bought - moved.sold) * market.price
    tally.add(
      day: day, paid: paid, price: market.price, circulating: circulating, staked: staked,
      capacity: use.claimed, used: use.served, revenue: use.revenue, cohorts: cohorts,
      inputs: inputs.cohorts)
    judge(day, paid, served: use.served, wanted: wanted)
    market.step(
      netBuying: netBuying, circulating: circulating, normal: normals.draw(marketStream.next()))
    adaptUnitPrice(use)
  }

  private mutating func apply(_ shock: Shock) {
    switch shock.kind {
    case .demand: demandShock = demandShock * shock.size
    case .price: market.shock(shock.size)
    case .exit:
      for index in cohorts.indices where cohorts[index].cohort.behaviour == .honest {
        let count = cohorts[index].remove(shock.size)
        withdraw(count, of: index)
      }
    case .dump:
      let tokens = min(staked * shock.size, staked)
      staked -= tokens
      circulating += tokens
      released += tokens
    }
  }

  /// What all segments want today, in units.
  private mutating func want() -> Fixed {
    var sum = Fixed.zero
    for index in demand.indices {
      demand[index].step(
        unitPrice: unitPrice, quality: quality, shock: demandShock,
        normal: normals.draw(demandStream.next()))
      sum += demand[index].wanted
    }
    return sum
  }

  private struct Use {
    /// Units that are claimed to be ready, and those that really are.
    var claimed = Fixed.zero
    var real = Fixed.zero
    var served = Fixed.zero
    var revenue = Fixed.zero
    var perUnitOfCapacity = Fixed.zero
  }

  /// Serves what is wanted in proportion to real capacity. A request that comes to a pretender
  /// fails and is tried once more.
  private mutating func serve(_ wanted: Fixed) -> Use {
    var use = Use()
    for state in cohorts {
      let capacity = state.members * state.capacity
      switch state.cohort.behaviour {
      case .honest, .selfDealer:
        use.real += capacity
        use.claimed += capacity
      case .farmer, .spoofer: use.claimed += capacity
      }
    }
    use.served = min(wanted, use.real)
    use.revenue = use.served * unitPrice
    use.perUnitOfCapacity = use.served.divided(by: use.real, orIfZero: .zero)
    let pretended = (use.claimed - use.real).divided(by: use.claimed, orIfZero: .zero)
    let success = use.served.divided(by: wanted, orIfZero: .one) * (.one - pretended * pretended)
    quality += (success - quality) * Self.qualityPace
    for index in cohorts.indices { fill(index, use) }
    return use
  }

  private static var qualityPace: Fixed { Fixed(raw: (1 << 48) / 7) }

  private mutating func fill(_ index: Int, _ use: Use) {
    let state = cohorts[index]
    let capacity = state.members * state.capacity
    var usage = Fixed.zero
    switch state.cohort.behaviour {
    case .honest: usage = capacity * use.perUnitOfCapacity * unitPrice
    case .selfDealer: usage = ownUse(state) * state.members
    case .farmer, .spoofer: break
    }
    inputs.cohorts[index] = CohortInputs(
      members: Fixed(raw: state.members.whole << 48), usage: usage,
      capacity: capacity * state.cohort.multiplier)
  }

  /// US dollars a day for which one member buys its own service.
  private func ownUse(_ state: CohortState) -> Fixed {
    state.capacity * state.cohort.selfUse * unitPrice
  }

  /// Books the day for one member of each cohort; returns the tokens that are sold.
  private mutating func book(_ paid: DayPayments, use: Use) -> Fixed {
    var sold = released + paid.insiders * scenario.market.insiderSellShare
    released = .zero
    let price = market.price
    for index in cohorts.indices {
      let state = cohorts[index]
      let cohort = state.cohort
      let members = inputs.cohorts[index].members
      let tokens = paid.cohorts[index].divided(by: members, orIfZero: .zero)
      let liquid = paid.liquid[index].divided(by: members, orIfZero: .zero)
      let isPretender = cohort.behaviour == .farmer || cohort.behaviour == .spoofer
      let costs = cohorts[index].book(
        CohortState.Day(
          tokens: tokens, fees: paid.fees[index].divided(by: members, orIfZero: .zero),
          units: cohort.behaviour == .honest ? state.capacity * use.perUnitOfCapacity : .zero,
          purchases: cohort.behaviour == .selfDealer ? ownUse(state) : .zero,
          requiredStake: rules.stake(cohort: index),
          price: price, slippage: scenario.market.slippage,
          slashShare: isPretender ? rules.slashShare * cohort.detectionPerDay : .zero))
      // Bills are paid whatever one thinks of the token.
      let bills = costs.divided(by: liquid * price, orIfZero: .zero)
      sold += paid.liquid[index] * max(cohort.sellShare, min(.one, bills))
    }
    return sold
  }

  private struct Moves {
    var bought = Fixed.zero
    var sold = Fixed.zero
    var stake = Fixed.zero
  }

  /// Lets members join, leave and be found out; stakes are bought and sold with them.
  private mutating func moveSupply() -> Moves {
    var moves = Moves()
    for index in cohorts.indices {
      let cohort = cohorts[index].cohort
      var (joined, left) = cohorts[index].move(
        expectedPrice: market.expected, requiredStake: rules.stake(cohort: index))
      var slashed = Fixed.zero
      if cohort.behaviour == .farmer || cohort.behaviour == .spoofer {
        let caught = cohorts[index].remove(cohort.detectionPerDay)
        left += caught
        slashed = caught * rules.slashShare
      }
      if joined.raw == 0 && left.raw == 0 { continue }
      let each = rules.stake(cohort: index)
      let held = cohorts[index].stakeHeld ?? each
      let back = min(staked, (left - slashed) * held)
      moves.bought += joined * each
      moves.sold += back
      moves.stake += joined * each - min(staked, left * held)
    }
    return moves
  }

  private mutating func withdraw(_ count: Fixed, of index: Int) {
    let each = cohorts[index].stakeHeld ?? .zero
    let tokens = min(staked, count * each)
    staked -= tokens
    circulating += tokens
    released += tokens
  }

  private mutating func account(_ paid: DayPayments, stakeChange: Fixed) {
    // Nobody buys more than half of what circulates to stake it in a day.
    let change = min(stakeChange, circulating * Fixed(raw: 1 << 47))
    staked = min(max(.zero, staked + change), paid.circulating)
    insidersSold += paid.insiders * scenario.market.insiderSellShare
    circulating = max(.one, paid.circulating + insidersSold - staked)
  }

  private mutating func adaptUnitPrice(_ use: Use) {
    if scenario.unitPriceResponse.raw == 0 { return }
    let utilisation = use.served.divided(by: use.claimed, orIfZero: .one)
    let pull = scenario.unitPriceResponse * (utilisation - Self.balanced) / Fixed(365)
    unitPrice = unitPrice * Growth.factor(pull)
  }

  private static var balanced: Fixed { Fixed(raw: (7 << 48) / 10) }

  private mutating func judge(_ day: Int, _ paid: DayPayments, served: Fixed, wanted: Fixed) {
    if insolvency != nil { return }
    poorDays = served + served < wanted ? poorDays + 1 : 0
    worthlessDays = market.price * Fixed(1000) < scenario.market.price ? worthlessDays + 1 : 0
    if let cause = paid.insolvency {
      insolvency = (day, cause)
    } else if poorDays >= 90 {
      insolvency = (day, .supply)
    } else if worthlessDays >= 90 {
      insolvency = (day, .price)
    }
  }

  /// What happened since the last sample, in the order of ``Metric``; empties the tally.
  mutating func sample() -> [Fixed] {
    let values = tally.values(
      price: market.price, circulating: circulating, staked: staked)
    tally = DayTally()
    return values
  }
}
