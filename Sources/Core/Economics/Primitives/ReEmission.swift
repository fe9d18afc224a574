import Primitives

/// Gives back, smoothed and capped, what was burned: net emissions.
///
/// `smoothed ← (n−1)/n·smoothed + burned/n`, rounded down; the epoch re-emits `min(smoothed, cap)`.
/// An optional top-up toward a price per unit of work shares the same burn budget, so that the two
/// together never give back more than `smoothed`. Source: Helium HIP-20 (n = 7) and HIP-149.
package struct ReEmission: Hashable, Sendable {
  /// A price per unit of work that a part of the emission should reach.
  package struct TopUp: Hashable, Sendable {
    /// What a customer pays for a unit of work.
    package var creditsPerUnit: Credits
    /// The part of it that workers should at least earn, in parts of 1,000,000.
    package var targetPerMillion: UInt64
    /// Whose work counts …
    package var role: String
    /// … the candidate whose share of the emission reaches them …
    package var candidate: String
    /// … and the part of that share that does, in parts of 1,000,000.
    package var poolPerMillion: UInt64

    package init(
      creditsPerUnit: Credits, targetPerMillion: UInt64, role: String, candidate: String,
      poolPerMillion: UInt64
    ) {
      self.creditsPerUnit = creditsPerUnit
      self.targetPerMillion = targetPerMillion
      self.role = role
      self.candidate = candidate
      self.poolPerMillion = poolPerMillion
    }
  }

  /// n: over how many epochs burns are averaged.
  package var smoothingEpochs: UInt64
  package var cap: Amount
  package var topUp: TopUp?

  package init(smoothingEpochs: UInt64, cap: Amount, topUp: TopUp? = nil) {
    self.smoothingEpochs = smoothingEpochs
    self.cap = cap
    self.topUp = topUp
  }

  /// The smoothed burn after an epoch that burned `burned`.
  /// - Throws: ``ArithmeticError``.
  package func smoothed(_ last: Amount, burned: Amount) throws(ArithmeticError) -> Amount {
    let n = UInt128(smoothingEpochs)
    let kept = try last.baseUnits.multiplied(by: n.subtracting(1))
    let sum = try kept.adding(burned.baseUnits)
    if n == 0 { throw .divisionByZero }
    return Amount(baseUnits: sum / n)
  }

  /// What is given back when `smoothed` is the average.
  package func amount(smoothed: Amount) -> Amount { min(smoothed, cap) }

  /// The top-up beyond ``amount(smoothed:)``:
  /// `min(max(0, smoothed − cap), max(0, (target − base)/α))`, rounded down.
  /// - Parameters:
  ///   - base: what the epoch emits without the top-up.
  ///   - work: the units of work done.
  ///   - share: α, the part of the emission that reaches the workers, times 10^12.
  /// - Throws: ``ArithmeticError``.
  package func topUpAmount(
    smoothed: Amount, base: Amount, work: UInt128, share: UInt128, price: Credits
  ) throws(ArithmeticError) -> Amount {
    guard let topUp, share > 0, price > .zero else { return .zero }
    let full = Credits(baseUnits: try topUp.creditsPerUnit.baseUnits.multiplied(by: work))
    let target = try full.scaled(
      by: UInt128(topUp.targetPerMillion), over: 1_000_000, rounding: .down
    ).tokens(at: price, rounding: .down)
    let reached = try base.scaled(by: share, over: Self.one, rounding: .down)
    let lack = target.subtractingSaturated(reached)
    let needed = try lack.scaled(by: Self.one, over: share, rounding: .down)
    return min(smoothed.subtractingSaturated(cap), needed)
  }

  /// A share of one, times 10^12.
  package static let one: UInt128 = 1_000_000_000_000
}
