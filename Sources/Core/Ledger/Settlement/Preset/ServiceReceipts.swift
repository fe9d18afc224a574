import Economics
import Primitives
import ServiceKit

/// What services earned in an epoch, as inputs of the preset's settlement.
struct ServiceReceipts {
  /// A line of earnings and what of it the customer's tokens pay for at the epoch's price.
  struct Row {
    let key: StateKey
    let provider: ProviderID
    let customer: AccountID?
    let record: EarningRecord
    var covered: Credits
  }

  /// Ascending by provider.
  var rows: [Row] = []
  /// Each provider's and each customer's, in this order.
  var inputs: [AccountInput] = []

  /// What each customer's escrows owe, ascending by customer.
  func owedByCustomer() throws(ArithmeticError) -> [(customer: AccountID, credits: Credits)] {
    var sums: [(customer: AccountID, credits: Credits)] = []
    let owing = rows.filter { $0.record.credits > .zero }
      .compactMap { row in row.customer.map { (customer: $0, credits: row.record.credits) } }
      .sorted { $0.customer < $1.customer }
    for (customer, credits) in owing {
      if let last = sums.indices.last, sums[last].customer == customer {
        sums[last].credits = try sums[last].credits.adding(credits)
      } else {
        sums.append((customer, credits))
      }
    }
    return sums
  }

  /// Cuts what a customer's tokens do not cover off its lines, in proportion, rounded down.
  mutating func cut(
    _ customer: AccountID, to affordable: Credits, of owed: Credits
  ) throws(ArithmeticError) {
    for index in rows.indices where rows[index].customer == customer {
      rows[index].covered = try rows[index].covered.scaled(
        by: affordable.baseUnits, over: owed.baseUnits, rounding: .down)
    }
  }
}

extension LedgerState {
  /// The epoch's earnings, and what they come to as inputs. Releases what backs them in the escrows
  /// to its customers, from whose balances the settlement then takes what the day's price asks for.
  mutating func takeServiceReceipts(
    _ rules: PolicyRules, of preset: Preset, price: Credits, confidence: Credits
  ) throws(Rejection) -> ServiceReceipts {
    var receipts = ServiceReceipts(rows: earningRows())
    let owed = try exactly { () throws(ArithmeticError) in try receipts.owedByCustomer() }
    for (customer, credits) in owed {
      try releaseCustody(credits, to: customer)
      let balance = account(customer).balance
      let (cost, most) = try exactly { () throws(ArithmeticError) in
        (
          try rules.credit.cost(of: credits, at: price, confidence: confidence),
          try rules.credit.affordable(balance, at: price, confidence: confidence)
        )
      }
      if cost <= balance { continue }
      let before = receipts
      receipts = try exactly { () throws(ArithmeticError) in
        var cut = before
        try cut.cut(customer, to: min(most, credits), of: credits)
        return cut
      }
      note(
        "usage.uncovered",
        [
          ("customer", customer.hex), ("credits", credits.description),
          ("covered", min(most, credits).description),
        ])
    }
    receipts.inputs = try providerInputs(receipts, of: preset) + customerInputs(receipts)
    return receipts
  }

  /// The running epoch's lines of earnings, zeros among them.
  func earningRows() -> [ServiceReceipts.Row] {
    records(EarningRecord.self, in: StateKeys.earnings(epoch: clock.epoch)).compactMap { row in
      guard let provider = StateKeys.account(of: row.key, skipping: 5) else { return nil }
      let lease = StateKeys.lease(ofEarning: row.key)
      return ServiceReceipts.Row(
        key: row.key, provider: provider,
        customer: lease.flatMap { read(LeaseRecord.self, at: StateKeys.lease($0))?.customer },
        record: row.record, covered: row.record.credits)
    }
  }

  private mutating func releaseCustody(
    _ credits: Credits, to customer: AccountID
  ) throws(Rejection) {
    let rate = policy.credit
    let tokens = try exactly { () throws(ArithmeticError) in try rate.tokens(for: credits) }
    try changeSupply { (supply) throws(ArithmeticError) in
      supply.vault = try supply.vault.subtracting(tokens)
      supply.unpaid = try supply.unpaid.subtracting(credits)
    }
    try credit(customer, tokens)
  }

  /// Who proved service: with its bond, and with bytes where the preset counts bytes.
  private func providerInputs(
    _ receipts: ServiceReceipts, of preset: Preset
  ) throws(Rejection) -> [AccountInput] {
    let ran = UInt128(max(1, clock.time.milliseconds(since: clock.epochStartedAt)))
    var inputs: [AccountInput] = []
    for row in receipts.rows where row.covered > .zero {
      if inputs.last?.account != row.provider {
        var input = AccountInput(row.provider, role: preset.roles.first ?? "")
        input.measures.stake =
          read(ProviderRecord.self, at: StateKeys.provider(row.provider))?.bond ?? .zero
        inputs.append(input)
      }
      let last = inputs.count - 1
      let before = inputs[last].measures
      inputs[last].measures = try exactly { () throws(ArithmeticError) in
        try before.adding(row, milliseconds: ran, preset)
      }
    }
    return inputs
  }

  private func customerInputs(_ receipts: ServiceReceipts) throws(Rejection) -> [AccountInput] {
    var inputs: [AccountInput] = []
    let paid = receipts.rows.filter { $0.covered > .zero }
      .compactMap { row in row.customer.map { (customer: $0, credits: row.covered) } }
      .sorted { $0.customer < $1.customer }
    for (customer, credits) in paid {
      if inputs.last?.account != customer {
        inputs.append(AccountInput(customer, role: Self.customerRole))
      }
      let last = inputs.count - 1
      let before = inputs[last].bought
      inputs[last].bought = try exactly { () throws(ArithmeticError) in try before.adding(credits) }
    }
    return inputs
  }

  /// The role of who pays for a service that the ledger has; no pool pays it.
  private static let customerRole = "customer"
}

extension Measures {
  /// With a line of earnings: what was paid, and bytes kept and sent where the preset's units are
  /// bytes.
  fileprivate func adding(
    _ row: ServiceReceipts.Row, milliseconds: UInt128, _ preset: Preset
  ) throws(ArithmeticError) -> Measures {
    var sum = self
    sum.usage = try usage.adding(row.covered)
    switch EarningSource(tag: row.key.bytes[45]) {
    case .metered(.storedByteMilliseconds)? where preset.capacityUnit == "byte":
      sum.capacity = try capacity.adding(row.record.quantity / milliseconds)
    case .metered(.egressBytes)? where preset.workUnit == "byte":
      sum.work = try work.adding(row.record.quantity)
    default: break
    }
    return sum
  }
}

extension StateKeys {
  /// The lease of a row of earnings; nil for a line without one.
  static func lease(ofEarning key: StateKey) -> LeaseID? {
    let number = key.bytes[37..<45].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return number == 0 ? nil : LeaseID(number: number)
  }
}
