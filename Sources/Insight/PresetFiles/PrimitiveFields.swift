import Economics
import Primitives

/// The fields of the other primitives.
enum PrimitiveFields {
  /// Multipliers and multiples may be above 100 %, to this.
  private static let multiple: UInt64 = 1_000_000_000_000

  static func credit(_ x: inout CreditRule, _ a: PresetArchive) throws(PresetFileError) {
    var sink = SinkCredit(confidenceMultiple: 0)
    var vault = VaultCredit(
      quantum: 1, shortfall: .mint, haltBelowPerMillion: 0, warnBelowPerMillion: 0)
    var current = "direct"
    switch x {
    case .direct: break
    case .sinkOnly(let present): (current, sink) = ("sink-only", present)
    case .vault(let present): (current, vault) = ("vault", present)
    }
    switch try a.choice("kind", current, of: ["sink-only", "vault", "direct"]) {
    case "sink-only":
      try a.count("confidence-multiple", &sink.confidenceMultiple, upTo: 100)
      x = .sinkOnly(sink)
    case "vault":
      try a.wide("quantum", &vault.quantum)
      let names = VaultCredit.Shortfall.allCases.map(\.rawValue)
      let shortfall = try a.choice("shortfall", vault.shortfall.rawValue, of: names)
      vault.shortfall = VaultCredit.Shortfall(rawValue: shortfall) ?? .mint
      try a.percent("halt-below", &vault.haltBelowPerMillion)
      try a.percent("warn-below", &vault.warnBelowPerMillion, atMost: 10_000_000)
      x = .vault(vault)
    default: x = .direct
    }
  }

  static func weight(_ x: inout Weight, _ a: PresetArchive) throws(PresetFileError) {
    try a.list("factors", &x.factors, blank: Weight.Factor(.equal)) {
      (x, a) throws(PresetFileError) in
      let names = Weight.Measure.allCases.map(\.rawValue)
      let name = try a.choice("measure", x.measure.rawValue, of: names)
      x.measure = Weight.Measure(rawValue: name) ?? .equal
      try a.count("root", &x.root, upTo: 4, standard: 1)
      try a.percent("minimum", &x.minimumPerMillion, atMost: multiple, standard: 0)
    }
    try a.count("counts-from", &x.countsFrom, standard: 0)
  }

  static func breaker(_ x: inout Breaker, _ a: PresetArchive) throws(PresetFileError) {
    try a.count("window-epochs", &x.windowEpochs)
    try a.percent("allowance", &x.perMillion, atMost: multiple)
  }

  static let blankLock = Lock(
    minimum: .zero, shortestEpochs: 0, longestEpochs: 1, shortestPerMillion: 0,
    longestPerMillion: 0)

  static func lock(_ x: inout Lock, _ a: PresetArchive) throws(PresetFileError) {
    try a.amount("minimum", &x.minimum)
    try a.count("shortest-epochs", &x.shortestEpochs)
    try a.count("longest-epochs", &x.longestEpochs)
    try a.percent("shortest-votes", &x.shortestPerMillion, atMost: multiple)
    try a.percent("longest-votes", &x.longestPerMillion, atMost: multiple)
    try a.percent("bonus", &x.bonusPerMillion, atMost: multiple, standard: 1_000_000)
    try a.time("bonus-until", &x.bonusUntil, standard: UnixTime(seconds: 0))
  }

  static func stake(_ x: inout StakeRule, _ a: PresetArchive) throws(PresetFileError) {
    var amount = Amount.zero
    var pledge = StakeRule.Pledge(
      rewardEpochs: 0, supplyPerMillion: 0, gammaPerMillion: 0, cap: .zero, capUnits: 1)
    var current = "per-unit"
    switch x {
    case .perUnit(let present): amount = present
    case .pledge(let present): (current, pledge) = ("pledge", present)
    }
    if try a.choice("kind", current, of: ["per-unit", "pledge"]) == "per-unit" {
      try a.amount("amount", &amount)
      x = .perUnit(amount: amount)
      return
    }
    try a.count("reward-epochs", &pledge.rewardEpochs)
    try a.percent("supply", &pledge.supplyPerMillion)
    try a.percent("gamma", &pledge.gammaPerMillion)
    try a.amount("cap", &pledge.cap)
    try a.wide("cap-units", &pledge.capUnits)
    x = .pledge(pledge)
  }

  static func slash(_ x: inout Slash, _ a: PresetArchive) throws(PresetFileError) {
    var (current, hundredths, parts, epochs) = ("fixed", UInt64(0), UInt64(0), UInt64(0))
    var (amount, terms) = (Amount.zero, [Slash]())
    switch x {
    case .rewardHundredths(let n): (current, hundredths) = ("reward", n)
    case .stakePerMillion(let p): (current, parts) = ("stake", p)
    case .stakeByAge(let p, let e): (current, parts, epochs) = ("stake-by-age", p, e)
    case .fixed(let f): amount = f
    case .sum(let t): (current, terms) = ("sum", t)
    case .largest(let t): (current, terms) = ("largest", t)
    case .smallest(let t): (current, terms) = ("smallest", t)
    }
    let kinds = ["reward", "stake", "stake-by-age", "fixed", "sum", "largest", "smallest"]
    let kind = try a.choice("kind", current, of: kinds)
    switch kind {
    case "reward":
      try a.count("hundredths-of-epoch", &hundredths)
      x = .rewardHundredths(hundredths)
    case "stake":
      try a.percent("part", &parts)
      x = .stakePerMillion(parts)
    case "stake-by-age":
      try a.percent("part", &parts)
      try a.count("full-after-epochs", &epochs)
      x = .stakeByAge(perMillion: parts, fullAfter: epochs)
    case "fixed":
      try a.amount("amount", &amount)
      x = .fixed(amount)
    default:
      try a.list("terms", &terms, blank: .fixed(.zero), slash)
      x = kind == "sum" ? .sum(terms) : kind == "largest" ? .largest(terms) : .smallest(terms)
    }
  }

  static func endowment(_ x: inout Endowment, _ a: PresetArchive) throws(PresetFileError) {
    var (current, rate, paid, year) = ("linear", UInt64(0), UInt64(0), UInt64(1))
    var (epochs, cost, latch) = (UInt64(1), Credits.zero, UInt64(1_000_000))
    switch x {
    case .linear(let e): epochs = e
    case .exponential(let r, let p, let y): (current, rate, paid, year) = ("exponential", r, p, y)
    case .solvency(let c, let l): (current, cost, latch) = ("solvency", c, l)
    }
    switch try a.choice("kind", current, of: ["exponential", "linear", "solvency"]) {
    case "exponential":
      try a.percent("rate-a-year", &rate, atMost: 100_000_000)
      try a.percent("paid", &paid)
      try a.count("epochs-per-year", &year)
      x = .exponential(ratePerMillionYear: rate, paidPerMillion: paid, epochsPerYear: year)
    case "linear":
      try a.count("epochs", &epochs)
      x = .linear(epochs: epochs)
    default:
      try a.credits("dollars-per-epoch", &cost)
      try a.percent("latch", &latch, atMost: multiple)
      x = .solvency(costPerEpoch: cost, latchPerMillion: latch)
    }
  }
}
