import Primitives

/// One epoch's settlement in progress. The order of its steps is part of the rules: releases,
/// locks, customers' purchases, usage, fees, votes, emission, sub-tokens, redemptions, endowment.
struct Settler {
  let scene: SettlementScene
  let inputs: EpochInputs
  let epochs: UInt64
  var state: PolicyState
  var result = Settlement()
  /// The network's power.
  private(set) var power: UInt128 = 0
  /// What the epoch's customers paid.
  private(set) var usage: Credits = .zero
  /// Which inputs are left out of the emission; empty: none.
  var isExcluded: [Bool] = []

  init(
    scene: SettlementScene, inputs: EpochInputs, epochs: UInt64, state: PolicyState
  ) {
    self.scene = scene
    self.inputs = inputs
    self.epochs = epochs
    self.state = state
  }

  mutating func run() throws(ArithmeticError) {
    announceRules()
    try countElsewhere()
    try measureNetwork()
    try releaseAllocations()
    try releaseVested()
    try takeLocks()
    try buyCredits()
    try payUsage()
    try burnBaseFee()
    try countVotes()
    try excludeUnderstaked()
    try emit()
    try takeCapacityFees()
    try emitSubTokens()
    try redeem()
    try payEndowment()
    state.accounts.removeAll { $0.vesting.locked == .zero && $0.locks.isEmpty }
    state.epoch = state.epoch.addingSaturated(epochs)
  }

  /// Rules that were not in force before say what of them is not certain.
  private mutating func announceRules() {
    if state.rules == scene.rules.id { return }
    state.rules = scene.rules.id
    for text in scene.rules.uncertain {
      result.notes.append("\(scene.rules.id): uncertain: \(text)")
    }
  }

  /// What a ledger made and destroyed by other rules.
  private mutating func countElsewhere() throws(ArithmeticError) {
    state.minted = try state.minted.adding(inputs.mintedElsewhere)
    state.burned = try state.burned.adding(inputs.burnedElsewhere)
    state.circulating = try state.circulating.adding(inputs.mintedElsewhere)
      .subtracting(inputs.burnedElsewhere)
  }

  private mutating func measureNetwork() throws(ArithmeticError) {
    result.lines.reserveCapacity(2 * inputs.accounts.count)
    for index in inputs.accounts.indices {
      if inputs.accounts[index].measures.usage > .zero {
        let input = inputs.accounts[index]
        usage = try usage.adding(whole(input.measures.usage, input))
      }
      if inputs.power == nil && inputs.accounts[index].measures.capacity > 0 {
        let input = inputs.accounts[index]
        power = try power.adding(quality(input).multiplied(by: UInt128(input.members)))
      }
    }
    if let given = inputs.power { power = given }
  }

  /// A member's quantity for all members and epochs.
  func whole<Q: Quantity>(_ one: Q, _ input: AccountInput) throws(ArithmeticError) -> Q {
    if input.members == 1 && epochs == 1 { return one }
    return Q(
      baseUnits: try one.baseUnits.multiplied(by: UInt128(input.members))
        .multiplied(by: UInt128(epochs)))
  }

  /// A member's quantity for all epochs.
  func overEpochs<Q: Quantity>(_ one: Q) throws(ArithmeticError) -> Q {
    epochs == 1 ? one : Q(baseUnits: try one.baseUnits.multiplied(by: UInt128(epochs)))
  }

  private mutating func releaseAllocations() throws(ArithmeticError) {
    let next = state.epoch.addingSaturated(epochs)
    for allocation in scene.allocations {
      let end = allocation.startEpoch.addingSaturated(allocation.linearEpochs)
      if allocation.isReserve || end < state.epoch { continue }
      let released = try allocation.released(after: next)
        .subtracting(allocation.released(after: state.epoch))
      try takeFromBucket(released, "allocation:" + allocation.name)
      state.circulating = try state.circulating.adding(released)
      result.totals.allocationsReleased = try result.totals.allocationsReleased.adding(released)
    }
  }

  private mutating func releaseVested() throws(ArithmeticError) {
    for index in state.accounts.indices where state.accounts[index].vesting.locked > .zero {
      let released = try state.accounts[index].vesting.release(in: state.epoch)
      if released == .zero { continue }
      state.vesting = try state.vesting.subtracting(released)
      state.circulating = try state.circulating.adding(released)
      result.totals.vestingReleased = try result.totals.vestingReleased.adding(released)
      line(state.accounts[index].account, "", .vested, pool: "vesting", liquid: released)
    }
  }

  /// Locks that end come back; then new ones are made.
  private mutating func takeLocks() throws(ArithmeticError) {
    for index in state.accounts.indices where !state.accounts[index].locks.isEmpty {
      for lock in state.accounts[index].locks where lock.until <= state.epoch {
        state.locked = try state.locked.subtracting(lock.amount)
        state.circulating = try state.circulating.adding(lock.amount)
        line(state.accounts[index].account, "", .unlocked, pool: "lock", liquid: lock.amount)
      }
      let now = state.epoch
      state.accounts[index].locks.removeAll { $0.until <= now }
    }
    for index in inputs.accounts.indices {
      guard let request = inputs.accounts[index].lock else { continue }
      let input = inputs.accounts[index]
      let time = scene.calendar.start(of: state.epoch)
      guard let rule = scene.rules.lock,
        let votes = try rule.votes(request.amount, epochs: request.epochs, madeAt: time)
      else {
        line(input.account, input.role, .refused, pool: "lock")
        continue
      }
      let members = UInt128(input.members)
      let amount = Amount(baseUnits: try request.amount.baseUnits.multiplied(by: members))
      let position = PolicyState.LockPosition(
        amount: amount, until: state.epoch.addingSaturated(request.epochs),
        votes: Amount(baseUnits: try votes.baseUnits.multiplied(by: members)))
      state.circulating = try state.circulating.subtracting(amount)
      state.locked = try state.locked.adding(amount)
      charge(amount, to: input.account, .lock)
      try state.withAccount(input.account) { $0.locks.append(position) }
    }
  }

  private mutating func burnBaseFee() throws(ArithmeticError) {
    guard let rule = scene.rules.baseFee else { return }
    let fee = max(state.baseFee, rule.minimum)
    let burned = try rule.burned(fee, used: inputs.blockSpaceUsed)
    try burnFromCirculation(burned)
    charge(burned, to: nil, .baseFee)
    state.baseFee = try rule.next(fee, used: inputs.blockSpaceUsed)
  }

  /// Burns the fee on capacity, of what each account earned in the epoch.
  private mutating func takeCapacityFees() throws(ArithmeticError) {
    guard let fee = scene.rules.capacityFee, power > 0 else { return }
    for input in inputs.accounts where input.measures.capacity > 0 {
      let quality = try quality(input)
      let reward = try state.lastEmission.scaled(by: quality, over: power, rounding: .down)
      let each = try fee.amount(
        capacity: quality, circulating: state.circulating, reward: reward)
      let burned = try times(each, input.members)
      try burnFromCirculation(burned)
      charge(burned, to: input.account, .capacityFee)
    }
  }

  /// A member's capacity times its multiplier, rounded down.
  private func quality(_ input: AccountInput) throws(ArithmeticError) -> UInt128 {
    try input.measures.capacity.scaled(
      by: UInt128(input.measures.multiplierPerMillion), over: 1_000_000, rounding: .down)
  }

  private mutating func countVotes() throws(ArithmeticError) {
    guard let rule = scene.rules.vote else { return }
    var weights: [UInt128] = []
    var total: UInt128 = 0
    for name in rule.candidates {
      let input = inputs.candidates.first { $0.name == name }
      let weight = try input.map { (i) throws(ArithmeticError) in
        try rule.weight.value(of: i.measures)
      }
      weights.append(weight ?? 0)
      total = try total.adding(weight ?? 0)
    }
    if total == 0 { return }
    let n = UInt128(max(rule.smoothingEpochs, 1))
    for (name, weight) in zip(rule.candidates, weights) {
      let share = try weight.scaled(by: ReEmission.one, over: total, rounding: .down)
      let isFirst = !state.scores.entries.contains { $0.name == name }
      let last = isFirst ? share : state.scores[name].baseUnits
      state.scores[name] = Amount(baseUnits: (last * (n - 1) + share) / n)
    }
  }

  private mutating func excludeUnderstaked() throws(ArithmeticError) {
    guard scene.rules.stakeIsEnforced, let stake = scene.rules.stake else { return }
    isExcluded = Array(repeating: false, count: inputs.accounts.count)
    let network = StakeRule.Network(
      rewardPerEpoch: state.lastEmission, circulating: state.circulating, power: power,
      baseline: try baseline())
    for (index, input) in inputs.accounts.enumerated() where input.measures.capacity > 0 {
      let required = try stake.required(input.measures, network)
      if input.measures.stake >= required { continue }
      isExcluded[index] = true
      line(input.account, input.role, .refused, pool: "stake")
    }
  }

  private func baseline() throws(ArithmeticError) -> UInt128 {
    for stream in scene.rules.streams {
      guard case .effectiveTime(let form) = stream.form else { continue }
      let begin = scene.calendar.epoch(from: form.from)
      return try form.baseline(after: state.epoch.subtractingSaturated(begin))
    }
    return 0
  }

  // Small moves that the steps share.

  mutating func line(
    _ account: AccountID, _ role: String, _ kind: PolicyLine.Kind, pool: String,
    token: String = "", liquid: Amount = .zero, vesting: Amount = .zero, burned: Amount = .zero,
    credits: Credits = .zero
  ) {
    result.lines.append(
      PolicyLine(
        account: account, role: role, kind: kind, pool: pool, token: token, liquid: liquid,
        vesting: vesting, burned: burned, credits: credits, rule: scene.rules.id))
  }

  mutating func charge(
    _ amount: Amount, to account: AccountID?, _ kind: PolicyCharge.Kind, token: String = ""
  ) {
    if amount == .zero { return }
    result.charges.append(
      PolicyCharge(account: account, kind: kind, token: token, amount: amount))
  }

  mutating func note(_ text: String) {
    if !result.notes.contains(text) { result.notes.append(text) }
  }

  mutating func takeFromBucket(_ amount: Amount, _ name: String) throws(ArithmeticError) {
    if amount == .zero { return }
    state.buckets[name] = try state.buckets[name].subtracting(amount)
  }

  mutating func addToBucket(_ amount: Amount, _ name: String) throws(ArithmeticError) {
    try state.buckets.add(amount, to: name)
    result.totals.toBuckets = try result.totals.toBuckets.adding(amount)
  }

  mutating func burnFromCirculation(_ amount: Amount) throws(ArithmeticError) {
    state.circulating = try state.circulating.subtracting(amount)
    try countBurned(amount)
  }

  mutating func countBurned(_ amount: Amount) throws(ArithmeticError) {
    state.burned = try state.burned.adding(amount)
    result.totals.burned = try result.totals.burned.adding(amount)
  }

  mutating func countMinted(_ amount: Amount) throws(ArithmeticError) {
    state.minted = try state.minted.adding(amount)
    result.totals.minted = try result.totals.minted.adding(amount)
  }
}
