import Primitives

// The other primitives on the wire.
extension CreditRule {
  static func fields(_ x: inout CreditRule, _ a: inout RuleArchive) throws(CodecError) {
    var sink = SinkCredit(confidenceMultiple: 0)
    var vault = VaultCredit(
      quantum: 1, shortfall: .mint, haltBelowPerMillion: 0, warnBelowPerMillion: 0)
    var kind: UInt8 = 0
    switch x {
    case .direct: break
    case .sinkOnly(let present): (kind, sink) = (1, present)
    case .vault(let present): (kind, vault) = (2, present)
    }
    switch try a.choice(kind, of: 3, type: "CreditRule") {
    case 0: x = .direct
    case 1:
      try a.value(&sink.confidenceMultiple)
      x = .sinkOnly(sink)
    default:
      try a.value(&vault.quantum)
      let shortfall: UInt8 = vault.shortfall == .mint ? 0 : 1
      vault.shortfall =
        try a.choice(shortfall, of: 2, type: "VaultCredit.Shortfall") == 0 ? .mint : .proRata
      try a.value(&vault.haltBelowPerMillion)
      try a.value(&vault.warnBelowPerMillion)
      x = .vault(vault)
    }
  }
}

extension RevenueShare {
  static func fields(_ x: inout RevenueShare, _ a: inout RuleArchive) throws(CodecError) {
    try a.value(&x.perMillion)
    var bucket = ""
    var kind: UInt8 = 0
    if case .bucket(let name) = x.to { (kind, bucket) = (1, name) }
    if try a.choice(kind, of: 2, type: "RevenueShare.Destination") == 0 {
      x.to = .burn
    } else {
      try a.text(&bucket)
      x.to = .bucket(bucket)
    }
  }
}

extension StakeRule {
  static func fields(_ x: inout StakeRule, _ a: inout RuleArchive) throws(CodecError) {
    var amount = Amount.zero
    var pledge = Pledge(
      rewardEpochs: 0, supplyPerMillion: 0, gammaPerMillion: 0, cap: .zero, capUnits: 1)
    var kind: UInt8 = 0
    switch x {
    case .perUnit(let present): amount = present
    case .pledge(let present): (kind, pledge) = (1, present)
    }
    if try a.choice(kind, of: 2, type: "StakeRule") == 0 {
      try a.value(&amount)
      x = .perUnit(amount: amount)
      return
    }
    try a.value(&pledge.rewardEpochs)
    try a.value(&pledge.supplyPerMillion)
    try a.value(&pledge.gammaPerMillion)
    try a.value(&pledge.cap)
    try a.value(&pledge.capUnits)
    x = .pledge(pledge)
  }
}

extension Slash {
  static func fields(_ x: inout Slash, _ a: inout RuleArchive) throws(CodecError) {
    var (kind, number, epochs) = (UInt8(0), UInt64(0), UInt64(0))
    var (amount, terms) = (Amount.zero, [Slash]())
    switch x {
    case .rewardHundredths(let hundredths): number = hundredths
    case .stakePerMillion(let parts): (kind, number) = (1, parts)
    case .stakeByAge(let parts, let full): (kind, number, epochs) = (2, parts, full)
    case .fixed(let fixed): (kind, amount) = (3, fixed)
    case .sum(let all): (kind, terms) = (4, all)
    case .largest(let all): (kind, terms) = (5, all)
    case .smallest(let all): (kind, terms) = (6, all)
    }
    kind = try a.choice(kind, of: 7, type: "Slash")
    switch kind {
    case 0...1:
      try a.value(&number)
      x = kind == 0 ? .rewardHundredths(number) : .stakePerMillion(number)
    case 2:
      try a.value(&number)
      try a.value(&epochs)
      x = .stakeByAge(perMillion: number, fullAfter: epochs)
    case 3:
      try a.value(&amount)
      x = .fixed(amount)
    default:
      try a.list(&terms, blank: .fixed(.zero), fields)
      x = kind == 4 ? .sum(terms) : kind == 5 ? .largest(terms) : .smallest(terms)
    }
  }
}

extension Endowment {
  static func fields(_ x: inout Endowment, _ a: inout RuleArchive) throws(CodecError) {
    var (kind, rate, paid, year) = (UInt8(0), UInt64(0), UInt64(0), UInt64(1))
    var (cost, latch) = (Credits.zero, UInt64(0))
    switch x {
    case .exponential(let r, let p, let y): (rate, paid, year) = (r, p, y)
    case .linear(let epochs): (kind, year) = (1, epochs)
    case .solvency(let c, let l): (kind, cost, latch) = (2, c, l)
    }
    switch try a.choice(kind, of: 3, type: "Endowment") {
    case 0:
      try a.value(&rate)
      try a.value(&paid)
      try a.value(&year)
      x = .exponential(ratePerMillionYear: rate, paidPerMillion: paid, epochsPerYear: year)
    case 1:
      try a.value(&year)
      x = .linear(epochs: year)
    default:
      try a.value(&cost)
      try a.value(&latch)
      x = .solvency(costPerEpoch: cost, latchPerMillion: latch)
    }
  }
}

extension Breaker {
  static func fields(_ x: inout Breaker, _ a: inout RuleArchive) throws(CodecError) {
    try a.value(&x.windowEpochs)
    try a.value(&x.perMillion)
  }
}
