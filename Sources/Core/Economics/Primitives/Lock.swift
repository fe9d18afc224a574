import Primitives

/// Votes for tokens that are locked for a time.
///
/// The multiplier rises linearly from the shortest to the longest time; votes are rounded down.
/// Sources: Helium HIP-51 (1× at 6 months to 100× at 48), HIP-76 (0 to 100× at 48 months, from
/// 1 HNT), and its landrush bonus of 3×.
package struct Lock: Hashable, Sendable {
  package var minimum: Amount
  package var shortestEpochs: UInt64
  package var longestEpochs: UInt64
  /// The multiplier at the shortest time, in parts of 1,000,000 …
  package var shortestPerMillion: UInt64
  /// … and at the longest.
  package var longestPerMillion: UInt64
  /// A bonus on locks that were made before `bonusUntil`, in parts of 1,000,000; 1,000,000 is none.
  package var bonusPerMillion: UInt64
  package var bonusUntil: UnixTime

  package init(
    minimum: Amount, shortestEpochs: UInt64, longestEpochs: UInt64, shortestPerMillion: UInt64,
    longestPerMillion: UInt64, bonusPerMillion: UInt64 = 1_000_000,
    bonusUntil: UnixTime = UnixTime(seconds: 0)
  ) {
    self.minimum = minimum
    self.shortestEpochs = shortestEpochs
    self.longestEpochs = longestEpochs
    self.shortestPerMillion = shortestPerMillion
    self.longestPerMillion = longestPerMillion
    self.bonusPerMillion = bonusPerMillion
    self.bonusUntil = bonusUntil
  }

  /// The votes of `amount` locked for `epochs`, made at `time`; nil for a lock that the rule does
  /// not take: too little or too short. A longer one counts as the longest.
  /// - Throws: ``ArithmeticError/overflow``.
  package func votes(
    _ amount: Amount, epochs: UInt64, madeAt time: UnixTime
  ) throws(ArithmeticError) -> Amount? {
    guard amount >= minimum, epochs >= shortestEpochs else { return nil }
    let span = UInt128(max(1, longestEpochs.subtractingSaturated(shortestEpochs)))
    let part = UInt128(min(epochs, longestEpochs) - min(shortestEpochs, longestEpochs))
    let rise = UInt128(longestPerMillion.subtractingSaturated(shortestPerMillion))
    let multiplier = UInt128(shortestPerMillion) + rise * part / span
    let bonus = time < bonusUntil ? UInt128(bonusPerMillion) : 1_000_000
    return try amount.scaled(by: multiplier, over: 1_000_000, rounding: .down)
      .scaled(by: bonus, over: 1_000_000, rounding: .down)
  }
}
