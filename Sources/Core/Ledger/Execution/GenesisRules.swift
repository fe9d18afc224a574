import Cryptography
import Economics
import Primitives
import ServiceKit

/// From a genesis to the first state.
enum GenesisRules {
  /// The facts that the state keeps of a genesis. - Throws: ``LedgerStartError/badGenesis(_:)``.
  static func check(
    _ genesis: Genesis, services: [any ServiceModule]
  ) throws(LedgerStartError) -> GenesisRecord {
    guard PolicyCatalogue.parameters(of: genesis.policy) != nil else {
      throw .badGenesis("no policy is called \(genesis.policy)")
    }
    try checkPreset(genesis)
    try unique(genesis.accounts.map(\.account), "an account")
    try unique(genesis.validators.map(\.account), "a validator")
    try unique(
      genesis.validators.map { ConsensusAddress(publicKey: $0.terms.consensusPublicKey) }.sorted(),
      "a consensus address")
    try unique(genesis.governors, "a governor")
    try unique(genesis.parameters.map(\.name), "a parameter")
    try unique(services.map(\.id).sorted(), "a service")
    try checkParameters(genesis, services)
    guard genesis.validators.count <= 1024, genesis.governors.count <= 1024 else {
      throw .badGenesis("there are more than 1024 validators or governors")
    }
    return GenesisRecord(
      chain: genesis.chain, policy: genesis.policy, allowsFaucet: genesis.allowsFaucet,
      governors: genesis.governors)
  }

  private static func checkPreset(_ genesis: Genesis) throws(LedgerStartError) {
    guard let rules = genesis.preset else {
      if PolicyCatalogue.isPreset(genesis.policy) {
        throw .badGenesis("the policy \(genesis.policy) needs the preset's rules")
      }
      return
    }
    if genesis.accounts.contains(where: { $0.account == StateKeys.elsewhere }) {
      throw .badGenesis("what circulates elsewhere follows from the preset; no balance sets it")
    }
    guard rules.preset.name.utf8.count <= GenesisPreset.nameByteLimit else {
      throw .badGenesis(
        "the preset's name is longer than \(GenesisPreset.nameByteLimit) bytes")
    }
    if let problem = rules.preset.problems().first {
      throw .badGenesis("the preset \(rules.preset.name): \(problem.field): \(problem.message)")
    }
  }

  private static func unique<T: Equatable>(
    _ sorted: [T], _ what: String
  ) throws(LedgerStartError) {
    for (one, next) in zip(sorted, sorted.dropFirst()) where one == next {
      throw .badGenesis("\(what) is named twice: \(one)")
    }
  }

  private static func checkParameters(
    _ genesis: Genesis, _ services: [any ServiceModule]
  ) throws(LedgerStartError) {
    let declared = LedgerParameters.all(services, policy: genesis.policy)
    try unique(declared.map(\.name).sorted(), "a declared parameter")
    for parameter in genesis.parameters {
      guard let declaration = declared.first(where: { $0.name == parameter.name }) else {
        throw .badGenesis("no parameter is called \(parameter.name)")
      }
      guard (declaration.minimum...declaration.maximum).contains(parameter.value) else {
        throw .badGenesis(
          "\(parameter.name) must be from \(declaration.minimum) to \(declaration.maximum)")
      }
    }
    for declaration in declared where declaration.name.utf8.count >= StateKey.byteLimit {
      throw .badGenesis("the parameter name \(declaration.name) is too long")
    }
  }

  /// The rows that exist before any service has run.
  static func rows(
    _ genesis: Genesis, _ record: GenesisRecord, services: [any ServiceModule]
  ) throws(LedgerStartError) -> StateRows {
    var rows: [(key: StateKey, value: [UInt8])] = [
      (StateKeys.genesis, record.canonicalBytes())
    ]
    var supply = SupplyRecord(issued: try issued(genesis))
    if let preset = genesis.preset {
      let start = try start(of: preset, held: supply.issued)
      supply.issued = start.state.minted
      supply.burned = start.state.burned
      rows.append((StateKeys.policyState, start.state.canonicalBytes()))
      rows.append(
        (
          StateKeys.account(StateKeys.elsewhere),
          AccountRecord(balance: start.elsewhere).canonicalBytes()
        ))
    }
    rows.append((StateKeys.supply, supply.canonicalBytes()))
    for declaration in LedgerParameters.all(services, policy: genesis.policy) {
      let named = genesis.parameters.first { $0.name == declaration.name }
      let value = named?.value ?? declaration.production
      rows.append(
        (StateKeys.parameter(declaration.name), ParameterRecord(value: value).canonicalBytes()))
    }
    for allocation in genesis.accounts {
      let record = AccountRecord(balance: allocation.amount)
      rows.append((StateKeys.account(allocation.account), record.canonicalBytes()))
    }
    // Who validates has an account, if only for its stake.
    for validator in genesis.validators
    where !genesis.accounts.contains(where: { $0.account == validator.account }) {
      rows.append((StateKeys.account(validator.account), AccountRecord().canonicalBytes()))
    }
    return StateRows(rows.sorted { $0.key < $1.key })
  }

  private static func start(
    of preset: GenesisPreset, held: Amount
  ) throws(LedgerStartError) -> (state: PolicyState, elsewhere: Amount) {
    do throws(ArithmeticError) {
      return try preset.start(held: held)
    } catch {
      throw .badGenesis(
        "the preset's allocations and the accounts' balances do not fit in an amount")
    }
  }

  private static func issued(_ genesis: Genesis) throws(LedgerStartError) -> Amount {
    do throws(ArithmeticError) {
      var sum = Amount.zero
      for allocation in genesis.accounts { sum = try sum.adding(allocation.amount) }
      for validator in genesis.validators { sum = try sum.adding(validator.terms.stake) }
      return sum
    } catch {
      throw .badGenesis("the balances and stakes together do not fit in an amount")
    }
  }

  /// The clock before the first block.
  static func clock(_ genesis: Genesis, epochMilliseconds: UInt64) -> ChainClock {
    ChainClock(
      height: 0, unixMilliseconds: genesis.genesisTimeMilliseconds, time: .genesis, epoch: 0,
      epochStartedAt: .genesis,
      epochEndsAt: LedgerTime.genesis.advanced(milliseconds: epochMilliseconds),
      beacon: Digest.sha256(domain: "genesis-beacon", genesis.chain.bytes), beaconHeight: 0,
      blockHash: genesis.chain)
  }
}

extension LedgerState {
  /// Puts a genesis's validators into the first set.
  /// - Throws: ``Rejection`` for terms that no validator may have.
  mutating func seatValidators(_ validators: [Genesis.Validator]) throws(Rejection) {
    for validator in validators {
      try checkTerms(validator.terms)
      addValidator(validator.account, validator.terms)
      try bond(validator.terms.stake, by: validator.account, to: validator.account)
    }
    _ = updateValidatorSet()
    fixContributors()
  }
}
