/// Why an exact integer computation has no result.
///
/// Ledger arithmetic never traps on what a transaction contains: `+` would halt every validator at
/// once, so sums, products and quotients of amounts throw one of these instead.
@usableFromInline package enum ArithmeticError: Error, Hashable, Sendable {
  /// The result is larger than its type can hold.
  case overflow
  /// A larger number was subtracted from a smaller one.
  case underflow
  /// The divisor was zero.
  case divisionByZero
}

/// Which way a quotient that is not whole goes. Named at every call, because it decides who gets
/// the dust.
@usableFromInline package enum Rounding: Sendable {
  /// Towards zero: the payer keeps the remainder.
  case down
  /// Away from zero: the payee gets it.
  case up
}

extension FixedWidthInteger {
  /// `self + other`.
  /// - Throws: ``ArithmeticError/overflow``.
  @inlinable package func adding(_ other: Self) throws(ArithmeticError) -> Self {
    let (sum, overflow) = addingReportingOverflow(other)
    if overflow { throw .overflow }
    return sum
  }

  /// `self − other`.
  /// - Throws: ``ArithmeticError/underflow``.
  @inlinable package func subtracting(_ other: Self) throws(ArithmeticError) -> Self {
    let (difference, overflow) = subtractingReportingOverflow(other)
    if overflow { throw .underflow }
    return difference
  }

  /// `self × other`.
  /// - Throws: ``ArithmeticError/overflow``.
  @inlinable package func multiplied(by other: Self) throws(ArithmeticError) -> Self {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    if overflow { throw .overflow }
    return product
  }

  /// `self + other`, or the largest value when that does not fit. For counters and deadlines where
  /// "for ever" is the right reading of too much; never for money.
  @inlinable package func addingSaturated(_ other: Self) -> Self {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  /// `self − other`, or zero when `other` is larger. For ages and remaining times; never for money.
  @inlinable package func subtractingSaturated(_ other: Self) -> Self {
    self > other ? self - other : 0
  }
}

extension UInt128 {
  /// The upper 128 bits of `self × other`, in four products of words: about twice as fast as
  /// `multipliedFullWidth(by:)`.
  @inlinable @inline(__always) package func multipliedHigh(by other: UInt128) -> UInt128 {
    let (left, right) = (UInt64(truncatingIfNeeded: self), UInt64(truncatingIfNeeded: other))
    let leftHigh = UInt64(truncatingIfNeeded: self >> 64)
    let rightHigh = UInt64(truncatingIfNeeded: other >> 64)
    let first = leftHigh.multipliedFullWidth(by: right)
    let second = left.multipliedFullWidth(by: rightHigh)
    let top = leftHigh.multipliedFullWidth(by: rightHigh)
    let carried = UInt128(left.multipliedFullWidth(by: right).high)
    let middle = carried &+ UInt128(first.low) &+ UInt128(second.low)
    return (UInt128(top.high) << 64 | UInt128(top.low)) &+ UInt128(first.high)
      &+ UInt128(second.high) &+ middle >> 64
  }

  /// `self × numerator / denominator` with a 256-bit intermediate product, so that only a result
  /// that does not fit is refused.
  /// - Throws: ``ArithmeticError/divisionByZero`` or ``ArithmeticError/overflow``.
  @inlinable package func scaled(
    by numerator: UInt128, over denominator: UInt128, rounding: Rounding
  ) throws(ArithmeticError) -> UInt128 {
    if denominator == 0 { throw .divisionByZero }
    let product = multipliedFullWidth(by: numerator)
    if product.high == 0 {
      let (quotient, remainder) = product.low.quotientAndRemainder(dividingBy: denominator)
      if rounding == .up && remainder > 0 { return try quotient.adding(1) }
      return quotient
    }
    // dividingFullWidth traps when the quotient does not fit, which is exactly this condition.
    if product.high >= denominator { throw .overflow }
    let (quotient, remainder) = denominator.dividingFullWidth(product)
    if rounding == .up && remainder > 0 { return try quotient.adding(1) }
    return quotient
  }
}
