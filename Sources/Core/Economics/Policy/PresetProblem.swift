import Primitives

/// What is wrong with a preset: the field, as its file names it, and why.
package struct PresetProblem: Hashable, Sendable {
  /// A path such as `rules[1].streams[0].split`.
  package let field: String
  package let message: String
}

extension Preset {
  /// How deep pools, and the terms of a slash, may be nested.
  static let depthLimit = 8

  /// Contradictions and absurdities, in the order of the file; empty when it can be used.
  package func problems() -> [PresetProblem] {
    var check = PresetCheck(preset: self)
    check.run()
    return check.problems
  }
}

/// One pass over a preset.
private struct PresetCheck {
  let preset: Preset
  var problems: [PresetProblem] = []

  mutating func run() {
    if preset.name.isEmpty { report("name", "a preset needs a name") }
    if preset.calendar.epochSeconds == 0 {
      report("epoch-seconds", "an epoch must last at least a second")
    }
    if preset.roles.isEmpty { report("roles", "at least one role is needed: a provider's") }
    unique(preset.roles, "roles")
    unique(preset.allocations.map(\.name), "allocations")
    dates()
    for (index, rules) in preset.rules.enumerated() { check(rules, "rules[\(index)]") }
  }

  private mutating func dates() {
    guard let first = preset.rules.first else {
      return report("rules", "a preset needs at least one set of rules")
    }
    if first.effectiveFrom > preset.calendar.genesis {
      report(
        "rules[0].effective-from",
        "no rules hold from the genesis on \(preset.calendar.genesis) until "
          + "\(first.effectiveFrom)")
    }
    unique(preset.rules.map(\.id), "rules")
    for index in preset.rules.indices.dropFirst() {
      let (before, date) = (
        preset.rules[index - 1].effectiveFrom, preset.rules[index].effectiveFrom
      )
      if date <= before {
        report(
          "rules[\(index)].effective-from",
          "dates out of order: \(date) is not after \(before) of the rules before")
      }
    }
  }

  private mutating func check(_ rules: PolicyRules, _ path: String) {
    supply(rules, path)
    var taken: UInt64 = 0
    for share in rules.revenue { taken = taken.addingSaturated(share.perMillion) }
    taken = taken.addingSaturated(rules.endowment?.intakePerMillion ?? 0)
    if taken > 1_000_000 {
      report("\(path).revenue", "the parts taken from revenue add up to \(percent(taken))")
    }
    unique(rules.streams.map(\.name), "\(path).streams")
    for (index, stream) in rules.streams.enumerated() {
      let field = "\(path).streams[\(index)]"
      check(stream, rules, field)
    }
    for (index, sub) in rules.subTokens.enumerated() {
      steps(sub.emission, "\(path).sub-tokens[\(index)].emission")
      check(sub.split, rules, "\(path).sub-tokens[\(index)].split")
    }
    if let endowment = rules.endowment {
      check(endowment.split, rules, "\(path).endowment.split")
    }
    if let lock = rules.lock, lock.shortestEpochs > lock.longestEpochs {
      report("\(path).lock.shortest-epochs", "is longer than the longest lock")
    }
    for (index, named) in rules.slashes.enumerated() where named.slash.depth > Preset.depthLimit {
      report("\(path).slashes[\(index)]", "terms are nested more than \(Preset.depthLimit) deep")
    }
    vote(rules, path)
    credit(rules, path)
  }

  private mutating func supply(_ rules: PolicyRules, _ path: String) {
    guard let cap = rules.supplyCap else { return }
    var total = Amount.zero
    for allocation in preset.allocations {
      guard let sum = try? total.adding(allocation.amount) else {
        return report("allocations", "the allocations do not fit: they add up to too much")
      }
      total = sum
    }
    if total > cap {
      report("\(path).supply-cap", "\(cap) is below what exists at genesis, \(total)")
    }
  }

  private mutating func vote(_ rules: PolicyRules, _ path: String) {
    if let topUp = rules.reEmission?.topUp {
      let isKnown = rules.vote?.candidates.contains(topUp.candidate) ?? false
      if !isKnown {
        report(
          "\(path).re-emission.top-up.candidate", "`\(topUp.candidate)` is no candidate of the vote"
        )
      }
      role(topUp.role, "\(path).re-emission.top-up.role")
    }
    guard let surplus = rules.surplus else { return }
    let stream = rules.streams.first { $0.name == surplus.stream }
    if case .usdTarget? = stream?.form { return }
    report("\(path).surplus.stream", "`\(surplus.stream)` is no stream with a target in dollars")
  }

  private mutating func credit(_ rules: PolicyRules, _ path: String) {
    guard case .vault(let vault) = rules.credit else { return }
    if vault.quantum == 0 { report("\(path).credit.quantum", "must be at least 1") }
    if vault.warnBelowPerMillion < vault.haltBelowPerMillion {
      report("\(path).credit.warn-below", "is below the ratio at which sales halt")
    }
  }

  private mutating func check(_ stream: EmissionStream, _ rules: PolicyRules, _ path: String) {
    check(stream.split, rules, "\(path).split")
    switch stream.form {
    case .steps(let form): steps(form, "\(path).form")
    case .exponential(let form): positive(form.halfLifeEpochs, "\(path).form.half-life-epochs")
    case .geometric(let form): positive(form.epochsPerPeriod, "\(path).form.epochs-per-period")
    case .thresholds, .usdTarget, .taper: break
    case .effectiveTime(let form):
      positive(form.halfLifeEpochs, "\(path).form.half-life-epochs")
      positive(form.doublingEpochs, "\(path).form.doubling-epochs")
      if form.initialBaseline == 0 { report("\(path).form.initial-baseline", "must not be zero") }
    case .filecoin(let form):
      positive(form.chainEpochsPerEpoch, "\(path).form.chain-epochs-per-epoch")
    case .stakingBand(let form):
      positive(form.epochsPerYear, "\(path).form.epochs-per-year")
      positive(form.goalPerMillion, "\(path).form.goal")
      if form.minimumPerMillion > form.maximumPerMillion {
        report("\(path).form.minimum", "is above the maximum")
      }
    }
    let known = buckets(rules)
    for name in stream.from where !known.contains(name) {
      report("\(path).from", "no bucket is called `\(name)`")
    }
  }

  private mutating func positive(_ value: UInt64, _ field: String) {
    if value == 0 { report(field, "must not be zero") }
  }

  private mutating func steps(_ form: StepEmission, _ path: String) {
    for (before, step) in zip(form.steps, form.steps.dropFirst()) where step.from <= before.from {
      return report(path, "dates out of order: \(step.from) is not after \(before.from)")
    }
  }

  private mutating func check(
    _ split: PoolSplit, _ rules: PolicyRules, _ path: String, depth: Int = 1
  ) {
    if depth > Preset.depthLimit {
      return report(path, "pools are nested more than \(Preset.depthLimit) deep")
    }
    var fixed: UInt64 = 0
    for (index, pool) in split.pools.enumerated() {
      let field = "\(path).pools[\(index)]"
      switch pool.portion {
      case .perMillion(let parts), .cappedWork(let parts, _, _):
        fixed = fixed.addingSaturated(parts)
      case .votes(let candidate):
        if !(rules.vote?.candidates.contains(candidate) ?? false) {
          report("\(field).portion", "`\(candidate)` is no candidate of the vote")
        }
      case .usage(let name, _, _): role(name, "\(field).portion")
      case .fixed: break
      }
      recipients(pool.recipients, rules, "\(field).recipients", depth)
      if pool.vests && rules.vesting == nil {
        report("\(field).vests", "the rules have no vesting")
      }
    }
    if fixed > 1_000_000 { report("\(path).pools", "the parts add up to \(percent(fixed))") }
    unique(split.pools.map(\.name), "\(path).pools")
    recipients(split.residualRecipients, rules, "\(path).residual-recipients", depth)
  }

  private mutating func recipients(
    _ recipients: Pool.Recipients, _ rules: PolicyRules, _ path: String, _ depth: Int
  ) {
    switch recipients {
    case .accounts(let name, let weight):
      role(name, path)
      for factor in weight.factors where ![1, 2, 4].contains(factor.root) {
        report("\(path).weight", "a root is 1, 2 or 4, not \(factor.root)")
      }
    case .split(let split): check(split, rules, "\(path).split", depth: depth + 1)
    case .bucket, .burn: break
    }
  }

  private mutating func role(_ name: String, _ field: String) {
    if !preset.roles.contains(name) { report(field, "`\(name)` is none of the preset's roles") }
  }

  /// The buckets that something may fill, by any of the preset's rules.
  private func buckets(_ rules: PolicyRules) -> [String] {
    var names = preset.allocations.filter(\.isReserve).map(\.name)
    for rules in preset.rules {
      for share in rules.revenue { if case .bucket(let name) = share.to { names.append(name) } }
      for stream in rules.streams { names += Self.buckets(stream.split) }
    }
    return names
  }

  private static func buckets(_ split: PoolSplit) -> [String] {
    split.pools.flatMap { pool in
      if case .split(let inner) = pool.recipients { return [pool.name] + buckets(inner) }
      return [pool.name]
    } + [split.residual]
  }

  private mutating func unique(_ names: [String], _ field: String) {
    for (index, name) in names.enumerated() where names[..<index].contains(name) {
      return report(field, "`\(name)` occurs twice")
    }
  }

  private func percent(_ parts: UInt64) -> String { "\(parts / 10_000) %, above 100 %" }

  private mutating func report(_ field: String, _ message: String) {
    problems.append(PresetProblem(field: field, message: message))
  }
}

extension Slash {
  /// How deep its terms are nested.
  fileprivate var depth: Int {
    switch self {
    case .sum(let terms), .largest(let terms), .smallest(let terms):
      1 + (terms.map(\.depth).max() ?? 0)
    default: 1
    }
  }
}
