/// A signed integer of fixed width, −(2^511 − 1) … 2^511 − 1, kept as sign and magnitude.
///
/// For polynomials and ratios whose steps do not fit 128 bits, such as numbers with 128 bits behind
/// the point. No operator: everything that may not fit throws, and every rounding is named.
package struct Int512: Sendable {
  /// The magnitude, least significant word first.
  private var words: InlineArray<8, UInt64>
  private var negative: Bool

  private init(_ words: InlineArray<8, UInt64>, negative: Bool) throws(ArithmeticError) {
    if words[7] >> 63 != 0 { throw .overflow }
    self.words = words
    self.negative = negative && Self.length(words) > 0
  }

  /// A small number.
  package init(_ value: Int128) {
    self.init(value.magnitude)
    negative = value < 0
  }

  /// A number that is not negative.
  package init(_ value: UInt128) {
    words = .init(repeating: 0)
    words[0] = UInt64(truncatingIfNeeded: value)
    words[1] = UInt64(truncatingIfNeeded: value >> 64)
    negative = false
  }

  /// Reads a decimal such as `-12`; nil for anything else or what does not fit.
  package init?(decimal text: String) {
    let isNegative = text.hasPrefix("-")
    let digits = isNegative ? text.dropFirst() : text[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    var value = Int512(UInt128(0))
    do throws(ArithmeticError) {
      for digit in digits.utf8 {
        value = try value.multiplied(by: Int512(UInt128(10)))
          .adding(Int512(UInt128(digit - 48)))
      }
    } catch {
      return nil
    }
    self = isNegative ? value.negated : value
  }

  /// Whether it is below zero.
  package var isNegative: Bool { negative }

  /// Whether it is zero.
  package var isZero: Bool { Self.length(words) == 0 }

  /// The same magnitude with the other sign.
  package var negated: Int512 {
    var copy = self
    copy.negative = !negative && !isZero
    return copy
  }

  /// The number as 128 bits.
  /// - Throws: ``ArithmeticError/underflow`` below zero, ``ArithmeticError/overflow``.
  package func asUInt128() throws(ArithmeticError) -> UInt128 {
    if negative { throw .underflow }
    if Self.length(words) > 2 { throw .overflow }
    return UInt128(words[1]) << 64 | UInt128(words[0])
  }

  /// The sum. - Throws: ``ArithmeticError/overflow``.
  package func adding(_ other: Int512) throws(ArithmeticError) -> Int512 {
    if negative == other.negative {
      return try Int512(Self.sum(words, other.words), negative: negative)
    }
    if Self.isLess(words, other.words) {
      return try Int512(Self.difference(other.words, words), negative: other.negative)
    }
    return try Int512(Self.difference(words, other.words), negative: negative)
  }

  /// The difference. - Throws: ``ArithmeticError/overflow``.
  package func subtracting(_ other: Int512) throws(ArithmeticError) -> Int512 {
    try adding(other.negated)
  }

  /// The product. - Throws: ``ArithmeticError/overflow``.
  package func multiplied(by other: Int512) throws(ArithmeticError) -> Int512 {
    let (left, right) = (Self.length(words), Self.length(other.words))
    if left + right > 9 { throw .overflow }
    var product = InlineArray<8, UInt64>(repeating: 0)
    for i in 0..<left {
      var carry: UInt64 = 0
      for j in 0..<right {
        let wide = words[i].multipliedFullWidth(by: other.words[j])
        let place = i + j < 8 ? product[i + j] : 0
        let (low, first) = wide.low.addingReportingOverflow(place)
        let (sum, second) = low.addingReportingOverflow(carry)
        carry = wide.high &+ (first ? 1 : 0) &+ (second ? 1 : 0)
        if i + j < 8 { product[i + j] = sum } else if sum != 0 { throw .overflow }
      }
      if i + right < 8 { product[i + right] = carry } else if carry != 0 { throw .overflow }
    }
    return try Int512(product, negative: negative != other.negative)
  }

  /// Times 2^bits. - Throws: ``ArithmeticError/overflow``.
  package func shiftedLeft(_ bits: Int) throws(ArithmeticError) -> Int512 {
    let significant = Self.length(words) * 64
    if significant == 0 { return self }
    let used = significant - words[significant / 64 - 1].leadingZeroBitCount
    if bits < 0 || bits > 511 - used { throw .overflow }
    return try Int512(Self.shiftLeft(words, bits), negative: negative)
  }

  /// ⌊self / 2^bits⌋: rounded towards minus infinity.
  /// - Throws: ``ArithmeticError/overflow`` for a negative count.
  package func shiftedRightFloor(_ bits: Int) throws(ArithmeticError) -> Int512 {
    if bits < 0 { throw .overflow }
    let shifted = try Int512(Self.shiftRight(words, bits), negative: negative)
    // A negative number that lost bits was rounded towards zero, one too high.
    let back = Self.shiftLeft(shifted.words, bits)
    if !negative || Self.isEqual(back, words) { return shifted }
    let magnitude = Self.sum(shifted.words, Int512(UInt128(1)).words)
    return try Int512(magnitude, negative: true)
  }

  /// ⌊self / divisor⌋: rounded towards minus infinity.
  /// - Throws: ``ArithmeticError/divisionByZero``.
  package func dividedFloor(by divisor: Int512) throws(ArithmeticError) -> Int512 {
    if divisor.isZero { throw .divisionByZero }
    let (quotient, isExact) = Self.divide(words, divisor.words)
    let isNegative = negative != divisor.negative
    if !isNegative || isExact { return try Int512(quotient, negative: isNegative) }
    return try Int512(Self.sum(quotient, Int512(UInt128(1)).words), negative: true)
  }
}

extension Int512: Comparable {
  package static func == (left: Int512, right: Int512) -> Bool {
    left.negative == right.negative && isEqual(left.words, right.words)
  }

  package static func < (left: Int512, right: Int512) -> Bool {
    if left.negative != right.negative { return left.negative }
    return left.negative ? isLess(right.words, left.words) : isLess(left.words, right.words)
  }
}

// Magnitudes. Callers keep them below 2^511, so sums of two fit the eight words.
extension Int512 {
  private typealias Words = InlineArray<8, UInt64>

  private static func length(_ words: Words) -> Int {
    var length = 8
    while length > 0, words[length - 1] == 0 { length -= 1 }
    return length
  }

  private static func isEqual(_ left: Words, _ right: Words) -> Bool {
    for i in 0..<8 where left[i] != right[i] { return false }
    return true
  }

  private static func isLess(_ left: Words, _ right: Words) -> Bool {
    for i in (0..<8).reversed() where left[i] != right[i] { return left[i] < right[i] }
    return false
  }

  private static func sum(_ left: Words, _ right: Words) -> Words {
    var result = left
    var carry: UInt64 = 0
    for i in 0..<8 {
      let (first, over) = left[i].addingReportingOverflow(right[i])
      let (second, overAgain) = first.addingReportingOverflow(carry)
      result[i] = second
      carry = over || overAgain ? 1 : 0
    }
    return result
  }

  /// left − right, where left is not the smaller.
  private static func difference(_ left: Words, _ right: Words) -> Words {
    var result = left
    var borrow: UInt64 = 0
    for i in 0..<8 {
      let (first, under) = left[i].subtractingReportingOverflow(right[i])
      let (second, underAgain) = first.subtractingReportingOverflow(borrow)
      result[i] = second
      borrow = under || underAgain ? 1 : 0
    }
    return result
  }

  private static func shiftLeft(_ words: Words, _ bits: Int) -> Words {
    let (skip, rest) = bits.quotientAndRemainder(dividingBy: 64)
    var result = Words(repeating: 0)
    if skip > 7 { return result }
    for i in skip..<8 {
      result[i] = words[i - skip] << UInt64(rest)
      if rest > 0, i > skip { result[i] |= words[i - skip - 1] >> UInt64(64 - rest) }
    }
    return result
  }

  private static func shiftRight(_ words: Words, _ bits: Int) -> Words {
    let (skip, rest) = bits.quotientAndRemainder(dividingBy: 64)
    var result = Words(repeating: 0)
    if skip > 7 { return result }
    for i in 0..<(8 - skip) {
      result[i] = words[i + skip] >> UInt64(rest)
      if rest > 0, i + skip < 7 { result[i] |= words[i + skip + 1] << UInt64(64 - rest) }
    }
    return result
  }

  /// Long division by words (Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D).
  private static func divide(
    _ dividend: Words, _ divisor: Words
  ) -> (quotient: Words, isExact: Bool) {
    let count = length(divisor)
    let shift = divisor[count - 1].leadingZeroBitCount
    let lower = shiftLeft(divisor, shift)
    var upper = shiftLeft(dividend, shift)
    // What the shift pushes out of the eight words.
    var top = shift == 0 ? 0 : dividend[7] >> UInt64(64 - shift)
    var quotient = Words(repeating: 0)
    for place in (0...(8 - count)).reversed() {
      let head = place + count < 8 ? upper[place + count] : top
      var digit = trialDigit(upper, lower, place: place, count: count, head: head)
      var borrow = subtract(lower, times: digit, from: &upper, at: place, count: count)
      while borrow > head {  // the trial digit was one too large
        digit -= 1
        borrow &-= addBack(lower, to: &upper, at: place, count: count)
      }
      if place + count < 8 { upper[place + count] = head - borrow } else { top = head - borrow }
      quotient[place] = digit
    }
    return (quotient, length(upper) == 0 && top == 0)
  }

  /// The quotient's next word, exact or at most two too large.
  private static func trialDigit(
    _ upper: Words, _ lower: Words, place: Int, count: Int, head: UInt64
  ) -> UInt64 {
    let leading = lower[count - 1]
    let next = upper[place + count - 1]
    if head >= leading { return .max }
    var (digit, rest) = leading.dividingFullWidth((head, next))
    guard count > 1 else { return digit }
    let third = upper[place + count - 2]
    while true {
      let product = digit.multipliedFullWidth(by: lower[count - 2])
      if product.high < rest || product.high == rest && product.low <= third { return digit }
      digit -= 1
      let (sum, overflow) = rest.addingReportingOverflow(leading)
      if overflow { return digit }
      rest = sum
    }
  }

  /// upper −= lower·digit at `place`; what is left to take from the word above.
  private static func subtract(
    _ lower: Words, times digit: UInt64, from upper: inout Words, at place: Int, count: Int
  ) -> UInt64 {
    var borrow: UInt64 = 0
    for i in 0..<count {
      let product = lower[i].multipliedFullWidth(by: digit)
      let (low, carry) = product.low.addingReportingOverflow(borrow)
      let (difference, under) = upper[place + i].subtractingReportingOverflow(low)
      upper[place + i] = difference
      borrow = product.high &+ (carry ? 1 : 0) &+ (under ? 1 : 0)
    }
    return borrow
  }

  /// upper += lower at `place`; the carry.
  private static func addBack(
    _ lower: Words, to upper: inout Words, at place: Int, count: Int
  ) -> UInt64 {
    var carry: UInt64 = 0
    for i in 0..<count {
      let (first, over) = upper[place + i].addingReportingOverflow(lower[i])
      let (second, overAgain) = first.addingReportingOverflow(carry)
      upper[place + i] = second
      carry = over || overAgain ? 1 : 0
    }
    return carry
  }
}
