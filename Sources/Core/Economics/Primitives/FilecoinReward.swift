import Primitives

/// Filecoin's block reward, in the chain's own arithmetic: epochs of 30 s, numbers with 128 bits
/// behind the point, every shift and quotient rounded towards minus infinity.
///
/// Bit for bit the reward actor's: the vectors in
/// `builtin-actors_Test{Simple,Baseline}Reward.golden` are its test. Source:
/// filecoin-project/builtin-actors, actors/reward (algorithm and constants).
package struct FilecoinReward: Hashable, Sendable {
  /// What simple minting gives in all, and baseline minting.
  package var simpleTotal: Amount
  package var baselineTotal: Amount
  /// The epoch whose reward was computed last.
  package private(set) var epoch: UInt64 = 0
  /// Σ min(power, baseline), in byte-epochs.
  package private(set) var realized: UInt128 = 0
  /// What `realized` has to pass for effective network time to go on.
  package private(set) var target: UInt128 = 0
  /// Effective network time θ, rounded up.
  package private(set) var effectiveTime: UInt64 = 0
  /// The baseline at effective time, and now.
  package private(set) var effectiveBaseline = Self.initialBaseline
  package private(set) var baseline: UInt128
  /// What all expected leaders of the epoch earn together.
  package private(set) var reward: Amount = .zero

  /// The state of epoch 0 in a network with so much power.
  /// - Throws: ``ArithmeticError/overflow``.
  package init(
    simpleTotal: Amount, baselineTotal: Amount, power: UInt128
  ) throws(ArithmeticError) {
    self.simpleTotal = simpleTotal
    self.baselineTotal = baselineTotal
    // The baseline one epoch before the first.
    baseline = try Int512(Self.initialBaseline).shiftedLeft(256)
      .dividedFloor(by: Self.baselineGrowth).shiftedRightFloor(128).asUInt128()
    try update(power)
  }

  /// Goes to the next epoch of a network with `power` bytes; its reward is then in ``reward``.
  /// - Throws: ``ArithmeticError/overflow``.
  package mutating func advance(power: UInt128) throws(ArithmeticError) {
    epoch = try epoch.adding(1)
    try update(power)
  }

  private mutating func update(_ power: UInt128) throws(ArithmeticError) {
    let before = try theta()
    baseline = try Self.next(baseline)
    realized = try realized.adding(min(baseline, power))
    while realized > target {
      effectiveTime = try effectiveTime.adding(1)
      effectiveBaseline = try Self.next(effectiveBaseline)
      target = try target.adding(effectiveBaseline)
    }
    reward = try Self.reward(
      epoch: epoch, from: before, to: theta(), simple: simpleTotal, baseline: baselineTotal)
  }

  /// θ with 128 bits behind the point: linear between whole epochs.
  /// - Throws: ``ArithmeticError/overflow``.
  package func theta() throws(ArithmeticError) -> Int512 {
    if effectiveTime == 0 { return Int512(UInt128(0)) }
    let missing = try Int512(target).subtracting(Int512(realized)).shiftedLeft(128)
      .dividedFloor(by: Int512(effectiveBaseline))
    return try Int512(UInt128(effectiveTime)).shiftedLeft(128).subtracting(missing)
  }

  /// The reward of an epoch in which effective time went from one θ to another.
  /// - Throws: ``ArithmeticError/overflow``.
  package static func reward(
    epoch: UInt64, from before: Int512, to after: Int512, simple: Amount, baseline: Amount
  ) throws(ArithmeticError) -> Amount {
    let exponent = try Int512(lambda).multiplied(by: Int512(UInt128(epoch)))
    let simplePart = try Int512(simple.baseUnits).multiplied(by: Int512(expLambdaLessOne))
      .multiplied(by: exponentialOfNegative(exponent)).shiftedRightFloor(128)
    let baselinePart = try minted(at: after, baseline).subtracting(minted(at: before, baseline))
    return Amount(
      baseUnits: try simplePart.adding(baselinePart).shiftedRightFloor(128).asUInt128())
  }

  /// Everything that baseline minting gave until θ, with 128 bits behind the point.
  private static func minted(
    at theta: Int512, _ total: Amount
  ) throws(ArithmeticError) -> Int512 {
    let exponent = try theta.multiplied(by: Int512(lambda)).shiftedRightFloor(128)
    return try Int512(UInt128(1)).shiftedLeft(128).subtracting(exponentialOfNegative(exponent))
      .multiplied(by: Int512(total.baseUnits))
  }

  /// e^−x of a number with 128 bits behind the point, by a rational function; its error is below
  /// 3.4 × 10^-30 for x < 1.725 and 4.6 × 10^-15 for x < 5.
  private static func exponentialOfNegative(_ x: Int512) throws(ArithmeticError) -> Int512 {
    try polynomial(numerator, x).shiftedLeft(128).dividedFloor(by: polynomial(denominator, x))
  }

  private static func polynomial(
    _ coefficients: [Int512], _ x: Int512
  ) throws(ArithmeticError) -> Int512 {
    var value = Int512(UInt128(0))
    for coefficient in coefficients {
      value = try value.multiplied(by: x).shiftedRightFloor(128).adding(coefficient)
    }
    return value
  }

  /// The baseline an epoch later.
  private static func next(_ baseline: UInt128) throws(ArithmeticError) -> UInt128 {
    let (high, low) = baseline.multipliedFullWidth(by: baselineOneLess)
    // baseline × (1 + g), where g has 128 bits behind the point; low only counts below the point.
    _ = low
    return try baseline.adding(high)
  }

  /// 2.88888888 EB.
  package static let initialBaseline: UInt128 = 2_888_888_880_000_000_000
  /// ⌊2^(1/1,051,200) × 2^128⌋: the baseline doubles in a year of epochs.
  private static let baselineGrowth: Int512 = constant("340282591298641078465964189926313473653")
  /// The same less 2^128.
  private static let baselineOneLess: UInt128 =
    224_377_702_615_002_589_582_494_545_262_197
  /// ⌊ln 2/(6 · 1,051,200) × 2^128⌋ and ⌊(e^λ − 1) × 2^128⌋.
  private static let lambda: UInt128 = 37_396_271_439_864_487_274_534_522_888_786
  private static let expLambdaLessOne: UInt128 = 37_396_273_494_747_879_394_193_016_954_629

  private static let numerator = [
    "-648770010757830093818553637600", "67469480939593786226847644286976",
    "-3197587544499098424029388939001856", "89244641121992890118377641805348864",
    "-1579656163641440567800982336819953664", "17685496037279256458459817590917169152",
    "-115682590513835356866803355398940131328", "340282366920938463463374607431768211456",
  ].map(constant)

  private static let denominator = [
    "1225524182432722209606361", "114095592300906098243859450", "5665570424063336070530214243",
    "194450132448609991765137938448", "5068267641632683791026134915072",
    "104716890604972796896895427629056", "1748338658439454459487681798864896",
    "23704654329841312470660182937960448", "259380097567996910282699886670381056",
    "2250336698853390384720606936038375424", "14978272436876548034486263159246028800",
    "72144088983913131323343765784380833792", "224599776407103106596571252037123047424",
    "340282366920938463463374607431768211456",
  ].map(constant)

  private static func constant(_ decimal: String) -> Int512 {
    Int512(decimal: decimal) ?? Int512(UInt128(0))
  }
}

extension FilecoinReward: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(simpleTotal)
    encoder.encode(baselineTotal)
    encoder.encode(epoch)
    encoder.encode(realized)
    encoder.encode(target)
    encoder.encode(effectiveTime)
    encoder.encode(effectiveBaseline)
    encoder.encode(baseline)
    encoder.encode(reward)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    simpleTotal = try decoder.decode()
    baselineTotal = try decoder.decode()
    epoch = try decoder.decodeUInt64()
    realized = try decoder.decodeUInt128()
    target = try decoder.decodeUInt128()
    effectiveTime = try decoder.decodeUInt64()
    effectiveBaseline = try decoder.decodeUInt128()
    baseline = try decoder.decodeUInt128()
    reward = try decoder.decode()
  }
}

/// Filecoin's minting in the chain's own arithmetic, so many of its epochs to each of ours.
///
/// Exact; a day costs 2,880 steps. ``EffectiveTimeEmission`` is the fast form.
package struct FilecoinEmission: Hashable, Sendable {
  package var simpleTotal: Amount
  package var baselineTotal: Amount
  package var chainEpochsPerEpoch: UInt64

  package init(simpleTotal: Amount, baselineTotal: Amount, chainEpochsPerEpoch: UInt64) {
    self.simpleTotal = simpleTotal
    self.baselineTotal = baselineTotal
    self.chainEpochsPerEpoch = chainEpochsPerEpoch
  }

  func amount(
    _ context: EmissionContext, state: inout EmissionState
  ) throws(ArithmeticError) -> Amount {
    var total = Amount.zero
    for _ in 0..<chainEpochsPerEpoch.multipliedSaturated(by: context.epochs) {
      if var reward = state.filecoin {
        try reward.advance(power: context.power)
        state.filecoin = reward
      } else {
        state.filecoin = try FilecoinReward(
          simpleTotal: simpleTotal, baselineTotal: baselineTotal, power: context.power)
      }
      total = try total.adding(state.filecoin?.reward ?? .zero)
    }
    return total
  }
}
