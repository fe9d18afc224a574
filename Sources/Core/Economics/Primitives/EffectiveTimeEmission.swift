import Primitives

/// Filecoin's minting: a simple part that decays with time and a baseline part that decays with
/// effective network time θ, which advances only as fast as the network's power follows a baseline
/// that doubles every `doublingEpochs`.
///
/// `simple(t) = S(1 − 2^(−t/h))`, `baseline(θ) = B(1 − 2^(−θ/h))`, and θ solves
/// `∫₀^θ b = Σ min(b, power)`: `θ = (d/ln 2)·ln(1 + (ln 2/d)·Σ/b₀)`. This is the continuous form
/// that the forecasting tools use, in steps of any length; ``FilecoinReward`` is the arithmetic of
/// the chain itself. Error of a cumulative value: below (S + B) × 2^-60; against the chain's own
/// steps see the test `theDailyFormFollowsTheChain`.
/// Source: the Filecoin specification, "Filecoin token", minting model.
package struct EffectiveTimeEmission: Hashable, Sendable {
  package var simpleTotal: Amount
  package var baselineTotal: Amount
  /// h, in epochs.
  package var halfLifeEpochs: UInt64
  /// b₀, in the unit of capacity: the baseline when effective time begins.
  package var initialBaseline: UInt128
  /// d, in epochs.
  package var doublingEpochs: UInt64
  /// When t = 0.
  package var from: UnixTime
  /// By how many millionths of an epoch the baseline runs ahead of t.
  package var leadPerMillion: UInt64

  package init(
    simpleTotal: Amount, baselineTotal: Amount, halfLifeEpochs: UInt64, initialBaseline: UInt128,
    doublingEpochs: UInt64, from: UnixTime, leadPerMillion: UInt64 = 0
  ) {
    self.simpleTotal = simpleTotal
    self.baselineTotal = baselineTotal
    self.halfLifeEpochs = halfLifeEpochs
    self.initialBaseline = initialBaseline
    self.doublingEpochs = doublingEpochs
    self.from = from
    self.leadPerMillion = leadPerMillion
  }

  /// The baseline after `elapsed` epochs, rounded to nearest.
  /// - Throws: ``ArithmeticError/overflow``.
  package func baseline(after elapsed: UInt64) throws(ArithmeticError) -> UInt128 {
    let millionths = Int128(elapsed) * 1_000_000 + Int128(leadPerMillion)
    let doublings = try FixedPoint(millionths, over: Int128(doublingEpochs) * 1_000_000)
    let growth = try FixedPointMath.power(FixedPoint(2), doublings)
    return try initialBaseline.scaled(by: growth, rounding: .down)
  }

  /// Effective network time, in epochs, once `realized` capacity × epochs have counted.
  /// - Throws: ``ArithmeticError``.
  package func networkTime(realized: UInt128) throws(ArithmeticError) -> FixedPoint {
    let perEpoch = try FixedPointMath.naturalLogarithm(FixedPoint(2))
      .divided(by: FixedPoint(Int64(clamping: doublingEpochs)))
    // (ln 2/d)·Σ/b₀, in two factors that each keep their bits.
    let scaled = try realized.scaled(
      by: UInt128(perEpoch.raw), over: initialBaseline, rounding: .down)
    guard let raw = Int128(exactly: scaled) else { throw .overflow }
    let grown = try FixedPoint.one.adding(FixedPoint(raw: raw))
    return try FixedPointMath.naturalLogarithm(grown).divided(by: perEpoch)
  }

  /// Everything minted by simple minting after `elapsed` epochs.
  /// - Throws: ``ArithmeticError``.
  package func simple(after elapsed: UInt64) throws(ArithmeticError) -> UInt128 {
    let left = try ExponentialEmission.halved(elapsed, halfLife: halfLifeEpochs)
    return try simpleTotal.baseUnits.scaled(by: FixedPoint.one.subtracting(left), rounding: .down)
  }

  /// Everything minted by baseline minting at effective time `theta`.
  /// - Throws: ``ArithmeticError``.
  package func baselineMinted(at theta: FixedPoint) throws(ArithmeticError) -> UInt128 {
    let exponent = try theta.divided(by: FixedPoint(-Int64(clamping: halfLifeEpochs)))
    let left = try FixedPointMath.power(FixedPoint(2), exponent)
    return try baselineTotal.baseUnits.scaled(
      by: FixedPoint.one.subtracting(left), rounding: .down)
  }

  func amount(
    _ context: EmissionContext, state: inout EmissionState
  ) throws(ArithmeticError) -> Amount {
    let begin = context.calendar.epoch(from: from)
    let elapsed = context.epoch.subtractingSaturated(begin)
    let end = context.epoch.addingSaturated(context.epochs).subtractingSaturated(begin)
    let before = try simple(after: elapsed)
      .adding(baselineMinted(at: networkTime(realized: state.realized)))
    for step in elapsed..<max(elapsed, end) {
      state.realized = try state.realized.adding(min(context.power, baseline(after: step)))
    }
    let after = try simple(after: end)
      .adding(baselineMinted(at: networkTime(realized: state.realized)))
    return Amount(baseUnits: after.subtractingSaturated(before))
  }
}
