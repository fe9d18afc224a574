/// Sums of days between two samples.
struct DayTally {
  private var days = Fixed.zero
  private var emitted = Fixed.zero
  private var burned = Fixed.zero
  private var emittedValue = Fixed.zero
  private var burnedValue = Fixed.zero
  private var revenue = Fixed.zero
  private var capacity = Fixed.zero
  private var used = Fixed.zero
  private var incentives = Fixed.zero
  private var toCohorts = Fixed.zero
  private var toPretenders = Fixed.zero
  private var supply = Fixed.zero
  private var vaultRatio: Fixed?
  private var concentration = Fixed.zero
  private var operators = Fixed.zero

  mutating func add(
    day: Int, paid: DayPayments, price: Fixed, circulating: Fixed, staked: Fixed,
    capacity: Fixed, used: Fixed, revenue: Fixed, cohorts: [CohortState],
    inputs: [CohortInputs]
  ) {
    days += .one
    emitted += paid.emitted
    burned += paid.burned
    emittedValue += paid.emitted * price
    burnedValue += paid.burned * price
    self.revenue += revenue
    self.capacity += capacity
    self.used += used
    supply = paid.supply
    vaultRatio = paid.vaultRatio
    operators = .zero
    for (index, state) in cohorts.enumerated() {
      operators += inputs[index].members
      toCohorts += paid.cohorts[index]
      if state.cohort.behaviour != .honest { toPretenders += paid.cohorts[index] }
    }
    concentration = Self.topTenth(paid.cohorts, inputs, operators)
  }

  /// The share of what suppliers got that went to the best paid tenth of them.
  private static func topTenth(
    _ paid: [Fixed], _ inputs: [CohortInputs], _ operators: Fixed
  ) -> Fixed {
    let total = paid.reduce(.zero, +)
    if total.raw <= 0 || operators.raw <= 0 { return .zero }
    var left = operators / Fixed(10)
    var sum = Fixed.zero
    let order = paid.indices.map { index in
      (each: paid[index].divided(by: inputs[index].members, orIfZero: .zero), index: index)
    }.sorted { $0.each > $1.each || ($0.each == $1.each && $0.index < $1.index) }
    for (each, index) in order {
      let count = min(left, inputs[index].members)
      sum += each * count
      left -= count
      if left.raw <= 0 { break }
    }
    return sum / total
  }

  /// In the order of ``Metric``.
  func values(price: Fixed, circulating: Fixed, staked: Fixed) -> [Fixed] {
    let count = max(days, .one)
    let yearly = revenue / count * Fixed(365)
    return Metric.allCases.map { metric in
      switch metric {
      case .price: price
      case .supply: supply
      case .circulating: circulating
      case .emitted: emitted / count
      case .burned: burned / count
      case .emittedValue: emittedValue / count
      case .burnedValue: burnedValue / count
      case .customerRevenue: revenue / count
      case .capacity: capacity / count
      case .used: used / count
      case .utilisation: used.divided(by: capacity, orIfZero: .zero)
      case .priceToSales: Self.ratio(circulating * price, yearly)
      case .priceToSalesDiluted: Self.ratio(supply * price, yearly)
      case .incentiveEfficiency: Self.ratio(revenue, emittedValue)
      case .stakeRatio: staked.divided(by: staked + circulating, orIfZero: .zero)
      case .vaultRatio: vaultRatio ?? .zero
      case .concentration: concentration
      case .operators: operators
      case .pretenders: toPretenders.divided(by: toCohorts, orIfZero: .zero)
      }
    }
  }

  /// A ratio that is shown up to a million.
  private static func ratio(_ part: Fixed, _ whole: Fixed) -> Fixed {
    part.divided(by: whole, orIfZero: part.raw == 0 ? .zero : Fixed(1_000_000))
      .clamped(.zero, Fixed(1_000_000))
  }
}
