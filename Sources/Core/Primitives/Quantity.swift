/// A non-negative quantity of money in its smallest unit, with arithmetic that throws.
///
/// ``Amount`` and ``Credits`` share it, and stay different types so that one is never added to the
/// other by accident.
@usableFromInline
package protocol Quantity: Comparable, Hashable, Sendable, CanonicalCodable,
  CustomStringConvertible
{
  /// The quantity in its smallest unit.
  var baseUnits: UInt128 { get }
  /// A quantity of that many smallest units.
  init(baseUnits: UInt128)
}

extension Quantity {
  /// Nothing.
  @inlinable package static var zero: Self { Self(baseUnits: 0) }

  /// How many decimal digits lie behind the point of one whole token or credit.
  @inlinable package static var decimals: Int { 18 }

  /// How many base units make one whole: 10^18.
  @inlinable package static var baseUnitsPerWhole: UInt128 { 1_000_000_000_000_000_000 }

  /// That many whole tokens or credits.
  /// - Precondition: the count is below 3.4 × 10^20; meant for constants.
  @inlinable package static func whole(_ count: UInt128) -> Self {
    Self(baseUnits: count * baseUnitsPerWhole)
  }

  @inlinable package static func < (left: Self, right: Self) -> Bool {
    left.baseUnits < right.baseUnits
  }

  /// The sum. - Throws: ``ArithmeticError/overflow``.
  @inlinable package func adding(_ other: Self) throws(ArithmeticError) -> Self {
    Self(baseUnits: try baseUnits.adding(other.baseUnits))
  }

  /// The difference. - Throws: ``ArithmeticError/underflow``.
  @inlinable package func subtracting(_ other: Self) throws(ArithmeticError) -> Self {
    Self(baseUnits: try baseUnits.subtracting(other.baseUnits))
  }

  /// The difference, or nothing when `other` is larger.
  @inlinable package func subtractingSaturated(_ other: Self) -> Self {
    Self(baseUnits: baseUnits.subtractingSaturated(other.baseUnits))
  }

  /// `self × numerator / denominator`, exact before rounding.
  /// - Throws: ``ArithmeticError``.
  @inlinable package func scaled(
    by numerator: UInt128, over denominator: UInt128, rounding: Rounding
  ) throws(ArithmeticError) -> Self {
    Self(baseUnits: try baseUnits.scaled(by: numerator, over: denominator, rounding: rounding))
  }

  @inlinable package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(baseUnits)
  }

  @inlinable package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self.init(baseUnits: try decoder.decodeUInt128())
  }

  /// The exact decimal, such as `1.5`, without trailing zeros.
  @usableFromInline package var description: String {
    let (whole, part) = baseUnits.quotientAndRemainder(dividingBy: Self.baseUnitsPerWhole)
    if part == 0 { return String(whole) }
    let digits = String(part)
    var fraction = String(repeating: "0", count: Self.decimals - digits.count) + digits
    while fraction.hasSuffix("0") { fraction.removeLast() }
    return "\(whole).\(fraction)"
  }

  /// Reads a decimal such as `12`, `0.5` or `1.000000000000000001`.
  ///
  /// Returns nil for anything else: a sign, an exponent, white space, more than 18 decimals, or a
  /// value that does not fit.
  package init?(decimal text: String) {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let wholeText = parts.first, let whole = Self.digits(wholeText) else { return nil }
    var fraction: UInt128 = 0
    if parts.count == 2 {
      guard parts[1].utf8.count <= Self.decimals, let digits = Self.digits(parts[1]) else {
        return nil
      }
      fraction = digits
      for _ in parts[1].utf8.count..<Self.decimals { fraction *= 10 }
    }
    do throws(ArithmeticError) {
      let scaled = try whole.multiplied(by: Self.baseUnitsPerWhole)
      self.init(baseUnits: try scaled.adding(fraction))
    } catch {
      return nil
    }
  }

  private static func digits(_ text: Substring) -> UInt128? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return UInt128(text)
  }
}

/// An amount of the network's token, in base units of 10^-18 token.
@usableFromInline package struct Amount: Quantity {
  @usableFromInline package let baseUnits: UInt128
  @inlinable package init(baseUnits: UInt128) { self.baseUnits = baseUnits }
}

/// A sum in credits, each pegged to one US dollar, in base units of 10^-18 credit.
///
/// Prices, escrows and vouchers are in credits, so that a customer sees stable prices.
@usableFromInline package struct Credits: Quantity {
  @usableFromInline package let baseUnits: UInt128
  @inlinable package init(baseUnits: UInt128) { self.baseUnits = baseUnits }
}
