import Economics
import Primitives

/// The fields of a preset and of its rules, each described once for reading and writing.
enum PresetFields {
  static func preset(_ x: inout Preset, _ a: PresetArchive) throws(PresetFileError) {
    try a.text("name", &x.name)
    try a.text("title", &x.title)
    try a.text("symbol", &x.symbol)
    try a.time("genesis", &x.calendar.genesis)
    try a.count("epoch-seconds", &x.calendar.epochSeconds, upTo: 100_000_000)
    try a.text("capacity-unit", &x.capacityUnit)
    try a.text("work-unit", &x.workUnit)
    try a.texts("roles", &x.roles)
    try a.list("allocations", &x.allocations, blank: .init("", .zero)) {
      (x, a) throws(PresetFileError) in
      try a.text("name", &x.name)
      try a.amount("amount", &x.amount)
      try a.count("linear-epochs", &x.linearEpochs, standard: 0)
      try a.count("start-epoch", &x.startEpoch, standard: 0)
      try a.flag("reserve", &x.isReserve)
    }
    let blank = PolicyRules(id: "", effectiveFrom: UnixTime(seconds: 0), summary: "")
    try a.list("rules", &x.rules, blank: blank, rules)
  }

  private static func rules(_ x: inout PolicyRules, _ a: PresetArchive) throws(PresetFileError) {
    try a.text("id", &x.id)
    try a.time("effective-from", &x.effectiveFrom)
    try a.text("summary", &x.summary)
    try a.texts("uncertain", &x.uncertain)
    try a.optionalAmount("known-circulating", &x.knownCirculating)
    try a.optionalAmount("supply-cap", &x.supplyCap)
    try a.nested("credit", &x.credit, PrimitiveFields.credit)
    try a.list("revenue", &x.revenue, blank: RevenueShare(perMillion: 0, to: .burn), revenue)
    let empty = PoolSplit([], residual: "")
    let stream = EmissionStream("", .steps(StepEmission([])), split: empty)
    try a.list("streams", &x.streams, blank: stream) { (x, a) throws(PresetFileError) in
      try a.text("name", &x.name)
      try a.texts("from", &x.from)
      try a.nested("form", &x.form, EmissionFields.emission)
      try a.nested("split", &x.split, split)
    }
    try a.optional(
      "re-emission", &x.reEmission, blank: ReEmission(smoothingEpochs: 1, cap: .zero), reEmission)
    let vote = VoteRule(candidates: [], weight: Weight([]), smoothingEpochs: 1)
    try a.optional("vote", &x.vote, blank: vote) { (x, a) throws(PresetFileError) in
      try a.texts("candidates", &x.candidates)
      try a.nested("weight", &x.weight, PrimitiveFields.weight)
      try a.count("smoothing-epochs", &x.smoothingEpochs)
    }
    try fees(&x, a)
    try stakes(&x, a)
    try a.optional("vesting", &x.vesting, blank: Vesting(lockedPerMillion: 0, epochs: 1)) {
      (x, a) throws(PresetFileError) in
      try a.percent("locked", &x.lockedPerMillion)
      try a.count("epochs", &x.epochs)
    }
    let endowment = EndowmentRule(.linear(epochs: 1), intakePerMillion: 0, split: empty)
    try a.optional("endowment", &x.endowment, blank: endowment) { (x, a) throws(PresetFileError) in
      try a.nested("form", &x.form, PrimitiveFields.endowment)
      try a.percent("intake", &x.intakePerMillion)
      try a.nested("split", &x.split, split)
    }
    try a.optional("lock", &x.lock, blank: PrimitiveFields.blankLock, PrimitiveFields.lock)
    try treasuries(&x, a)
  }

  private static func revenue(_ x: inout RevenueShare, _ a: PresetArchive) throws(PresetFileError) {
    try a.percent("part", &x.perMillion)
    var bucket = if case .bucket(let name) = x.to { name } else { "" }
    let to = try a.choice("to", bucket.isEmpty ? "burn" : "bucket", of: ["burn", "bucket"])
    guard to == "bucket" else {
      x.to = .burn
      return
    }
    try a.text("bucket", &bucket)
    x.to = .bucket(bucket)
  }

  private static func reEmission(_ x: inout ReEmission, _ a: PresetArchive) throws(PresetFileError)
  {
    try a.count("smoothing-epochs", &x.smoothingEpochs)
    try a.amount("cap", &x.cap)
    let blank = ReEmission.TopUp(
      creditsPerUnit: .zero, targetPerMillion: 0, role: "", candidate: "", poolPerMillion: 0)
    try a.optional("top-up", &x.topUp, blank: blank) { (x, a) throws(PresetFileError) in
      try a.credits("dollars-per-unit", &x.creditsPerUnit)
      try a.percent("target", &x.targetPerMillion, atMost: 100_000_000)
      try a.text("role", &x.role)
      try a.text("candidate", &x.candidate)
      try a.percent("pool", &x.poolPerMillion)
    }
  }

  private static func fees(_ x: inout PolicyRules, _ a: PresetArchive) throws(PresetFileError) {
    let fee = BaseFee(minimum: .zero, target: 1, maximumChangeDivisor: 8)
    try a.optional("base-fee", &x.baseFee, blank: fee) { (x, a) throws(PresetFileError) in
      try a.amount("minimum", &x.minimum)
      try a.wide("target", &x.target)
      try a.count("maximum-change-divisor", &x.maximumChangeDivisor)
    }
    let capacity = CapacityFee(numerator: 0, denominator: 1, rewardCapPerMillion: 0)
    try a.optional("capacity-fee", &x.capacityFee, blank: capacity) {
      (x, a) throws(PresetFileError) in
      try a.wide("numerator", &x.numerator)
      try a.wide("denominator", &x.denominator)
      try a.percent("reward-cap", &x.rewardCapPerMillion)
    }
    let surplus = SurplusBuyBack(stream: "", perMillion: 0)
    try a.optional("surplus", &x.surplus, blank: surplus) { (x, a) throws(PresetFileError) in
      try a.text("stream", &x.stream)
      try a.percent("burned", &x.perMillion)
    }
  }

  private static func stakes(_ x: inout PolicyRules, _ a: PresetArchive) throws(PresetFileError) {
    try a.optional(
      "stake", &x.stake, blank: .perUnit(amount: .zero), PrimitiveFields.stake)
    try a.flag("stake-is-enforced", &x.stakeIsEnforced)
    try a.count("stake-cooldown-epochs", &x.stakeCooldownEpochs, standard: 0)
    try a.list("slashes", &x.slashes, blank: NamedSlash("", .fixed(.zero))) {
      (x, a) throws(PresetFileError) in
      try a.text("name", &x.name)
      try a.nested("slash", &x.slash, PrimitiveFields.slash)
    }
  }

  private static func treasuries(
    _ x: inout PolicyRules, _ a: PresetArchive
  ) throws(PresetFileError) {
    try a.optional("redemption", &x.redemption, blank: Redemption(curvature: 0)) {
      (x, a) throws(PresetFileError) in
      try a.count("curvature", &x.curvature, upTo: 16)
    }
    let breaker = Breaker(windowEpochs: 1, perMillion: 0)
    try a.optional(
      "redemption-breaker", &x.redemptionBreaker, blank: breaker, PrimitiveFields.breaker)
    try a.optional("mint-breaker", &x.mintBreaker, blank: breaker, PrimitiveFields.breaker)
    let sub = SubToken(
      "", premine: .zero, emission: StepEmission([]), split: PoolSplit([], residual: ""),
      treasury: "")
    try a.list("sub-tokens", &x.subTokens, blank: sub) { (x, a) throws(PresetFileError) in
      try a.text("name", &x.name)
      try a.amount("premine", &x.premine)
      try a.nested("emission", &x.emission, EmissionFields.steps)
      try a.nested("split", &x.split, split)
      try a.text("treasury", &x.treasury)
    }
  }

  // Pools

  static func split(_ x: inout PoolSplit, _ a: PresetArchive) throws(PresetFileError) {
    try a.list("pools", &x.pools, blank: Pool("", .perMillion(0), .bucket)) {
      (x, a) throws(PresetFileError) in
      try a.text("name", &x.name)
      try a.nested("portion", &x.portion, portion)
      try a.nested("recipients", &x.recipients, recipients)
      try a.flag("vests", &x.vests)
    }
    try a.text("residual", &x.residual)
    var residual: Pool.Recipients? = x.residualRecipients == .bucket ? nil : x.residualRecipients
    try a.optional("residual-recipients", &residual, blank: .bucket, recipients)
    x.residualRecipients = residual ?? .bucket
  }

  private static func portion(_ x: inout Pool.Portion, _ a: PresetArchive) throws(PresetFileError) {
    var (parts, most, amount) = (UInt64(0), UInt64(0), Amount.zero)
    var (name, credits, current) = ("", Credits.zero, "")
    switch x {
    case .perMillion(let p): (current, parts) = ("part", p)
    case .fixed(let p): (current, amount) = ("fixed", p)
    case .votes(let p): (current, name) = ("votes", p)
    case .usage(let r, let p, let m): (current, name, parts, most) = ("usage", r, p, m)
    case .cappedWork(let p, let r, let c):
      (current, parts, name, credits) = ("capped-work", p, r, c)
    }
    let kinds = ["part", "fixed", "votes", "usage", "capped-work"]
    switch try a.choice("kind", current, of: kinds) {
    case "part":
      try a.percent("part", &parts)
      x = .perMillion(parts)
    case "fixed":
      try a.amount("amount", &amount)
      x = .fixed(amount)
    case "votes":
      try a.text("candidate", &name)
      x = .votes(candidate: name)
    case "usage":
      try a.text("role", &name)
      try a.percent("of-usage", &parts, atMost: 100_000_000)
      try a.percent("at-most", &most)
      x = .usage(role: name, perMillion: parts, atMostPerMillion: most)
    default:
      try a.percent("part", &parts)
      try a.text("role", &name)
      try a.credits("dollars-per-unit", &credits)
      x = .cappedWork(perMillion: parts, role: name, creditsPerUnit: credits)
    }
  }

  private static func recipients(
    _ x: inout Pool.Recipients, _ a: PresetArchive
  ) throws(PresetFileError) {
    var (current, role, weight) = ("bucket", "", Weight([]))
    var inner = PoolSplit([], residual: "")
    switch x {
    case .bucket: break
    case .burn: current = "burn"
    case .accounts(let r, let w): (current, role, weight) = ("accounts", r, w)
    case .split(let s): (current, inner) = ("split", s)
    }
    switch try a.choice("to", current, of: ["bucket", "burn", "accounts", "split"]) {
    case "bucket": x = .bucket
    case "burn": x = .burn
    case "accounts":
      try a.text("role", &role)
      try a.nested("weight", &weight, PrimitiveFields.weight)
      x = .accounts(role: role, weight: weight)
    default:
      try a.nested("split", &inner, split)
      x = .split(inner)
    }
  }
}
