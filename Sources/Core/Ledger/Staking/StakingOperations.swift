import Economics
import Primitives
import ServiceKit

extension LedgerState {
  /// A provider's record. - Throws: `unknown-provider`.
  func providerRecord(_ id: ProviderID) throws(Rejection) -> ProviderRecord {
    guard let record = read(ProviderRecord.self, at: StateKeys.provider(id)) else {
      throw Rejection(.unknownProvider, "no provider is registered as \(id)")
    }
    return record
  }

  /// A provider that may take new work. - Throws: `unknown-provider`, `provider-not-active`.
  func activeProvider(_ id: ProviderID) throws(Rejection) -> ProviderRecord {
    let record = try providerRecord(id)
    guard record.standing == .active else {
      throw Rejection(.providerNotActive, "the provider's standing is \(record.standing)")
    }
    return record
  }

  /// The smallest bond by the policy's rule.
  func minimumBond() throws(Rejection) -> Amount {
    let policy = policy
    return try exactly { () throws(ArithmeticError) in
      try policy.requiredBond(repairCost: .zero)
    }
  }

  /// Checks: endpoint, not registered (or gone), bond, balance.
  mutating func registerProvider(
    _ id: ProviderID, endpoint: String, location: NetworkLocation, bond: Amount
  ) throws(Rejection) {
    try checkEndpoint(endpoint)
    let before = read(ProviderRecord.self, at: StateKeys.provider(id))
    if let before, before.standing != .left {
      throw Rejection(.providerExists, "the account is a provider already")
    }
    let minimum = try minimumBond()
    guard bond >= minimum else {
      throw Rejection(
        .bondTooSmall, "the bond is \(bond) tokens and must be at least \(minimum)")
    }
    try debit(id, bond)
    let record = ProviderRecord(
      endpoint: endpoint, location: location, bond: bond, standing: .active,
      registeredAt: clock.time, slashed: before?.slashed ?? .zero)
    write(record, at: StateKeys.provider(id))
    note("provider.registered", [("provider", id.hex), ("bond", bond.description)])
  }

  private func checkEndpoint(_ endpoint: String) throws(Rejection) {
    let parts = endpoint.split(separator: ":", omittingEmptySubsequences: false)
    let isPlain = endpoint.utf8.allSatisfy { (33...126).contains($0) }
    guard isPlain, parts.count >= 2, let port = parts.last.flatMap({ UInt16($0) }), port > 0,
      let host = parts.first, !host.isEmpty
    else {
      throw Rejection(.badEndpoint, "an endpoint is host:port, such as 127.0.0.1:9710")
    }
  }

  /// Checks: endpoint, registered, not left.
  mutating func updateProvider(
    _ id: ProviderID, endpoint: String, location: NetworkLocation
  ) throws(Rejection) {
    try checkEndpoint(endpoint)
    var record = try staked(id)
    record.endpoint = endpoint
    record.location = location
    write(record, at: StateKeys.provider(id))
    note("provider.updated", [("provider", id.hex), ("endpoint", endpoint)])
  }

  private func staked(_ id: ProviderID) throws(Rejection) -> ProviderRecord {
    let record = try providerRecord(id)
    if record.standing == .left {
      throw Rejection(.providerNotActive, "the provider has left; register it again")
    }
    return record
  }

  /// Checks: amount, registered, not left, balance. Lifts an underbonded provider over the minimum.
  mutating func topUpBond(_ id: ProviderID, _ amount: Amount) throws(Rejection) {
    guard amount > .zero else { throw Rejection(.zeroAmount, "a top-up adds more than nothing") }
    var record = try staked(id)
    try debit(id, amount)
    let bond = record.bond
    record.bond = try exactly { () throws(ArithmeticError) in try bond.adding(amount) }
    let minimum = try minimumBond()
    if record.standing == .underbonded, record.bond >= minimum {
      record.standing = .active
      changedProviders.append(id)
    }
    write(record, at: StateKeys.provider(id))
    note("provider.bond-added", [("provider", id.hex), ("bond", record.bond.description)])
  }

  /// Checks: registered, not leaving yet.
  mutating func startUnbonding(_ id: ProviderID) throws(Rejection) {
    var record = try providerRecord(id)
    switch record.standing {
    case .active, .underbonded: break
    case .unbonding, .left:
      throw Rejection(.providerNotActive, "the provider is leaving already or has left")
    }
    let wait = milliseconds(LedgerParameters.unbondingMilliseconds)
    let until = clock.time.advanced(milliseconds: wait)
    record.standing = .unbonding(until: until)
    write(record, at: StateKeys.provider(id))
    changedProviders.append(id)
    note("provider.unbonding", [("provider", id.hex), ("until", String(until.milliseconds))])
  }

  /// Checks: registered, unbonding, its time is over, no service needs it.
  mutating func withdrawBond(_ id: ProviderID) throws(Rejection) {
    var record = try providerRecord(id)
    guard case .unbonding(let until) = record.standing else {
      throw Rejection(.notUnbonding, "start unbonding first")
    }
    guard clock.time >= until else {
      let wait = until.milliseconds(since: clock.time)
      throw Rejection(.unbondingRuns, "the bond is free in \(wait) ms of ledger time")
    }
    for service in services where service.isObliged(id, in: self) {
      throw Rejection(
        .providerObliged, "the provider still has obligations in the service \(service.name)")
    }
    if let lease = openLease(servedBy: id) {
      throw Rejection(.providerObliged, "the provider still serves lease \(lease)")
    }
    let bond = record.bond
    record.bond = .zero
    record.standing = .left
    write(record, at: StateKeys.provider(id))
    for service in services { write(nil, at: StateKeys.offer(service.id, id)) }
    try credit(id, bond)
    note("provider.left", [("provider", id.hex), ("bond", bond.description)])
  }

  /// The first open lease that names this provider as its only one.
  private func openLease(servedBy id: ProviderID) -> LeaseID? {
    for service in services {
      let range = StateKeys.openLeases(service.id)
      for row in rows.rows(from: range.from, to: range.to, limit: .max) {
        guard let number = StateKeys.lease(fromMark: row.key) else { continue }
        if lease(number)?.provider == id { return number }
      }
    }
    return nil
  }

  /// Takes up to `amount` from a bond: what ``ServiceContext`` calls a slash.
  mutating func takeBond(
    of id: ProviderID, amount: Amount,
    beneficiaries: [(account: AccountID, amount: Amount)], lease: LeaseID?, cause: Cause
  ) throws(Rejection) -> Amount {
    var record = try providerRecord(id)
    let taken = min(amount, record.bond)
    if taken == .zero { return .zero }
    let customer = lease.flatMap { read(LeaseRecord.self, at: StateKeys.lease($0))?.customer }
    let policy = policy
    let parts = try exactly { () throws(ArithmeticError) in
      try policy.divideSlash(
        SlashInput(
          amount: taken, costs: beneficiaries.map(\.amount), hasRepairer: false,
          hasReporter: false, hasClient: customer != nil))
    }
    var given: UInt128 = 0
    for (beneficiary, part) in zip(beneficiaries, parts.costs) {
      try credit(beneficiary.account, part)
      given = given.addingSaturated(part.baseUnits)
    }
    if let customer { try credit(customer, parts.client) }
    try changeSupply { (supply) throws(ArithmeticError) in
      supply.burned = try supply.burned.adding(parts.burned)
    }
    record.bond = record.bond.subtractingSaturated(taken)
    record.slashed = Amount(baseUnits: record.slashed.baseUnits.addingSaturated(taken.baseUnits))
    if record.standing == .active, record.bond < (try minimumBond()) {
      record.standing = .underbonded
    }
    write(record, at: StateKeys.provider(id))
    changedProviders.append(id)
    keepSlash(
      SlashRecord(
        epoch: clock.epoch, provider: id, time: clock.time, lease: lease, amount: taken,
        toBeneficiaries: Amount(baseUnits: given), refunded: parts.client, burned: parts.burned,
        cause: cause))
    return taken
  }

  private mutating func keepSlash(_ record: SlashRecord) {
    let serial = next(.slash)
    write(
      record, at: StateKeys.slash(epoch: clock.epoch, provider: record.provider, serial: serial))
    note(
      "provider.slashed",
      [
        ("provider", record.provider.hex), ("amount", record.amount.description),
        ("burned", record.burned.description), ("kind", record.cause.kind),
        ("cause", record.cause.text),
      ])
  }
}
