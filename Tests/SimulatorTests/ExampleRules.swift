import Simulator

/// Rules simple enough to reckon with by hand: a fixed emission a day, part by capacity and part by
/// usage; usage is paid by burning tokens.
struct ExampleRules: NetworkRules {
  var supply = Fixed(100_000_000)
  var circulating = Fixed(81_000_000)
  var emission = Fixed(50_000)
  /// The share of the emission that goes by usage; the rest goes by capacity.
  var usageShare = Fixed(1, over: 2)
  /// The share of what customers pay that is burned; the rest goes to who served them, in dollars.
  var burnShare = Fixed(1, over: 5)
  var slashShare: Fixed { Fixed(1, over: 2) }

  mutating func settle(_ day: DayInputs) throws -> DayPayments {
    var paid = DayPayments(cohorts: day.cohorts.count)
    let usage = day.cohorts.reduce(Fixed.zero) { $0 + $1.usage }
    let capacity = day.cohorts.reduce(Fixed.zero) { $0 + $1.capacity }
    for (index, cohort) in day.cohorts.enumerated() {
      paid.cohorts[index] =
        emission * usageShare * cohort.usage.divided(by: usage, orIfZero: .zero)
        + emission * (.one - usageShare) * cohort.capacity.divided(by: capacity, orIfZero: .zero)
      paid.fees[index] = cohort.usage * (.one - burnShare)
    }
    paid.liquid = paid.cohorts
    paid.emitted = emission
    paid.burned = min(supply, usage * burnShare / day.price)
    paid.bought = paid.burned
    supply = supply + emission - paid.burned
    paid.supply = supply
    circulating = circulating + emission - paid.burned
    paid.circulating = circulating
    return paid
  }

  func stake(cohort: Int) -> Fixed { Fixed(50) }

  static let scenario = """
    scenario: example
    unit: GB
    unit-price-usd: 0.5
    days: 730
    start:
      supply-tokens: 100000000
      circulating-tokens: 80_000_000
      staked-tokens: 1e6
    market:
      price-usd: 1
    demand:
      - segment: developers
        units-per-day: 20000
        growth-per-year: 0.3
        outside-price-usd: 1
      - segment: archives
        units-per-day: 10000
        elasticity: 2
        outside-price-usd: 0.6
        prepaid-days: 90
    supply:
      - cohort: home
        members: 1000
        potential: 20000
        capacity-per-day: 50
        hardware-usd: 400
        watts: 20
        tariff-usd-per-kwh: 0.3
        data-cap-gb-per-month: 1000
        gb-per-unit: 1
        overage-usd-per-gb: 0.1
        hurdle-months: 15
      - cohort: rack
        members: 100
        potential: 2000
        capacity-per-day: 1000
        hardware-usd: 6000
        watts: 400
        tariff-usd-per-kwh: 0.1
        hurdle-months: 30
      - cohort: spoofers
        behaviour: spoofer
        members: 10
        potential: 5000
        capacity-per-day: 50
        hardware-usd: 5
        attention-per-day: 0.02
    """
}
