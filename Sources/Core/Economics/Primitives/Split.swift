import Primitives

/// Divides a sum among buckets in a fixed order; what is left goes to a residual bucket, so that
/// the shares always add up to the sum exactly.
package struct Split: Hashable, Sendable {
  /// How much a bucket asks for, before its floor and cap.
  package enum Portion: Hashable, Sendable {
    /// A fraction of the whole sum.
    case fraction(numerator: UInt128, denominator: UInt128, rounding: Rounding)
    /// That many base units.
    case fixed(UInt128)
  }

  /// One bucket's claim. It gets what it asks for, at least `floor`, at most `cap`, and never more
  /// than the buckets before it left.
  package struct Claim: Hashable, Sendable {
    package let portion: Portion
    package let floor: UInt128
    package let cap: UInt128

    /// - Precondition: `floor` is not above `cap`.
    package init(_ portion: Portion, floor: UInt128 = 0, cap: UInt128 = .max) {
      precondition(floor <= cap)
      self.portion = portion
      self.floor = floor
      self.cap = cap
    }
  }

  /// A sum, divided.
  package struct Shares: Hashable, Sendable {
    /// One share for each claim, in order.
    package let claimed: [UInt128]
    /// What the claims left.
    package let residual: UInt128
  }

  private let claims: [Claim]

  /// A waterfall of claims in the order in which they are served.
  package init(_ claims: [Claim]) { self.claims = claims }

  /// Divides `sum`.
  /// - Throws: ``ArithmeticError`` for a fraction with a zero denominator or a product that does
  ///   not fit.
  package func divide(_ sum: UInt128) throws(ArithmeticError) -> Shares {
    var rest = sum
    var claimed: [UInt128] = []
    claimed.reserveCapacity(claims.count)
    for claim in claims {
      let asked =
        switch claim.portion {
        case .fixed(let units): units
        case .fraction(let numerator, let denominator, let rounding):
          try sum.scaled(by: numerator, over: denominator, rounding: rounding)
        }
      let share = min(min(max(asked, claim.floor), claim.cap), rest)
      claimed.append(share)
      rest -= share  // share ≤ rest
    }
    return Shares(claimed: claimed, residual: rest)
  }
}
