import Primitives

/// A network's rules through time: a dated list of policies, its calendar and what existed at
/// genesis.
package struct Preset: Hashable, Sendable {
  /// What commands call it, such as `io-net`.
  package var name: String
  /// The network, in words.
  package var title: String
  /// The token's symbol.
  package var symbol: String
  package var calendar: EpochCalendar { didSet { prepare() } }
  /// What a unit of capacity and of work is.
  package var capacityUnit: String
  package var workUnit: String
  /// The roles of accounts; the first is a provider's.
  package var roles: [String]
  /// What existed at genesis.
  package var allocations: [Allocation] { didSet { prepare() } }
  /// In order of their dates; the first holds from genesis.
  package var rules: [PolicyRules] { didSet { prepare() } }
  private var scenes: SettlementScenes

  package init(
    name: String, title: String, symbol: String, calendar: EpochCalendar, capacityUnit: String,
    workUnit: String, roles: [String], allocations: [Allocation], rules: [PolicyRules]
  ) {
    self.name = name
    self.title = title
    self.symbol = symbol
    self.calendar = calendar
    self.capacityUnit = capacityUnit
    self.workUnit = workUnit
    self.roles = roles
    self.allocations = allocations
    self.rules = rules
    scenes = SettlementScenes(rules, calendar: calendar, allocations: allocations)
  }

  private mutating func prepare() {
    scenes = SettlementScenes(rules, calendar: calendar, allocations: allocations)
  }

  /// Tokens that existed at genesis.
  package struct Allocation: Hashable, Sendable {
    package var name: String
    package var amount: Amount
    /// Over how many epochs they come into circulation, linearly; 0: at once.
    package var linearEpochs: UInt64
    /// In which epoch that begins.
    package var startEpoch: UInt64
    /// Whether they stay in the bucket of their name, for a stream to pay from.
    package var isReserve: Bool

    package init(
      _ name: String, _ amount: Amount, linearEpochs: UInt64 = 0, startEpoch: UInt64 = 0,
      isReserve: Bool = false
    ) {
      self.startEpoch = startEpoch
      self.name = name
      self.amount = amount
      self.linearEpochs = linearEpochs
      self.isReserve = isReserve
    }

    /// What of it circulates after `epochs` epochs, rounded down.
    /// - Throws: ``ArithmeticError``.
    package func released(after epochs: UInt64) throws(ArithmeticError) -> Amount {
      if isReserve { return .zero }
      if epochs < startEpoch { return .zero }
      let elapsed = epochs - startEpoch
      if elapsed >= linearEpochs { return amount }
      return try amount.scaled(
        by: UInt128(elapsed), over: UInt128(linearEpochs), rounding: .down)
    }
  }

  /// The rules in force when an epoch begins.
  package func rules(at epoch: UInt64) -> PolicyRules? {
    scenes.scene(at: calendar.start(of: epoch))?.rules
  }

  /// The state before epoch `epoch`: allocations as far as they are released, and what is known to
  /// have circulated then; nothing else was emitted.
  /// - Throws: ``ArithmeticError/overflow``.
  package func genesisState(epoch: UInt64 = 0) throws(ArithmeticError) -> PolicyState {
    var state = PolicyState()
    state.epoch = epoch
    for allocation in allocations {
      let released = try allocation.released(after: epoch)
      state.minted = try state.minted.adding(allocation.amount)
      state.circulating = try state.circulating.adding(released)
      let name = allocation.isReserve ? allocation.name : "allocation:" + allocation.name
      try state.buckets.add(try allocation.amount.subtracting(released), to: name)
    }
    let known = (epoch > 0 ? rules(at: epoch)?.knownCirculating : nil) ?? .zero
    let more = known.subtractingSaturated(state.circulating)
    state.circulating = try state.circulating.adding(more)
    state.minted = try state.minted.adding(more)
    return state
  }

  /// Settles the state's next epoch under the rules in force then: the one function that pays,
  /// burns, vests and locks. The state is left as it was when it throws.
  /// - Throws: ``ArithmeticError``; `underflow` when customers spend more tokens than circulate.
  package func settle(
    _ inputs: EpochInputs, _ state: inout PolicyState
  ) throws(ArithmeticError) -> Settlement {
    var next = state
    let result = try settleInPlace(inputs, &next)
    state = next
    return result
  }

  /// The same without a copy of the state, which is partly changed when it throws: for runs that
  /// end there.
  /// - Throws: ``ArithmeticError``, as ``settle(_:_:)``.
  package func settleInPlace(
    _ inputs: EpochInputs, _ state: inout PolicyState
  ) throws(ArithmeticError) -> Settlement {
    guard let scene = scenes.scene(at: calendar.start(of: state.epoch)) else { throw .underflow }
    return try scene.settleInPlace(inputs, &state, epochs: 1)
  }

  /// Settles `count` epochs with the same inputs in each.
  ///
  /// In one step up to the next rule's date where the rules have a closed form
  /// (``PolicyRules/hasClosedForm``), else in single ones. Against single steps a closed form
  /// differs by at most one base unit per account, pool and epoch, from rounding once instead of
  /// `count` times.
  /// - Throws: ``ArithmeticError``, as ``settle(_:_:)``.
  package func advance(
    by count: UInt64, _ inputs: EpochInputs, _ state: inout PolicyState
  ) throws(ArithmeticError) -> Settlement {
    var all = Settlement()
    var left = count
    var next = state
    while left > 0 {
      guard let scene = scenes.scene(at: calendar.start(of: next.epoch)) else { throw .underflow }
      let step = scene.rules.hasClosedForm ? min(left, epochsUntilChange(from: next.epoch)) : 1
      try all.add(scene.settleInPlace(inputs, &next, epochs: step))
      left -= step
    }
    state = next
    return all
  }

  /// For how many epochs from `epoch` on the same rules hold.
  private func epochsUntilChange(from epoch: UInt64) -> UInt64 {
    let dates = rules.map { calendar.epoch(from: $0.effectiveFrom) }
    return dates.first { $0 > epoch }.map { $0 - epoch } ?? .max
  }
}
