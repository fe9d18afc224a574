import Primitives

/// A preset's one encoding: calendar, roles, allocations and dated rules, as a genesis has them.
extension Preset: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    var archive = RuleArchive()
    var copy = self
    do throws(CodecError) {
      try copy.fields(&archive)
    } catch {
      preconditionFailure("writing rules throws nothing: \(error)")
    }
    encoder.append(raw: archive.encoder.bytes)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    var archive = RuleArchive(decoder)
    self.init(
      name: "", title: "", symbol: "",
      calendar: EpochCalendar(genesis: UnixTime(seconds: 0), epochSeconds: 1), capacityUnit: "",
      workUnit: "", roles: [], allocations: [], rules: [])
    try fields(&archive)
    if let rest = archive.rest { decoder = rest }
  }

  private mutating func fields(_ a: inout RuleArchive) throws(CodecError) {
    try a.text(&name)
    try a.text(&title)
    try a.text(&symbol)
    try a.time(&calendar.genesis)
    try a.value(&calendar.epochSeconds)
    try a.text(&capacityUnit)
    try a.text(&workUnit)
    try a.texts(&roles)
    try a.list(&allocations, blank: Allocation("", .zero)) { (x, a) throws(CodecError) in
      try a.text(&x.name)
      try a.value(&x.amount)
      try a.value(&x.linearEpochs)
      try a.value(&x.startEpoch)
      try a.flag(&x.isReserve)
    }
    let blank = PolicyRules(id: "", effectiveFrom: UnixTime(seconds: 0), summary: "")
    try a.list(&rules, blank: blank, PolicyRules.fields)
  }
}

extension PolicyRules {
  fileprivate static func fields(
    _ x: inout PolicyRules, _ a: inout RuleArchive
  ) throws(CodecError) {
    try a.text(&x.id)
    try a.time(&x.effectiveFrom)
    try a.text(&x.summary)
    try a.texts(&x.uncertain)
    try a.optional(&x.knownCirculating, blank: .zero)
    try a.optional(&x.supplyCap, blank: .zero)
    try CreditRule.fields(&x.credit, &a)
    try a.list(&x.revenue, blank: RevenueShare(perMillion: 0, to: .burn), RevenueShare.fields)
    let empty = PoolSplit([], residual: "")
    let stream = EmissionStream("", .steps(StepEmission([])), split: empty)
    try a.list(&x.streams, blank: stream) { (x, a) throws(CodecError) in
      try a.text(&x.name)
      try Emission.fields(&x.form, &a)
      try a.texts(&x.from)
      try PoolSplit.fields(&x.split, &a)
    }
    try feedback(&x, &a)
    try fees(&x, &a)
    try stakes(&x, &a)
    try a.optional(&x.vesting, blank: Vesting(lockedPerMillion: 0, epochs: 1)) {
      (x, a) throws(CodecError) in
      try a.value(&x.lockedPerMillion)
      try a.value(&x.epochs)
    }
    let endowment = EndowmentRule(.linear(epochs: 1), intakePerMillion: 0, split: empty)
    try a.optional(&x.endowment, blank: endowment) { (x, a) throws(CodecError) in
      try Endowment.fields(&x.form, &a)
      try a.value(&x.intakePerMillion)
      try PoolSplit.fields(&x.split, &a)
    }
    try treasuries(&x, &a)
  }

  private static func feedback(
    _ x: inout PolicyRules, _ a: inout RuleArchive
  ) throws(CodecError) {
    try a.optional(&x.reEmission, blank: ReEmission(smoothingEpochs: 1, cap: .zero)) {
      (x, a) throws(CodecError) in
      try a.value(&x.smoothingEpochs)
      try a.value(&x.cap)
      let blank = ReEmission.TopUp(
        creditsPerUnit: .zero, targetPerMillion: 0, role: "", candidate: "", poolPerMillion: 0)
      try a.optional(&x.topUp, blank: blank) { (x, a) throws(CodecError) in
        try a.value(&x.creditsPerUnit)
        try a.value(&x.targetPerMillion)
        try a.text(&x.role)
        try a.text(&x.candidate)
        try a.value(&x.poolPerMillion)
      }
    }
    let vote = VoteRule(candidates: [], weight: Weight([]), smoothingEpochs: 1)
    try a.optional(&x.vote, blank: vote) { (x, a) throws(CodecError) in
      try a.texts(&x.candidates)
      try Weight.fields(&x.weight, &a)
      try a.value(&x.smoothingEpochs)
    }
  }

  private static func fees(_ x: inout PolicyRules, _ a: inout RuleArchive) throws(CodecError) {
    let fee = BaseFee(minimum: .zero, target: 1, maximumChangeDivisor: 8)
    try a.optional(&x.baseFee, blank: fee) { (x, a) throws(CodecError) in
      try a.value(&x.minimum)
      try a.value(&x.target)
      try a.value(&x.maximumChangeDivisor)
    }
    let capacity = CapacityFee(numerator: 0, denominator: 1, rewardCapPerMillion: 0)
    try a.optional(&x.capacityFee, blank: capacity) { (x, a) throws(CodecError) in
      try a.value(&x.numerator)
      try a.value(&x.denominator)
      try a.value(&x.rewardCapPerMillion)
    }
    try a.optional(&x.surplus, blank: SurplusBuyBack(stream: "", perMillion: 0)) {
      (x, a) throws(CodecError) in
      try a.text(&x.stream)
      try a.value(&x.perMillion)
    }
  }

  private static func stakes(_ x: inout PolicyRules, _ a: inout RuleArchive) throws(CodecError) {
    try a.optional(&x.stake, blank: .perUnit(amount: .zero), StakeRule.fields)
    try a.flag(&x.stakeIsEnforced)
    try a.value(&x.stakeCooldownEpochs)
    try a.list(&x.slashes, blank: NamedSlash("", .fixed(.zero))) { (x, a) throws(CodecError) in
      try a.text(&x.name)
      try Slash.fields(&x.slash, &a)
    }
  }

  private static func treasuries(
    _ x: inout PolicyRules, _ a: inout RuleArchive
  ) throws(CodecError) {
    let lock = Lock(
      minimum: .zero, shortestEpochs: 0, longestEpochs: 1, shortestPerMillion: 0,
      longestPerMillion: 0)
    try a.optional(&x.lock, blank: lock) { (x, a) throws(CodecError) in
      try a.value(&x.minimum)
      try a.value(&x.shortestEpochs)
      try a.value(&x.longestEpochs)
      try a.value(&x.shortestPerMillion)
      try a.value(&x.longestPerMillion)
      try a.value(&x.bonusPerMillion)
      try a.time(&x.bonusUntil)
    }
    try a.optional(&x.redemption, blank: Redemption(curvature: 0)) { (x, a) throws(CodecError) in
      try a.value(&x.curvature)
    }
    let breaker = Breaker(windowEpochs: 1, perMillion: 0)
    try a.optional(&x.redemptionBreaker, blank: breaker, Breaker.fields)
    try a.optional(&x.mintBreaker, blank: breaker, Breaker.fields)
    let sub = SubToken(
      "", premine: .zero, emission: StepEmission([]), split: PoolSplit([], residual: ""),
      treasury: "")
    try a.list(&x.subTokens, blank: sub) { (x, a) throws(CodecError) in
      try a.text(&x.name)
      try a.value(&x.premine)
      try StepEmission.fields(&x.emission, &a)
      try PoolSplit.fields(&x.split, &a)
      try a.text(&x.treasury)
    }
  }
}
