import Primitives

/// Holds back a part of a payment and releases it in equal steps, one an epoch.
///
/// The part held back is rounded down. Of a grant of A over n epochs, each releases ⌊A/n⌋, and the
/// remainder comes with the first; so a grant is released whole after n epochs, to the unit.
/// Source: Filecoin (75 % over 180 days in daily steps).
package struct Vesting: Hashable, Sendable {
  package var lockedPerMillion: UInt64
  /// Over how many epochs it is released, one step each.
  package var epochs: UInt64

  package init(lockedPerMillion: UInt64, epochs: UInt64) {
    self.lockedPerMillion = lockedPerMillion
    self.epochs = epochs
  }

  /// Divides a payment.
  /// - Throws: ``ArithmeticError``.
  package func divide(
    _ amount: Amount
  ) throws(ArithmeticError) -> (liquid: Amount, locked: Amount) {
    let locked = try amount.perMillion(lockedPerMillion, rounding: .down)
    return (try amount.subtracting(locked), locked)
  }
}

/// The grants of one account that are still being released.
///
/// Constant work an epoch: a rate that grants raise when they begin and lower when they end.
package struct VestingSchedule: Hashable, Sendable {
  /// What is not released yet.
  package private(set) var locked: Amount = .zero
  /// What each epoch releases at present.
  private var rate: UInt128 = 0
  /// Remainders of grants, due with the next epoch.
  private var due: UInt128 = 0
  /// In which epoch each grant's part of the rate ends, in order.
  private var endings: [Ending] = []
  private var firstEnding = 0

  private struct Ending: Hashable {
    var epoch: UInt64
    var rate: UInt128
  }

  package init() {}

  /// Adds a grant made in `epoch`; its first release is one epoch later.
  /// - Throws: ``ArithmeticError/overflow``.
  package mutating func add(
    _ amount: Amount, in epoch: UInt64, _ rule: Vesting
  ) throws(ArithmeticError) {
    if amount == .zero { return }
    let steps = max(rule.epochs, 1)
    let (each, rest) = amount.baseUnits.quotientAndRemainder(dividingBy: UInt128(steps))
    locked = try locked.adding(amount)
    rate = try rate.adding(each)
    due = try due.adding(rest)
    let end = epoch.addingSaturated(steps)
    if let last = endings.indices.last, last >= firstEnding, endings[last].epoch == end {
      endings[last].rate = try endings[last].rate.adding(each)
    } else {
      let place = endings.lastIndex { $0.epoch <= end }.map { $0 + 1 } ?? firstEnding
      endings.insert(Ending(epoch: end, rate: each), at: max(place, firstEnding))
    }
  }

  /// Releases what falls due in `epoch`; to be called once for each epoch.
  /// - Throws: ``ArithmeticError``: never, unless epochs were left out.
  package mutating func release(in epoch: UInt64) throws(ArithmeticError) -> Amount {
    let amount = Amount(baseUnits: try rate.adding(due))
    due = 0
    while firstEnding < endings.count, endings[firstEnding].epoch <= epoch {
      rate = try rate.subtracting(endings[firstEnding].rate)
      firstEnding += 1
    }
    if firstEnding > 64, firstEnding * 2 > endings.count {
      endings.removeFirst(firstEnding)
      firstEnding = 0
    }
    locked = try locked.subtracting(amount)
    return amount
  }
}
