import Economics
import Primitives

/// Trace mode: the rules are fed what a ledger was fed, account by account, and must come to the
/// same lines and the same state, to the base unit.
package enum TraceReplay {
  /// One epoch of a ledger: what it put into its settlement and what came out.
  package struct Epoch: Sendable {
    package let inputs: EpochInputs
    package let lines: [PolicyLine]
    /// What was taken from accounts; nil when the trace does not say.
    package let charges: [PolicyCharge]?
    /// What happened to balances; nil when the trace does not say.
    package let balances: [BalanceChange]?
    /// The state after it.
    package let state: PolicyState
    /// The hash of the state's accounts where ``state`` comes without them.
    package let accounts: Digest?

    package init(
      inputs: EpochInputs, lines: [PolicyLine], charges: [PolicyCharge]? = nil,
      balances: [BalanceChange]? = nil, state: PolicyState, accounts: Digest? = nil
    ) {
      self.inputs = inputs
      self.lines = lines
      self.charges = charges
      self.balances = balances
      self.state = state
      self.accounts = accounts
    }
  }

  /// What a ledger adds to the rules: where it keeps what circulates outside its accounts, and how
  /// it hashes what of accounts' tokens vests and is locked.
  package struct Ledger: Sendable {
    let elsewhere: AccountID
    let digest: @Sendable ([PolicyState.AccountState]) -> Digest

    package init(
      elsewhere: AccountID,
      digest: @escaping @Sendable ([PolicyState.AccountState]) -> Digest
    ) {
      self.elsewhere = elsewhere
      self.digest = digest
    }
  }

  /// Where a ledger and the rules part.
  package struct Difference: Hashable, Sendable, CustomStringConvertible {
    package let epoch: UInt64
    /// What differs: an account's line, a bucket, the supply, a lock.
    package let subject: String
    package let ledger: String
    package let rules: String

    package var description: String {
      "epoch \(epoch): \(subject): the ledger has \(ledger), the rules give \(rules)"
    }
  }

  /// Replays a trace.
  /// - Parameters:
  ///   - state: the state before the first epoch.
  ///   - ledger: needed where the trace has balances or hashes.
  /// - Returns: the first difference, or nil when there is none.
  /// - Throws: ``ArithmeticError`` when the rules cannot settle an epoch.
  package static func firstDifference(
    _ trace: [Epoch], preset: Preset, from state: PolicyState, ledger: Ledger? = nil
  ) throws(ArithmeticError) -> Difference? {
    var state = state
    for epoch in trace {
      if let found = try difference(epoch, preset, &state, ledger) { return found }
    }
    return nil
  }

  /// Settles one epoch and compares.
  /// - Throws: ``ArithmeticError`` when the rules cannot settle it.
  package static func difference(
    _ epoch: Epoch, _ preset: Preset, _ state: inout PolicyState, _ ledger: Ledger?
  ) throws(ArithmeticError) -> Difference? {
    let number = state.epoch
    let settlement = try preset.settle(epoch.inputs, &state)
    if let found = lines(epoch.lines, settlement.lines, number) { return found }
    if let charges = epoch.charges, charges != settlement.charges {
      return Difference(
        epoch: number, subject: "what accounts were charged", ledger: text(charges),
        rules: text(settlement.charges))
    }
    if let kept = epoch.balances, let ledger {
      let changes = try settlement.balanceChanges(elsewhere: ledger.elsewhere) { id in
        kept.first { $0.account == id }?.before ?? .zero
      }
      if let found = balances(kept, changes, number) { return found }
    }
    guard let accounts = epoch.accounts, let ledger else {
      return states(epoch.state, state, number)
    }
    if let found = states(epoch.state, state.withoutAccounts, number) { return found }
    if accounts == ledger.digest(state.accounts) { return nil }
    return Difference(
      epoch: number, subject: "what of accounts' tokens vests and is locked",
      ledger: "hash \(accounts.hex.prefix(16))",
      rules: "hash \(ledger.digest(state.accounts).hex.prefix(16))")
  }

  private static func text(_ charges: [PolicyCharge]) -> String {
    let total = charges.reduce(UInt128(0)) { $0.addingSaturated($1.amount.baseUnits) }
    return "\(charges.count) charges, \(Amount(baseUnits: total)) in all"
  }

  private static func balances(
    _ ledger: [BalanceChange], _ rules: [BalanceChange], _ epoch: UInt64
  ) -> Difference? {
    for index in 0..<max(ledger.count, rules.count) {
      let left = index < ledger.count ? ledger[index] : nil
      let right = index < rules.count ? rules[index] : nil
      if left == right { continue }
      let account = (left ?? right)?.account.hex ?? ""
      return Difference(
        epoch: epoch, subject: "balance of account \(account.prefix(16))",
        ledger: text(left), rules: text(right))
    }
    return nil
  }

  private static func text(_ change: BalanceChange?) -> String {
    change.map { "\($0.before) before, \($0.after) after" } ?? "no change"
  }

  private static func lines(
    _ ledger: [PolicyLine], _ rules: [PolicyLine], _ epoch: UInt64
  ) -> Difference? {
    for index in 0..<max(ledger.count, rules.count) {
      let left = index < ledger.count ? ledger[index] : nil
      let right = index < rules.count ? rules[index] : nil
      if left == right { continue }
      let account = (left ?? right)?.account.value.hex ?? ""
      return Difference(
        epoch: epoch, subject: "line \(index) of account \(account.prefix(16))",
        ledger: text(left), rules: text(right))
    }
    return nil
  }

  private static func text(_ line: PolicyLine?) -> String {
    guard let line else { return "no such line" }
    return "\(line.kind.rawValue) \(line.pool): \(line.liquid) at once, \(line.vesting) vesting, "
      + "\(line.burned) burned"
  }

  private static func states(
    _ ledger: PolicyState, _ rules: PolicyState, _ epoch: UInt64
  ) -> Difference? {
    let amounts: [(String, Amount, Amount)] = [
      ("minted", ledger.minted, rules.minted), ("burned", ledger.burned, rules.burned),
      ("circulating", ledger.circulating, rules.circulating),
      ("vesting", ledger.vesting, rules.vesting), ("locked", ledger.locked, rules.locked),
      ("vault", ledger.vault, rules.vault), ("endowment", ledger.fund, rules.fund),
    ]
    for (name, left, right) in amounts where left != right {
      return Difference(
        epoch: epoch, subject: name, ledger: left.description, rules: right.description)
    }
    if let found = buckets(ledger.buckets, rules.buckets, epoch) { return found }
    for (left, right) in zip(ledger.accounts, rules.accounts) where left != right {
      return Difference(
        epoch: epoch, subject: "vesting and locks of account \(left.account.value.hex.prefix(16))",
        ledger: "\(left.vesting.locked) vesting, \(left.locks.count) locks",
        rules: "\(right.vesting.locked) vesting, \(right.locks.count) locks")
    }
    if ledger == rules { return nil }
    return Difference(
      epoch: epoch, subject: "what the rules remember", ledger: "another state",
      rules: "\(rules.accounts.count) accounts, epoch \(rules.epoch)")
  }

  private static func buckets(
    _ ledger: NamedAmounts, _ rules: NamedAmounts, _ epoch: UInt64
  ) -> Difference? {
    let names = (ledger.entries + rules.entries).map(\.name)
    for name in names where ledger[name] != rules[name] {
      return Difference(
        epoch: epoch, subject: "bucket \(name)", ledger: ledger[name].description,
        rules: rules[name].description)
    }
    return nil
  }
}
