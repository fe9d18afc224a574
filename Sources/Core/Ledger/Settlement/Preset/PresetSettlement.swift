import Cryptography
import Economics
import Primitives
import ServiceKit

// The end of an epoch on a network that settles by a preset.
extension LedgerState {
  /// Settles the epoch by the rules of the preset, with the receipts of the services and with what
  /// was reported.
  ///
  /// Where the reports make it impossible (numbers that do not fit, more spent than there is) the
  /// epoch is settled without them; where that is impossible too, without receipts, whose earnings
  /// then wait for the next epoch.
  mutating func settleByPreset(_ rules: GenesisPreset) {
    let reports = usageReports(of: clock.epoch)
    var attempts = [PresetEpoch(rules.preset, reports: reports, paysServices: true)]
    if !reports.isEmpty {
      attempts.append(PresetEpoch(rules.preset, reports: [], paysServices: true))
    }
    attempts.append(PresetEpoch(rules.preset, reports: [], paysServices: false))
    for attempt in attempts {
      do throws(Rejection) {
        try atomically { (state) throws(Rejection) in try state.settle(attempt) }
        break
      } catch {
        note(
          "epoch.inputs-refused",
          [
            ("epoch", String(clock.epoch)), ("reports", String(attempt.reports.count)),
            ("services", attempt.paysServices ? "yes" : "no"), ("detail", error.description),
          ])
      }
    }
    for row in rows.rows(in: StateKeys.ofEpoch(.usageReport, clock.epoch)) {
      write(nil, at: row.key)
    }
  }

  /// What settlement remembers.
  func policyState() -> PolicyState {
    let core = read(PolicyState.self, at: StateKeys.policyState) ?? PolicyState()
    return core.with(
      accounts: records(PolicyState.AccountState.self, in: StateKeys.all(.policyAccount))
        .map(\.record))
  }

  private mutating func settle(_ epoch: PresetEpoch) throws(Rejection) {
    let before = policyState()
    var inputs = try commonInputs(epoch, before)
    guard let rules = epoch.preset.rules(at: before.epoch) else {
      throw Rejection(.arithmetic, "no rules hold in epoch \(before.epoch)")
    }
    var receipts = ServiceReceipts()
    if epoch.paysServices, inputs.price > .zero {
      receipts = try takeServiceReceipts(
        rules, of: epoch.preset, price: inputs.price, confidence: inputs.priceConfidence)
    } else {
      postponeEarnings()
      receipts.rows = earningRows()
    }
    inputs.accounts = receipts.inputs + stakers(of: epoch.preset)
    for report in epoch.reports { inputs.accounts += redeemable(report.accounts) }
    var after = before
    let result = try exactly { () throws(ArithmeticError) in
      try epoch.preset.settle(inputs, &after)
    }
    let changes = try apply(result)
    try keep(before, after)
    let payouts = PresetPayouts(
      epoch: clock.epoch, receipts, result, providerRole: epoch.preset.roles.first ?? ""
    ).lines { self.read(ProviderRecord.self, at: StateKeys.provider($0)) != nil }
    for payout in payouts {
      write(
        payout,
        at: StateKeys.payout(epoch: clock.epoch, provider: payout.provider, index: payout.index))
    }
    for row in receipts.rows { write(nil, at: row.key) }
    keepTrace(
      SettlementRecord(policyEpoch: before.epoch, inputs, state: after), inputs.accounts, result,
      changes)
    summarize(result, payouts, rules: rules.id)
  }

  /// Price, power and the like; and what other rules minted and burned since the last epoch.
  private func commonInputs(
    _ epoch: PresetEpoch, _ state: PolicyState
  ) throws(Rejection) -> EpochInputs {
    let supply = read(SupplyRecord.self, at: StateKeys.supply) ?? SupplyRecord()
    var inputs = EpochInputs(price: epochPrice, accounts: [])
    for report in epoch.reports {
      if let price = report.price {
        inputs.price = price
        inputs.priceConfidence = report.priceConfidence
      }
      inputs.power = report.power ?? inputs.power
      inputs.staked = report.staked ?? inputs.staked
      let used = inputs.blockSpaceUsed
      inputs.blockSpaceUsed = try exactly { () throws(ArithmeticError) in
        try used.adding(report.blockSpaceUsed)
      }
      inputs.candidates += report.candidates
    }
    let (minted, burned) = try exactly { () throws(ArithmeticError) in
      (try supply.issued.subtracting(state.minted), try supply.burned.subtracting(state.burned))
    }
    inputs.mintedElsewhere = minted
    inputs.burnedElsewhere = burned
    return inputs
  }

  /// The oracle's price while it is young enough; a dollar a token where a network has no oracle,
  /// as escrows reckon; else none is known.
  private var epochPrice: Credits {
    if value(of: StakingParameters.oracleMaximumAge) == 0 { return .whole(1) }
    return tokenPrice.flatMap { $0.isFresh ? $0.creditsPerToken : nil } ?? .zero
  }

  /// Without a price nothing that needs one is paid: what was earned waits for the next epoch.
  private mutating func postponeEarnings() {
    for (key, record) in records(EarningRecord.self, in: StateKeys.earnings(epoch: clock.epoch))
    where record.credits > .zero {
      guard let provider = StateKeys.account(of: key, skipping: 5) else { continue }
      write(nil, at: key)
      let next = StateKeys.earning(
        epoch: clock.epoch.addingSaturated(1), provider: provider,
        lease: StateKeys.lease(ofEarning: key), tag: key.bytes[45])
      write(record, at: next)
    }
  }

  /// Everybody who stakes with a validator that makes blocks, where the preset pays validators:
  /// each by its own stake.
  private func stakers(of preset: Preset) -> [AccountInput] {
    guard preset.roles.contains(Self.validatorRole) else { return [] }
    var inputs: [AccountInput] = []
    for member in activeSet.members {
      guard let record = read(ValidatorRecord.self, at: StateKeys.validator(member.account)),
        record.jailedUntil == nil
      else { continue }
      for row in rows.rows(in: StateKeys.delegations(to: record.number)) {
        guard let owner = StateKeys.account(of: row.key, skipping: 5) else { continue }
        let delegation: DelegationRecord = Self.decode(row.value)
        var input = AccountInput(owner, role: Self.validatorRole)
        input.measures.stake = (try? record.stake.value(of: delegation.holding.shares)) ?? .zero
        inputs.append(input)
      }
    }
    return inputs
  }

  private static let validatorRole = "validator"

  /// The inputs without redemptions of sub-tokens that an account does not have.
  private func redeemable(_ inputs: [AccountInput]) -> [AccountInput] {
    inputs.map { input in
      guard let redeem = input.redeem else { return input }
      let held = read(NamedAmounts.self, at: StateKeys.subTokens(input.account)) ?? NamedAmounts()
      if held[redeem.subToken] >= redeem.amount { return input }
      var without = input
      without.redeem = nil
      return without
    }
  }

  // MARK: What it does to accounts

  private mutating func apply(_ result: Settlement) throws(Rejection) -> [BalanceChange] {
    let state = self
    let changes = try exactly { () throws(ArithmeticError) in
      try result.balanceChanges(elsewhere: StateKeys.elsewhere) { state.account($0).balance }
    }
    for change in changes {
      var record = account(change.account)
      record.balance = change.after
      write(record, at: StateKeys.account(change.account))
    }
    for line in result.lines where !line.isOfMainToken && line.liquid > .zero {
      try changeSubTokens(of: line.account) { (held) throws(ArithmeticError) in
        try held.add(line.liquid, to: line.token)
      }
    }
    for charge in result.charges where !charge.token.isEmpty {
      guard let account = charge.account else { continue }
      try changeSubTokens(of: account) { (held) throws(ArithmeticError) in
        held[charge.token] = try held[charge.token].subtracting(charge.amount)
      }
    }
    return changes
  }

  private mutating func changeSubTokens(
    of account: AccountID, _ change: (inout NamedAmounts) throws(ArithmeticError) -> Void
  ) throws(Rejection) {
    var held = read(NamedAmounts.self, at: StateKeys.subTokens(account)) ?? NamedAmounts()
    do throws(ArithmeticError) {
      try change(&held)
    } catch {
      throw Rejection(error)
    }
    write(held, at: StateKeys.subTokens(account))
  }

  private mutating func keep(_ before: PolicyState, _ after: PolicyState) throws(Rejection) {
    write(after.withoutAccounts, at: StateKeys.policyState)
    var old = before.accounts[...]
    for account in after.accounts {
      while let first = old.first, first.account < account.account {
        write(nil, at: StateKeys.policyAccount(first.account))
        old.removeFirst()
      }
      let known = old.first?.account == account.account ? old.removeFirst() : nil
      if known != account { write(account, at: StateKeys.policyAccount(account.account)) }
    }
    for gone in old { write(nil, at: StateKeys.policyAccount(gone.account)) }
    try changeSupply { (supply) throws(ArithmeticError) in
      supply.issued = after.minted
      supply.burned = after.burned
    }
  }

  // MARK: What is kept of it

  private mutating func keepTrace(
    _ record: SettlementRecord, _ inputs: [AccountInput], _ result: Settlement,
    _ changes: [BalanceChange]
  ) {
    let epoch = clock.epoch
    write(record, at: StateKeys.settlement(epoch))
    for (index, input) in inputs.enumerated() {
      write(input, at: StateKeys.settledInput(epoch, UInt32(truncatingIfNeeded: index)))
    }
    for (index, line) in result.lines.enumerated() {
      write(line, at: StateKeys.settledLine(epoch, UInt32(truncatingIfNeeded: index)))
    }
    for (index, charge) in result.charges.enumerated() {
      write(charge, at: StateKeys.settledCharge(epoch, UInt32(truncatingIfNeeded: index)))
    }
    for change in changes {
      write(
        SettledBalance(before: change.before, after: change.after),
        at: StateKeys.settledBalance(epoch, change.account))
    }
  }

  private mutating func summarize(_ result: Settlement, _ payouts: [PayoutLine], rules: String) {
    var (credits, paid) = (Credits.zero, Amount.zero)
    for line in payouts {
      credits = Credits(baseUnits: credits.baseUnits.addingSaturated(line.credits.baseUnits))
      paid = Amount(baseUnits: paid.baseUnits.addingSaturated(line.tokens.baseUnits))
    }
    let zeros = payouts.filter { $0.tokens == .zero }.count
    write(
      EpochSummary(
        epoch: clock.epoch, startedAt: clock.epochStartedAt, endedAt: clock.time,
        height: clock.height, lines: UInt64(payouts.count), zeroLines: UInt64(zeros),
        credits: credits, paid: paid, burned: result.totals.burned, policy: rules),
      at: StateKeys.epoch(clock.epoch))
    note(
      "epoch.ended",
      [
        ("epoch", String(clock.epoch)), ("rules", rules), ("credits", credits.description),
        ("paid", paid.description), ("minted", result.totals.minted.description),
        ("burned", result.totals.burned.description), ("lines", String(payouts.count)),
        ("zero-lines", String(zeros)),
      ])
    for text in result.notes { note("epoch.note", [("detail", text)]) }
  }
}

/// An attempt to settle an epoch: by which rules and with what.
private struct PresetEpoch {
  let preset: Preset
  let reports: [UsageReport]
  let paysServices: Bool

  init(_ preset: Preset, reports: [UsageReport], paysServices: Bool) {
    self.preset = preset
    self.reports = reports
    self.paysServices = paysServices
  }
}
