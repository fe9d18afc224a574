/// One segment's demand on its way through a run.
struct DemandState {
  private let segment: DemandSegment
  private let growth: Fixed
  private let daily: Fixed
  private let runway: Fixed
  private let firstPrice: Fixed
  private let firstStay: Fixed
  /// Units a day that it would want at the first price and full quality.
  private var base: Fixed
  /// Units a day that it asks for.
  private(set) var wanted: Fixed
  private var factor = Fixed.one
  private var lastPrice: Fixed

  init(_ segment: DemandSegment, unitPrice: Fixed) {
    self.segment = segment
    growth = FixedMath.ln(.one + segment.growthPerYear) / Fixed(365)
    daily = segment.volatility / FixedMath.squareRoot(Fixed(365))
    runway = .one / Fixed(segment.prepaidDays)
    firstPrice = unitPrice
    lastPrice = unitPrice
    firstStay = Self.stay(unitPrice, segment.outsidePrice)
    base = segment.unitsPerDay
    wanted = base
  }

  /// The share that stays when a unit costs `price` here and `outside` elsewhere.
  private static func stay(_ price: Fixed, _ outside: Fixed) -> Fixed {
    FixedMath.logistic(Fixed(6) * (.one - price / outside))
  }

  /// Decides what it wants today.
  /// - Parameters:
  ///   - quality: the share of what was asked for that was served well of late.
  ///   - shock: a factor on everything.
  mutating func step(
    unitPrice: Fixed, quality: Fixed, shock: Fixed, normal: Fixed
  ) {
    base = min(segment.ceiling, base * Growth.factor(growth + daily * normal))
    if unitPrice != lastPrice { reprice(unitPrice) }
    var target = base * factor * shock
    if quality < segment.qualityThreshold {
      let ratio = quality / segment.qualityThreshold
      target = target * ratio * ratio
    }
    // Who has paid ahead leaves slowly; who comes back does so at the same pace.
    wanted += (target - wanted) * runway
  }

  private mutating func reprice(_ price: Fixed) {
    lastPrice = price
    let relative = FixedMath.power(price / firstPrice, -segment.elasticity)
    factor = relative * Self.stay(price, segment.outsidePrice) / firstStay
  }
}

/// e^x for small steps.
enum Growth {
  /// e^x: for |x| ≤ 1/16 by five terms, within 10^-9; otherwise by ``FixedMath/exp(_:)``.
  static func factor(_ x: Fixed) -> Fixed {
    if x.magnitude > limit { return FixedMath.exp(x) }
    let half = x * x
    return .one + x + Fixed(raw: half.raw >> 1) + half * (x * sixth + half * twentyFourth)
  }

  private static let limit = Fixed(1, over: 16)
  private static let sixth = Fixed(1, over: 6)
  private static let twentyFourth = Fixed(1, over: 24)
}
