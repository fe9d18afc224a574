import Primitives

/// Amounts per epoch, each from its date on until the next; nothing before the first.
///
/// Exact: no rounding. Source: Helium HIP-20 and the emission tables deployed on Solana.
package struct StepEmission: Hashable, Sendable {
  /// One row of the table.
  package struct Step: Hashable, Sendable {
    package var from: UnixTime
    package var perEpoch: Amount

    package init(from: UnixTime, perEpoch: Amount) {
      self.from = from
      self.perEpoch = perEpoch
    }
  }

  /// In order of their dates.
  package var steps: [Step]

  package init(_ steps: [Step]) { self.steps = steps }

  /// The amount of one epoch, by when it begins.
  package func perEpoch(at time: UnixTime) -> Amount {
    steps.last { $0.from <= time }?.perEpoch ?? .zero
  }

  func cumulative(
    _ epoch: UInt64, _ calendar: EpochCalendar
  ) throws(ArithmeticError) -> UInt128 {
    var total: UInt128 = 0
    for (index, step) in steps.enumerated() {
      let begin = calendar.epoch(from: step.from)
      let end = index + 1 < steps.count ? calendar.epoch(from: steps[index + 1].from) : epoch
      guard begin < epoch else { break }
      let count = min(end, epoch).subtractingSaturated(begin)
      total = try total.adding(step.perEpoch.baseUnits.multiplied(by: UInt128(count)))
    }
    return total
  }
}
