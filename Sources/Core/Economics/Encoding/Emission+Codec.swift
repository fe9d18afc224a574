import Primitives

// Emission schedules on the wire.
extension Emission {
  private var wireCase: UInt8 {
    switch self {
    case .steps: 0
    case .exponential: 1
    case .geometric: 2
    case .thresholds: 3
    case .effectiveTime: 4
    case .filecoin: 5
    case .stakingBand: 6
    case .usdTarget: 7
    case .taper: 8
    }
  }

  private static let epoch = UnixTime(seconds: 0)

  static func fields(_ x: inout Emission, _ a: inout RuleArchive) throws(CodecError) {
    switch try a.choice(x.wireCase, of: 9, type: "Emission") {
    case 0:
      var form = if case .steps(let form) = x { form } else { StepEmission([]) }
      try StepEmission.fields(&form, &a)
      x = .steps(form)
    case 1: try exponential(&x, &a)
    case 2: try geometric(&x, &a)
    case 3:
      var form = ThresholdEmission(first: .zero, cap: .zero)
      if case .thresholds(let present) = x { form = present }
      try a.value(&form.first)
      try a.value(&form.cap)
      x = .thresholds(form)
    case 4: try effectiveTime(&x, &a)
    case 5:
      var form = FilecoinEmission(simpleTotal: .zero, baselineTotal: .zero, chainEpochsPerEpoch: 1)
      if case .filecoin(let present) = x { form = present }
      try a.value(&form.simpleTotal)
      try a.value(&form.baselineTotal)
      try a.value(&form.chainEpochsPerEpoch)
      x = .filecoin(form)
    case 6: try stakingBand(&x, &a)
    case 7:
      var form = UsdTargetEmission(creditsPerUnit: .zero, cap: .zero)
      if case .usdTarget(let present) = x { form = present }
      try a.value(&form.creditsPerUnit)
      try a.value(&form.cap)
      x = .usdTarget(form)
    default: try taper(&x, &a)
    }
  }

  private static func exponential(
    _ x: inout Emission, _ a: inout RuleArchive
  ) throws(CodecError) {
    var form = ExponentialEmission(pool: .zero, halfLifeEpochs: 1, from: epoch)
    if case .exponential(let present) = x { form = present }
    try a.value(&form.pool)
    try a.value(&form.halfLifeEpochs)
    try a.time(&form.from)
    x = .exponential(form)
  }

  private static func geometric(_ x: inout Emission, _ a: inout RuleArchive) throws(CodecError) {
    var form = GeometricEmission(
      first: .zero, ratioPerMillion: 0, epochsPerPeriod: 1, periods: 0, from: epoch)
    if case .geometric(let present) = x { form = present }
    try a.value(&form.first)
    try a.value(&form.ratioPerMillion)
    try a.value(&form.epochsPerPeriod)
    try a.value(&form.periods)
    try a.value(&form.lateFirstCut)
    try a.time(&form.from)
    x = .geometric(form)
  }

  private static func effectiveTime(
    _ x: inout Emission, _ a: inout RuleArchive
  ) throws(CodecError) {
    var form = EffectiveTimeEmission(
      simpleTotal: .zero, baselineTotal: .zero, halfLifeEpochs: 1, initialBaseline: 1,
      doublingEpochs: 1, from: epoch)
    if case .effectiveTime(let present) = x { form = present }
    try a.value(&form.simpleTotal)
    try a.value(&form.baselineTotal)
    try a.value(&form.halfLifeEpochs)
    try a.value(&form.initialBaseline)
    try a.value(&form.doublingEpochs)
    try a.time(&form.from)
    try a.value(&form.leadPerMillion)
    x = .effectiveTime(form)
  }

  private static func stakingBand(
    _ x: inout Emission, _ a: inout RuleArchive
  ) throws(CodecError) {
    var form = StakingBandEmission(
      goalPerMillion: 0, rateChangePerMillion: 0, minimumPerMillion: 0, maximumPerMillion: 0,
      initialPerMillion: 0, epochsPerYear: 1)
    if case .stakingBand(let present) = x { form = present }
    try a.value(&form.goalPerMillion)
    try a.value(&form.rateChangePerMillion)
    try a.value(&form.minimumPerMillion)
    try a.value(&form.maximumPerMillion)
    try a.value(&form.initialPerMillion)
    try a.value(&form.epochsPerYear)
    x = .stakingBand(form)
  }

  private static func taper(_ x: inout Emission, _ a: inout RuleArchive) throws(CodecError) {
    var form = TaperEmission(perEpoch: .zero, flatEpochs: 0, taperEpochs: 0, from: epoch)
    if case .taper(let present) = x { form = present }
    try a.value(&form.perEpoch)
    try a.value(&form.flatEpochs)
    try a.value(&form.taperEpochs)
    try a.time(&form.from)
    x = .taper(form)
  }
}

extension StepEmission {
  static func fields(_ x: inout StepEmission, _ a: inout RuleArchive) throws(CodecError) {
    try a.list(&x.steps, blank: Step(from: UnixTime(seconds: 0), perEpoch: .zero)) {
      (x, a) throws(CodecError) in
      try a.time(&x.from)
      try a.value(&x.perEpoch)
    }
  }
}
