import Primitives

/// An amount per epoch that halves whenever what was issued passes a threshold.
///
/// With a cap C the thresholds are C/2, 3C/4, 7C/8, …, so issuance never passes C. The amount is
/// rounded down at each halving. Source: Bittensor (1 TAO a block; 10.5 M, 15.75 M, … of 21 M).
package struct ThresholdEmission: Hashable, Sendable {
  package var first: Amount
  package var cap: Amount

  package init(first: Amount, cap: Amount) {
    self.first = first
    self.cap = cap
  }

  /// The amount of the next epoch when `issued` is out.
  package func perEpoch(issued: Amount) -> Amount {
    var amount = first.baseUnits
    var left = cap.baseUnits / 2
    var threshold = left
    while issued.baseUnits >= threshold, amount > 0, left > 0 {
      amount /= 2
      left /= 2
      threshold += left
    }
    return Amount(baseUnits: min(amount, cap.baseUnits.subtractingSaturated(issued.baseUnits)))
  }

  /// What `epochs` epochs give: one multiplication for each threshold passed on the way, the same
  /// as single epochs.
  func amount(issued: Amount, epochs: UInt64) throws(ArithmeticError) -> Amount {
    var out = issued
    var left = epochs
    while left > 0 {
      let each = perEpoch(issued: out).baseUnits
      if each == 0 { break }
      let distance = nextThreshold(above: out.baseUnits) - out.baseUnits
      let count = min(UInt128(left), max(1, (distance + each - 1) / each))
      out = Amount(baseUnits: try out.baseUnits.adding(each.multiplied(by: count)))
      left -= UInt64(count)
    }
    return try out.subtracting(issued)
  }

  /// The next threshold, or the cap.
  private func nextThreshold(above issued: UInt128) -> UInt128 {
    var left = cap.baseUnits / 2
    var threshold = left
    while issued >= threshold, left > 0 {
      left /= 2
      threshold += left
    }
    return issued < threshold ? threshold : max(cap.baseUnits, issued)
  }
}
