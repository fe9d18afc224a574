import Primitives

/// A fee per unit of block space that follows demand and is burned whole.
///
/// `fee ← max(minimum, fee ± fee/8 · |used − target|/target)`, the change rounded down, at most an
/// eighth. Source: Filecoin (EIP-1559 shape; target half of the space, minimum 100 attoFIL).
package struct BaseFee: Hashable, Sendable {
  package var minimum: Amount
  /// Units of space per epoch that leave the fee as it is.
  package var target: UInt128
  /// An eighth is 8.
  package var maximumChangeDivisor: UInt64

  package init(minimum: Amount, target: UInt128, maximumChangeDivisor: UInt64) {
    self.minimum = minimum
    self.target = target
    self.maximumChangeDivisor = maximumChangeDivisor
  }

  /// The fee after an epoch that used `used` units.
  /// - Throws: ``ArithmeticError``.
  package func next(_ fee: Amount, used: UInt128) throws(ArithmeticError) -> Amount {
    let gap = min(used > target ? used - target : target - used, target)
    let divisor = try target.multiplied(by: UInt128(maximumChangeDivisor))
    let change = try fee.scaled(by: gap, over: divisor, rounding: .down)
    let moved = used > target ? try fee.adding(change) : fee.subtractingSaturated(change)
    return max(minimum, moved)
  }

  /// What an epoch burns.
  /// - Throws: ``ArithmeticError/overflow``.
  package func burned(_ fee: Amount, used: UInt128) throws(ArithmeticError) -> Amount {
    Amount(baseUnits: try fee.baseUnits.multiplied(by: used))
  }
}
