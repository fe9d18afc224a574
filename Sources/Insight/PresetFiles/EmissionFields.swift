import Economics
import Primitives

/// The fields of emission schedules.
enum EmissionFields {
  private static let names = [
    "steps", "exponential", "geometric", "thresholds", "effective-time", "filecoin",
    "staking-band", "usd-target", "taper",
  ]

  private static func name(_ x: Emission) -> String {
    switch x {
    case .steps: "steps"
    case .exponential: "exponential"
    case .geometric: "geometric"
    case .thresholds: "thresholds"
    case .effectiveTime: "effective-time"
    case .filecoin: "filecoin"
    case .stakingBand: "staking-band"
    case .usdTarget: "usd-target"
    case .taper: "taper"
    }
  }

  private static let epoch = UnixTime(seconds: 0)

  static func emission(_ x: inout Emission, _ a: PresetArchive) throws(PresetFileError) {
    switch try a.choice("kind", name(x), of: names) {
    case "steps":
      var form = if case .steps(let form) = x { form } else { StepEmission([]) }
      try steps(&form, a)
      x = .steps(form)
    case "exponential": try exponential(&x, a)
    case "geometric": try geometric(&x, a)
    case "thresholds": try thresholds(&x, a)
    case "effective-time": try effectiveTime(&x, a)
    case "filecoin": try filecoin(&x, a)
    case "staking-band": try stakingBand(&x, a)
    case "usd-target": try usdTarget(&x, a)
    default: try taper(&x, a)
    }
  }

  static func steps(_ x: inout StepEmission, _ a: PresetArchive) throws(PresetFileError) {
    try a.list("steps", &x.steps, blank: .init(from: epoch, perEpoch: .zero)) {
      (x, a) throws(PresetFileError) in
      try a.time("from", &x.from)
      try a.amount("per-epoch", &x.perEpoch)
    }
  }

  private static func exponential(_ x: inout Emission, _ a: PresetArchive) throws(PresetFileError) {
    var form = ExponentialEmission(pool: .zero, halfLifeEpochs: 1, from: epoch)
    if case .exponential(let present) = x { form = present }
    try a.amount("pool", &form.pool)
    try a.count("half-life-epochs", &form.halfLifeEpochs)
    try a.time("from", &form.from)
    x = .exponential(form)
  }

  private static func geometric(_ x: inout Emission, _ a: PresetArchive) throws(PresetFileError) {
    var form = GeometricEmission(
      first: .zero, ratioPerMillion: 0, epochsPerPeriod: 1, periods: 0, from: epoch)
    if case .geometric(let present) = x { form = present }
    try a.amount("first", &form.first)
    try a.percent("ratio", &form.ratioPerMillion)
    try a.count("epochs-per-period", &form.epochsPerPeriod)
    try a.count("periods", &form.periods, upTo: 10_000)
    try a.count("late-first-cut", &form.lateFirstCut, standard: 0)
    try a.time("from", &form.from)
    x = .geometric(form)
  }

  private static func thresholds(_ x: inout Emission, _ a: PresetArchive) throws(PresetFileError) {
    var form = ThresholdEmission(first: .zero, cap: .zero)
    if case .thresholds(let present) = x { form = present }
    try a.amount("first", &form.first)
    try a.amount("cap", &form.cap)
    x = .thresholds(form)
  }

  private static func effectiveTime(
    _ x: inout Emission, _ a: PresetArchive
  ) throws(PresetFileError) {
    var form = EffectiveTimeEmission(
      simpleTotal: .zero, baselineTotal: .zero, halfLifeEpochs: 1, initialBaseline: 1,
      doublingEpochs: 1, from: epoch)
    if case .effectiveTime(let present) = x { form = present }
    try a.amount("simple-total", &form.simpleTotal)
    try a.amount("baseline-total", &form.baselineTotal)
    try a.count("half-life-epochs", &form.halfLifeEpochs)
    try a.wide("initial-baseline", &form.initialBaseline)
    try a.count("doubling-epochs", &form.doublingEpochs)
    try a.time("from", &form.from)
    try a.count("lead-millionths", &form.leadPerMillion, standard: 0)
    x = .effectiveTime(form)
  }

  private static func filecoin(_ x: inout Emission, _ a: PresetArchive) throws(PresetFileError) {
    var form = FilecoinEmission(simpleTotal: .zero, baselineTotal: .zero, chainEpochsPerEpoch: 1)
    if case .filecoin(let present) = x { form = present }
    try a.amount("simple-total", &form.simpleTotal)
    try a.amount("baseline-total", &form.baselineTotal)
    try a.count("chain-epochs-per-epoch", &form.chainEpochsPerEpoch, upTo: 100_000)
    x = .filecoin(form)
  }

  private static func stakingBand(_ x: inout Emission, _ a: PresetArchive) throws(PresetFileError) {
    var form = StakingBandEmission(
      goalPerMillion: 0, rateChangePerMillion: 0, minimumPerMillion: 0, maximumPerMillion: 0,
      initialPerMillion: 0, epochsPerYear: 1)
    if case .stakingBand(let present) = x { form = present }
    try a.percent("goal", &form.goalPerMillion)
    try a.percent("rate-change", &form.rateChangePerMillion, atMost: 10_000_000)
    try a.percent("minimum", &form.minimumPerMillion, atMost: 10_000_000)
    try a.percent("maximum", &form.maximumPerMillion, atMost: 10_000_000)
    try a.percent("initial", &form.initialPerMillion, atMost: 10_000_000)
    try a.count("epochs-per-year", &form.epochsPerYear)
    x = .stakingBand(form)
  }

  private static func usdTarget(_ x: inout Emission, _ a: PresetArchive) throws(PresetFileError) {
    var form = UsdTargetEmission(creditsPerUnit: .zero, cap: .zero)
    if case .usdTarget(let present) = x { form = present }
    try a.credits("dollars-per-unit", &form.creditsPerUnit)
    try a.amount("cap", &form.cap)
    x = .usdTarget(form)
  }

  private static func taper(_ x: inout Emission, _ a: PresetArchive) throws(PresetFileError) {
    var form = TaperEmission(perEpoch: .zero, flatEpochs: 0, taperEpochs: 0, from: epoch)
    if case .taper(let present) = x { form = present }
    try a.amount("per-epoch", &form.perEpoch)
    try a.count("flat-epochs", &form.flatEpochs)
    try a.count("taper-epochs", &form.taperEpochs)
    try a.time("from", &form.from)
    x = .taper(form)
  }
}
