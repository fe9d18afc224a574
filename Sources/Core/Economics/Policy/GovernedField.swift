import Primitives

/// A number of a set of rules that a network's governance may move, within hard bounds.
///
/// Emission is not among them: a schedule is changed by new rules with a date, never by a vote on a
/// number. The bounds of burn and subsidy do not overlap, so no vote makes self-dealing pay.
enum GovernedField: String, CaseIterable {
  case burn = "economics.burn-per-million"
  case subsidy = "economics.subsidy-of-usage-per-million"
  case vestingLocked = "economics.vesting-locked-per-million"
  case vestingEpochs = "economics.vesting-epochs"
  case vaultHalt = "economics.vault-halt-below-per-million"

  private static let million: UInt64 = 1_000_000

  /// The declaration where the rules have the field.
  func parameter(in rules: PolicyRules) -> PolicyParameter? {
    guard let standard = value(in: rules) else { return nil }
    let bounds = bounds(in: rules, standard: standard)
    return PolicyParameter(
      name: rawValue, minimum: UInt128(bounds.lowerBound), maximum: UInt128(bounds.upperBound),
      standard: UInt128(standard), meaning: meaning)
  }

  private var meaning: String {
    switch self {
    case .burn: "the part of customers' money that burns, in parts of 1,000,000"
    case .subsidy: "the most that the subsidy adds to usage, in parts of 1,000,000 of it"
    case .vestingLocked: "the part of a reward that vests, in parts of 1,000,000"
    case .vestingEpochs: "over how many epochs a reward vests"
    case .vaultHalt: "the vault's ratio below which no credit is sold, in parts of 1,000,000"
    }
  }

  private func bounds(in rules: PolicyRules, standard: UInt64) -> ClosedRange<UInt64> {
    switch self {
    case .burn:
      // Above the standard subsidy, which is the largest that can be voted.
      let floor = GovernedField.subsidy.value(in: rules).map { $0 + 1 } ?? 0
      return min(floor, standard)...max(standard, Self.million / 2)
    case .subsidy: return 0...standard
    case .vestingLocked: return 0...Self.million
    case .vestingEpochs: return 1...4_000
    case .vaultHalt:
      guard case .vault(let vault) = rules.credit else { return standard...standard }
      return 0...max(standard, vault.warnBelowPerMillion)
    }
  }

  /// The field's value; nil where the rules have none.
  func value(in rules: PolicyRules) -> UInt64? {
    switch self {
    case .burn: return rules.revenue.first { $0.to == .burn }?.perMillion
    case .subsidy:
      guard let place = Self.subsidyPlace(rules),
        case .usage(_, let parts, _) = rules.streams[place.stream].split.pools[place.pool].portion
      else { return nil }
      return parts
    case .vestingLocked: return rules.vesting?.lockedPerMillion
    case .vestingEpochs: return rules.vesting?.epochs
    case .vaultHalt:
      guard case .vault(let vault) = rules.credit else { return nil }
      return vault.haltBelowPerMillion
    }
  }

  /// Sets the field where the rules have it.
  func set(_ value: UInt64, in rules: inout PolicyRules) {
    switch self {
    case .burn:
      guard let index = rules.revenue.firstIndex(where: { $0.to == .burn }) else { return }
      rules.revenue[index].perMillion = value
    case .subsidy:
      guard let place = Self.subsidyPlace(rules),
        case .usage(let role, _, let most) =
          rules.streams[place.stream].split.pools[place.pool].portion
      else { return }
      rules.streams[place.stream].split.pools[place.pool].portion = .usage(
        role: role, perMillion: value, atMostPerMillion: most)
    case .vestingLocked: rules.vesting?.lockedPerMillion = value
    case .vestingEpochs: rules.vesting?.epochs = value
    case .vaultHalt:
      guard case .vault(var vault) = rules.credit else { return }
      vault.haltBelowPerMillion = value
      rules.credit = .vault(vault)
    }
  }

  /// The first pool that pays in proportion to usage.
  private static func subsidyPlace(_ rules: PolicyRules) -> (stream: Int, pool: Int)? {
    for (stream, flow) in rules.streams.enumerated() {
      for (pool, part) in flow.split.pools.enumerated() {
        if case .usage = part.portion { return (stream, pool) }
      }
    }
    return nil
  }
}

extension PolicyRules {
  /// The numbers that governance may move, with their bounds; what the rules say is the standard.
  package var governed: [PolicyParameter] {
    GovernedField.allCases.compactMap { $0.parameter(in: self) }
  }

  /// The rules under the values in force.
  /// - Parameter value: the value of one of ``governed``, by name; it is kept within its bounds.
  package func governed(by value: (_ name: String) -> UInt128) -> PolicyRules {
    var rules = self
    for field in GovernedField.allCases {
      guard let parameter = field.parameter(in: self) else { continue }
      let kept = min(max(value(parameter.name), parameter.minimum), parameter.maximum)
      field.set(UInt64(clamping: kept), in: &rules)
    }
    return rules
  }
}
