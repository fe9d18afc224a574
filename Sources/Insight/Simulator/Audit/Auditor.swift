/// Runs every attack at growing strength until the preset breaks.
package struct Auditor<Rules: NetworkRules>: Sendable {
  private let plan: SimulationPlan
  private let threads: Int
  private let rules: @Sendable (Scenario) throws -> Rules

  /// - Parameters:
  ///   - plan: the network as it is; its runs are those at each strength.
  ///   - rules: rules for a scenario that has attackers among its cohorts.
  package init(
    _ plan: SimulationPlan, threads: Int,
    rules: @escaping @Sendable (Scenario) throws -> Rules
  ) {
    var plan = plan
    plan.scenario.days = min(plan.scenario.days, Attack.days)
    plan.scenario.shocks = []
    self.plan = plan
    self.threads = threads
    self.rules = rules
  }

  /// Runs all attacks.
  /// - Parameter progress: called with the attack and the strength that comes next.
  /// - Throws: ``RunFailure``, or what making the rules throws.
  package func audit(
    progress: @Sendable (Attack, Fixed) -> Void = { _, _ in }
  ) async throws -> AuditReport {
    let baseline = try await play(plan.scenario)
    var entries: [AuditReport.Entry] = []
    for attack in Attack.allCases {
      entries.append(try await entry(attack, baseline: baseline, progress: progress))
    }
    return AuditReport(preset: plan.preset, entries: entries)
  }

  private func entry(
    _ attack: Attack, baseline: PlayedSimulation, progress: (Attack, Fixed) -> Void
  ) async throws -> AuditReport.Entry {
    var finding = ""
    for (step, strength) in attack.ladder.enumerated() {
      progress(attack, strength)
      let played = try await play(attack.applied(to: plan.scenario, strength: strength))
      let judgement = AttackJudgement(attack, played: played, baseline: baseline)
      finding = judgement.finding
      if judgement.isBroken { return AuditReport.Entry(attack, step: step, finding: finding) }
    }
    return AuditReport.Entry(attack, step: nil, finding: finding)
  }

  /// Judges one attack at one strength.
  /// - Throws: as ``audit(progress:)``.
  package func judge(
    _ attack: Attack, strength: Fixed
  ) async throws -> (isBroken: Bool, finding: String) {
    let baseline = try await play(plan.scenario)
    let played = try await play(attack.applied(to: plan.scenario, strength: strength))
    let judgement = AttackJudgement(attack, played: played, baseline: baseline)
    return (judgement.isBroken, judgement.finding)
  }

  private func play(_ scenario: Scenario) async throws -> PlayedSimulation {
    var plan = plan
    plan.scenario = scenario
    let result = try await SimulationRunner.play(
      plan, rules: try rules(scenario), threads: threads)
    return PlayedSimulation(plan: plan, result: result)
  }
}

/// Whether an attack broke a network, and by what it shows.
struct AttackJudgement {
  let isBroken: Bool
  let finding: String

  init(_ attack: Attack, played: PlayedSimulation, baseline: PlayedSimulation) {
    switch attack {
    case .selfDealing: self = Self.selfDealing(played)
    case .capacityFarming: self = Self.pretence(played, limit: Fixed(1, over: 4))
    case .locationSpoofing: self = Self.pretence(played, limit: Fixed(1, over: 10))
    case .emissionDumping: self = Self.dumping(played)
    case .demandCollapse, .tokenCrash: self = Self.collapse(played, baseline)
    case .massExit: self = Self.exit(played, baseline)
    }
  }

  private init(_ isBroken: Bool, _ finding: String) {
    self.isBroken = isBroken
    self.finding = finding
  }

  private static func selfDealing(_ played: PlayedSimulation) -> AttackJudgement {
    let index = played.plan.scenario.supply.count - 1
    let cohort = played.plan.scenario.supply[index]
    let spent =
      cohort.capacityPerDay * cohort.uptime * cohort.selfUse * played.plan.scenario.unitPrice
      * CohortState.daysPerMonth
    // The best of the regimes: an attacker chooses the time.
    let best = played.result.regimes.compactMap { $0.operators[index].netPerMonth.median }.max()
    let back = ((best ?? .zero) + spent).divided(by: spent, orIfZero: .zero)
    return AttackJudgement(
      back > .one, "a dollar spent on oneself returns \(Money.dollars(back))")
  }

  private static func pretence(
    _ played: PlayedSimulation, limit: Fixed
  ) -> AttackJudgement {
    let index = played.plan.scenario.supply.count - 1
    let all = played.result.all
    let last = played.plan.sampleDays.count - 1
    // Early, while they are there: half a year on.
    let sample = min(last, played.sample(afterMonths: 6))
    let share = all[.pretenders][sample].median ?? .zero
    let net = all.operators[index].netPerMonth.median ?? .zero
    return AttackJudgement(
      share > limit && net.raw > 0,
      "pretenders get \((share * Fixed(100)).shortText) % of the emission and net "
        + "\(Money.dollars(net)) a month each")
  }

  private static func dumping(_ played: PlayedSimulation) -> AttackJudgement {
    let sample = played.sample(afterMonths: 12)
    let sideways = played.result.regimes[played.result.regimes.count / 2]
    let price = sideways[.price][sample].median ?? .zero
    let share = price / played.plan.scenario.market.price
    return AttackJudgement(
      share < Fixed(1, over: 5),
      "after a year the price is at \((share * Fixed(100)).shortText) % (regime \(sideways.name))")
  }

  private static func collapse(
    _ played: PlayedSimulation, _ baseline: PlayedSimulation
  ) -> AttackJudgement {
    let all = played.result.all
    let before = baseline.result.all
    let last = played.plan.sampleDays.count - 1
    let capacity = all[.capacity][last].median ?? .zero
    let usual = before[.capacity][last].median ?? .zero
    let left = capacity.divided(by: usual, orIfZero: .one)
    let isInsolvent =
      all.insolventRuns * 2 > all.runs && all.insolventRuns > 2 * before.insolventRuns
    return AttackJudgement(
      isInsolvent || left < Fixed(1, over: 2),
      "\((left * Fixed(100)).shortText) % of the usual capacity stays, "
        + "\(RunShare.percent(all.insolventRuns, of: all.runs)) of the runs are insolvent "
        + "(\(RunShare.percent(before.insolventRuns, of: before.runs)) without)")
  }

  private static func exit(
    _ played: PlayedSimulation, _ baseline: PlayedSimulation
  ) -> AttackJudgement {
    let months = (Attack.strikeDay + 182) * 12 / 365
    let sample = played.sample(afterMonths: months)
    let used = played.result.all[.used][sample].median ?? .zero
    let usual = baseline.result.all[.used][sample].median ?? .zero
    let share = used.divided(by: usual, orIfZero: .one)
    return AttackJudgement(
      share < Fixed(95, over: 100),
      "half a year later \((share * Fixed(100)).shortText) % of the usual use is served")
  }
}
