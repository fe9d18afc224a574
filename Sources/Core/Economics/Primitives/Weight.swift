import Primitives

/// What an account did and has in an epoch, as weights and votes are reckoned from it.
package struct Measures: Hashable, Sendable {
  /// What customers paid for its work, in dollars.
  package var usage: Credits = .zero
  /// Units of work done for customers, in the preset's unit (GB, jobs, …).
  package var work: UInt128 = 0
  /// Proven capacity, in the preset's unit (bytes, points, …).
  package var capacity: UInt128 = 0
  /// Its own stake and what others delegated to it.
  package var stake: Amount = .zero
  /// Votes of locked tokens.
  package var votes: Amount = .zero
  /// Fees paid to be let in, in dollars.
  package var fees: Credits = .zero
  /// Quality or uptime, in parts of 1,000,000.
  package var scorePerMillion: UInt64 = 1_000_000
  /// Its class's multiplier, in parts of 1,000,000 (10× for verified data is 10,000,000).
  package var multiplierPerMillion: UInt64 = 1_000_000

  package init() {}
}

/// How heavy an account counts: the product of factors.
///
/// Every factor is a number with six decimals, rounded down; so is the product after each factor.
/// Sources: Filecoin's quality-adjusted power (capacity × 10 for verified deals); Helium HIP-51's
/// V·D·A = max(1, votes)·max(1, √usage)·max(1, ⁴√fees); proofs weighted by uptime.
package struct Weight: Hashable, Sendable {
  /// What a factor measures.
  package enum Measure: String, CaseIterable, Sendable {
    case equal, usage, work, capacity, stake, votes, fees, score, multiplier
  }

  /// One factor: a measure, its square or fourth root, and its least value.
  package struct Factor: Hashable, Sendable {
    package var measure: Measure
    /// 1, 2 or 4.
    package var root: UInt64
    /// The factor is at least this, in parts of 1,000,000.
    package var minimumPerMillion: UInt64

    package init(_ measure: Measure, root: UInt64 = 1, minimumPerMillion: UInt64 = 0) {
      self.measure = measure
      self.root = root
      self.minimumPerMillion = minimumPerMillion
    }
  }

  package var factors: [Factor]
  /// A weight below this counts as none (Grass: 500 points).
  package var countsFrom: UInt64 = 0

  package init(_ factors: [Factor]) { self.factors = factors }

  /// One measure alone.
  package init(_ measure: Measure) { factors = [Factor(measure)] }

  private static let million: UInt128 = 1_000_000

  /// The weight, with six decimals.
  /// - Throws: ``ArithmeticError/overflow`` when it does not fit 128 bits.
  package func value(of measures: Measures) throws(ArithmeticError) -> UInt128 {
    var product = Self.million
    for factor in factors {
      var value = try Self.micro(factor.measure, measures)
      var root = factor.root
      while root > 1 {  // √(v/10^6)·10^6 = √(v·10^6)
        value = FixedPointMath.squareRoot(try value.multiplied(by: Self.million))
        root /= 2
      }
      value = max(value, UInt128(factor.minimumPerMillion))
      product = try product.scaled(by: value, over: Self.million, rounding: .down)
    }
    return product / Self.million < UInt128(countsFrom) ? 0 : product
  }

  /// A measure with six decimals: dollars and tokens lose what is below a millionth.
  private static func micro(
    _ measure: Measure, _ measures: Measures
  ) throws(ArithmeticError) -> UInt128 {
    let unitsPerMicro: UInt128 = 1_000_000_000_000
    return switch measure {
    case .equal: million
    case .usage: measures.usage.baseUnits / unitsPerMicro
    case .work: try measures.work.multiplied(by: million)
    case .capacity: try measures.capacity.multiplied(by: million)
    case .stake: measures.stake.baseUnits / unitsPerMicro
    case .votes: measures.votes.baseUnits / unitsPerMicro
    case .fees: measures.fees.baseUnits / unitsPerMicro
    case .score: UInt128(measures.scorePerMillion)
    case .multiplier: UInt128(measures.multiplierPerMillion)
    }
  }
}
