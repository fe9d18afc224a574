import Economics
import Primitives

/// The ledger's own rules in cohort mode: each cohort is one account that stands for identical
/// members, and each epoch is settled by ``Preset/settle(_:_:)``.
package struct PolicyDriver: NetworkRules {
  private let preset: Preset
  private let scenario: Scenario
  private var state: PolicyState
  private var inputs: EpochInputs
  /// Where the accounts of cohorts are among the inputs: the first ones, in order.
  private let cohortCount: Int
  private let customer: Int
  /// The first account of the roles that no cohort has: validators, oracles and so on.
  private let passive: Range<Int>
  private let span: EpochSpan
  /// Paid for the epoch before, in equal parts over its days.
  private var current: DayPayments
  private var sums: [UsageSum]
  private var power: UInt128 = 0
  /// For how many days customers have paid ahead on average.
  private let prepaidDays: Fixed
  /// Days since an epoch was settled.
  private var openDays = 0
  private let classes: [MemberClass]

  /// What each member of a cohort has, in the preset's units.
  private struct MemberClass {
    let capacity: UInt128
    let score: UInt64
    let multiplier: UInt64

    init(_ cohort: SupplyCohort, unit: Fixed) {
      let half = Fixed(raw: 1 << 47)
      let whole = (cohort.capacityPerDay * unit + half).whole.magnitude
      // What self-dealers buy from themselves is judged alone: their capacity would be farming.
      let hasCapacity = cohort.capacityPerDay.raw > 0 && cohort.behaviour != .selfDealer
      capacity = hasCapacity ? max(1, whole) : 0
      score = PolicyDriver.millionths(cohort.uptime)
      multiplier = PolicyDriver.millionths(cohort.multiplier)
    }
  }

  /// What a cohort did in the days of an epoch so far.
  private struct UsageSum {
    var usage = Fixed.zero
    var members = Fixed.zero
  }

  /// Rules as they are on a day, with the scenario's state of the token.
  /// - Parameter firstDay: counted from 1 January 1970.
  /// - Throws: ``ScenarioError`` for a role that the preset does not have, a day before its genesis
  ///   or a state that its allocations contradict.
  package init(_ preset: Preset, scenario: Scenario, firstDay: Int) throws(ScenarioError) {
    self.preset = preset
    self.scenario = scenario
    cohortCount = scenario.supply.count
    span = try EpochSpan(preset, firstDay: firstDay)
    state = try Self.startingState(preset, scenario, epoch: span.firstEpoch)
    var accounts: [AccountInput] = []
    for (index, cohort) in scenario.supply.enumerated() {
      let role = cohort.role ?? preset.roles.first ?? "provider"
      guard preset.roles.contains(role) else {
        throw ScenarioError(
          file: scenario.name, field: "supply[\(index)].role",
          problem: "\(role) is no role of \(preset.name); there are: "
            + preset.roles.joined(separator: ", "))
      }
      accounts.append(AccountInput(Self.account(index), role: role))
    }
    let taken = accounts.map(\.role)
    let others = preset.roles.filter { !Self.buyers.contains($0) && !taken.contains($0) }
    passive = accounts.count..<accounts.count + others.count
    for role in others {
      var input = AccountInput(Self.account(accounts.count), role: role)
      input.measures.capacity = 1
      input.measures.votes = .whole(1)
      accounts.append(input)
    }
    customer = accounts.count
    accounts.append(AccountInput(Self.account(customer), role: "customer"))
    inputs = EpochInputs(price: .zero, accounts: accounts)
    inputs.candidates = Self.candidates(preset)
    current = DayPayments(cohorts: cohortCount)
    current.supply = Fixed(state.supply)
    current.circulating = Fixed(state.circulating)
    classes = scenario.supply.map { MemberClass($0, unit: scenario.presetUnits) }
    prepaidDays = scenario.meanPrepaidDays
    sums = Array(repeating: UsageSum(), count: cohortCount)
  }

  /// Roles of those who pay.
  private static let buyers = ["customer", "client", "tenant"]

  private static func account(_ index: Int) -> AccountID {
    AccountID(Bytes32(words: (0, 0, 0, UInt64(index + 1))))
  }

  private static func candidates(_ preset: Preset) -> [CandidateInput] {
    var names: [String] = []
    for rules in preset.rules {
      for name in rules.vote?.candidates ?? [] where !names.contains(name) { names.append(name) }
    }
    return names.map { name in
      var measures = Measures()
      measures.votes = .whole(1)
      return CandidateInput(name, measures: measures)
    }
  }

  private static func startingState(
    _ preset: Preset, _ scenario: Scenario, epoch: UInt64
  ) throws(ScenarioError) -> PolicyState {
    do {
      guard let start = scenario.start else { return try preset.genesisState(epoch: epoch) }
      return try preset.observedState(
        epoch: epoch, supply: Amount(baseUnits: start.supplyTokens.baseUnits),
        circulating: Amount(
          baseUnits: (start.circulatingTokens + start.stakedTokens).baseUnits),
        fund: Amount(baseUnits: start.endowmentTokens.baseUnits),
        realized: start.realizedCapacityDays.whole.magnitude.multipliedReportingOverflow(
          by: scenario.presetUnits.whole.magnitude
        ).partialValue)
    } catch {
      throw ScenarioError(
        file: scenario.name, field: "start",
        problem: "does not fit the allocations of \(preset.name): \(error)")
    }
  }

  /// Tokens that circulate, stakes included, before the first day.
  package var circulating: Fixed { Fixed(state.circulating) }

  /// The state after the last settled epoch.
  package var policyState: PolicyState { state }

  private var rules: PolicyRules? { preset.rules(at: state.epoch) }

  /// The state of the rules after the day, with what was paid.
  package mutating func settle(_ day: DayInputs) throws -> DayPayments {
    for (index, cohort) in day.cohorts.enumerated() {
      sums[index].usage += cohort.usage
      sums[index].members += cohort.members
    }
    openDays += 1
    let count = span.epochsEnded(by: day.day, next: state.epoch)
    if count > 0 {
      try close(day, days: openDays, epochs: count)
      for index in sums.indices { sums[index] = UsageSum() }
      openDays = 0
    }
    return current
  }

  /// Settles the epochs that end today and spreads what they paid over as many days as they had.
  private mutating func close(_ day: DayInputs, days: Int, epochs: UInt64) throws {
    let affordable = fill(day, days: days, epochs: epochs)
    let before = state
    let settlement =
      epochs == 1
      ? try preset.settle(inputs, &state) : try preset.advance(by: epochs, inputs, &state)
    current = payments(settlement, before: before, days: days)
    current.servedShare = affordable
  }

  /// Fills the inputs with the epoch's averages; returns the share of usage that customers could
  /// pay for.
  private mutating func fill(_ day: DayInputs, days: Int, epochs: UInt64) -> Fixed {
    inputs.price = Credits(baseUnits: day.price.baseUnits)
    inputs.staked = Amount(baseUnits: day.staked.baseUnits)
    let usage = sums.reduce(Fixed.zero) { $0 + $1.usage }
    let (bought, share) = purchases(usage: usage, price: day.price)
    let perEpoch = Fixed(raw: Int128(epochs) << 48)
    power = 0
    var rawPower: UInt128 = 0
    for index in 0..<cohortCount {
      let sum = sums[index]
      let members = sum.members.whole / Int128(days)
      inputs.accounts[index].members = UInt64(clamping: members)
      if members <= 0 {
        inputs.accounts[index].members = 0
        inputs.accounts[index].measures = Measures()
        continue
      }
      let divisor = Fixed(raw: members << 48)
      let each = sum.usage * share / divisor / perEpoch
      var measures = Measures()
      measures.usage = Credits(baseUnits: each.baseUnits)
      measures.work = (each / scenario.unitPrice).whole.magnitude
      measures.capacity = classes[index].capacity
      measures.scorePerMillion = classes[index].score
      measures.multiplierPerMillion = classes[index].multiplier
      measures.stake = required(measures)
      inputs.accounts[index].measures = measures
      let raw = measures.capacity.multipliedReportingOverflow(by: UInt128(members)).partialValue
      rawPower = rawPower.addingSaturated(raw)
      power = power.addingSaturated(
        (raw / 1_000_000).multipliedReportingOverflow(by: UInt128(measures.multiplierPerMillion))
          .partialValue)
    }
    // What Filecoin's baseline counts is raw capacity; weights see the multipliers.
    inputs.power = rawPower
    if !passive.isEmpty {
      let stake = day.staked / Fixed(passive.count)
      for index in passive {
        inputs.accounts[index].measures.stake = Amount(baseUnits: stake.baseUnits)
      }
    }
    inputs.accounts[customer].bought = Credits(baseUnits: (bought / perEpoch).baseUnits)
    return share
  }

  private static func millionths(_ value: Fixed) -> UInt64 {
    UInt64(clamping: (value * Fixed(1_000_000)).whole)
  }

  /// What customers buy so that they have paid ahead for their runway, and the share of their usage
  /// that they can pay for: on a day they buy at most a twentieth of what circulates.
  private mutating func purchases(
    usage: Fixed, price: Fixed
  ) -> (bought: Fixed, share: Fixed) {
    let most = Fixed(state.circulating) * price / Fixed(20)
    inputs.accounts[customer].measures.usage = .zero
    guard case .vault(let vault)? = rules?.credit else {
      let share = usage > most ? most.divided(by: usage, orIfZero: .one) : .one
      return (usage * share, share)
    }
    let outstanding = Fixed(state.creditsOutstanding)
    let lack = max(.zero, usage * prepaidDays - outstanding) / Fixed(10)
    let isHalted = (vaultRatio(vault, price: price) ?? .max) < UInt128(vault.haltBelowPerMillion)
    let bought = isHalted ? .zero : min(most, usage + lack)
    let payable = outstanding + bought
    if usage <= payable { return (bought, .one) }
    // A step below what there is, so that rounding never asks for more than was bought. The last
    // credits of a halted vault go back to their owners; with none left the sale opens again.
    if isHalted && outstanding * Fixed(100) < usage {
      inputs.accounts[customer].measures.usage = state.creditsOutstanding
      return (.zero, .zero)
    }
    return (
      bought, payable.divided(by: usage, orIfZero: .one) * Fixed(999_999, over: 1_000_000)
    )
  }

  private func vaultRatio(_ vault: VaultCredit, price: Fixed) -> UInt128? {
    try? vault.ratioPerMillion(
      vault: state.vault, outstanding: state.creditsOutstanding,
      at: Credits(baseUnits: price.baseUnits))
  }

  private func payments(
    _ settlement: Settlement, before: PolicyState, days: Int
  ) -> DayPayments {
    var paid = DayPayments(cohorts: cohortCount)
    let parts = Fixed(days)
    for line in settlement.lines where line.token.isEmpty {
      let liquid = Fixed(line.liquid)
      let index = Int(truncatingIfNeeded: line.account.value.words.3) - 1
      if passive.contains(index) {
        paid.stakers += liquid + Fixed(line.vesting)
      } else if index < cohortCount {
        paid.liquid[index] += liquid / parts
        switch line.kind {
        case .reward, .endowment:
          paid.cohorts[index] += (liquid + Fixed(line.vesting)) / parts
        case .usage: paid.fees[index] += liquid * Fixed(inputs.price) / parts
        case .vested, .unlocked, .redeemed, .refused: break
        }
      }
    }
    let totals = settlement.totals
    paid.stakers = paid.stakers / parts
    // What is minted and burned again at once, because nobody earned it, is neither.
    let made = Fixed(totals.minted) + Fixed(totals.paidFromBuckets)
    let given = min(made, Fixed(totals.rewardsPaid) + Fixed(totals.toBuckets))
    paid.emitted = given / parts
    paid.burned = max(.zero, Fixed(totals.burned) - (made - given)) / parts
    paid.insiders = insiders(before, totals) / parts
    paid.bought =
      (totals.spentOnCredits > .zero
        ? Fixed(totals.spentOnCredits) : usageTokens(totals)) / parts
    paid.supply = Fixed(state.supply)
    paid.circulating = Fixed(state.circulating)
    judgeVault(&paid)
    return paid
  }

  /// Tokens that customers who pay directly bought.
  private func usageTokens(_ totals: EpochTotals) -> Fixed {
    let price = Fixed(inputs.price)
    return Fixed(totals.creditsSettled).divided(by: price, orIfZero: .zero)
  }

  /// What came into the hands of a foundation, a team or investors: buckets' income and what of
  /// allocations was released.
  private func insiders(_ before: PolicyState, _ totals: EpochTotals) -> Fixed {
    func held(_ state: PolicyState) -> Fixed {
      state.buckets.entries.reduce(.zero) {
        $1.name.hasPrefix("allocation:") ? $0 + Fixed($1.amount) : $0
      }
    }
    if preset.allocations.isEmpty { return Fixed(totals.toBuckets) }
    return Fixed(totals.toBuckets) + held(before) - held(state)
  }

  private func judgeVault(_ paid: inout DayPayments) {
    if state.latchIsSet { paid.insolvency = .endowment }
    guard case .vault(let vault)? = rules?.credit else { return }
    guard let ratio = vaultRatio(vault, price: Fixed(inputs.price)) else { return }
    paid.vaultRatio = Fixed(raw: Int128(clamping: min(ratio, 1 << 60)) << 48) / Fixed(1_000_000)
    // A vault that mints what it lacks halts its sale, but pays.
    if vault.shortfall == .proRata && ratio < UInt128(vault.haltBelowPerMillion) {
      paid.insolvency = .vault
    }
  }

  /// Tokens that a member with such measures must have at stake; none when it cannot be computed.
  private func required(_ measures: Measures) -> Amount {
    guard let stake = rules?.stake else { return .zero }
    let network = StakeRule.Network(
      rewardPerEpoch: state.lastEmission, circulating: state.circulating, power: power,
      baseline: baseline)
    return (try? stake.required(measures, network)) ?? .zero
  }

  /// Filecoin's baseline on the day; zero where there is none.
  private var baseline: UInt128 {
    for stream in rules?.streams ?? [] {
      guard case .effectiveTime(let form) = stream.form else { continue }
      let begin = preset.calendar.epoch(from: form.from)
      return (try? form.baseline(after: state.epoch.subtractingSaturated(begin))) ?? 0
    }
    return 0
  }

  package func stake(cohort: Int) -> Fixed { Fixed(inputs.accounts[cohort].measures.stake) }

  /// The largest share that any fault costs; a twentieth where no slash is a share.
  package var slashShare: Fixed {
    let million = Amount(baseUnits: 1_000_000)
    let most = rules?.slashes.compactMap {
      try? $0.slash.amount(stake: million, reward: .zero, age: .max)
    }
    .max()
    guard let most, most > .zero else { return .zero }
    return Fixed(Int(clamping: most.baseUnits)) / Fixed(1_000_000)
  }
}
