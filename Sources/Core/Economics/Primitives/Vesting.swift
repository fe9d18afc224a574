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
package struct VestingSchedule: Sendable {
  /// What is not released yet.
  package private(set) var locked: Amount = .zero
  /// What each epoch releases at present.
  private var rate: UInt128 = 0
  /// Remainders of grants, due with the next epoch.
  private var due: UInt128 = 0
  /// In which epoch each grant's part of the rate ends, in order.
  private var endings: [Ending] = []
  private var firstEnding = 0

  fileprivate struct Ending: Hashable {
    var epoch: UInt64
    var rate: UInt128
  }

  package init() {}

  /// Adds a grant to each of `members` identical accounts, made in `epoch`; its first release is
  /// one epoch later.
  /// - Throws: ``ArithmeticError/overflow``.
  package mutating func add(
    _ amount: Amount, members: UInt64 = 1, in epoch: UInt64, _ rule: Vesting
  ) throws(ArithmeticError) {
    if amount == .zero { return }
    let members = UInt128(members)
    let steps = max(rule.epochs, 1)
    let (each, rest) = amount.baseUnits.quotientAndRemainder(dividingBy: UInt128(steps))
    let total = Amount(baseUnits: try amount.baseUnits.multiplied(by: members))
    locked = try locked.adding(total)
    rate = try rate.adding(each * members)  // no more than the total
    due = try due.adding(rest * members)
    let end = epoch.addingSaturated(steps)
    if let last = endings.indices.last, last >= firstEnding, endings[last].epoch == end {
      endings[last].rate = try endings[last].rate.adding(each * members)
    } else {
      let place = endings.lastIndex { $0.epoch <= end }.map { $0 + 1 } ?? firstEnding
      endings.insert(Ending(epoch: end, rate: each * members), at: max(place, firstEnding))
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

extension VestingSchedule: Hashable {
  /// What is still to come, whatever was released.
  private var live: ArraySlice<Ending> { endings[firstEnding...] }

  package static func == (left: VestingSchedule, right: VestingSchedule) -> Bool {
    left.locked == right.locked && left.rate == right.rate && left.due == right.due
      && left.live.elementsEqual(right.live)
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(locked)
    hasher.combine(rate)
  }
}

extension VestingSchedule: CanonicalCodable {
  /// More grants than this are never outstanding: ten years of days.
  package static let grantLimit = 4_000

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(locked)
    encoder.encode(rate)
    encoder.encode(due)
    encoder.encode(Array(live))
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    locked = try decoder.decode()
    rate = try decoder.decodeUInt128()
    due = try decoder.decodeUInt128()
    endings = try decoder.decodeArray(limit: Self.grantLimit)
    for (before, ending) in zip(endings, endings.dropFirst()) where ending.epoch < before.epoch {
      throw .invalid("vesting grants out of order")
    }
  }
}

extension VestingSchedule.Ending: CanonicalCodable {
  func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(epoch)
    encoder.encode(rate)
  }

  init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    epoch = try decoder.decodeUInt64()
    rate = try decoder.decodeUInt128()
  }
}
