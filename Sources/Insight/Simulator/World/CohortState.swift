/// One cohort on its way through a run.
struct CohortState {
  let cohort: SupplyCohort
  /// Costs of one member a day that do not depend on use: power, rent and upkeep.
  let fixedCost: Fixed
  /// The wear of one member's hardware a day, and the interest on it.
  let depreciation: Fixed
  let interest: Fixed
  private(set) var members: Fixed
  /// Tokens that a member put at stake when it joined, on average; nil before the first day.
  private(set) var stakeHeld: Fixed?
  /// Members on their way, by the day on which they start.
  private var deliveries: [Fixed]
  private var deliveryIndex = 0
  private var ordered = Fixed.zero
  private var lossDays = 0
  private var expectedTokens = Fixed.zero
  private var expectedFees = Fixed.zero
  private var expectedCost = Fixed.zero
  private var hasExpectations = false
  /// What one member's books say so far.
  private(set) var books = MemberBooks()

  static let daysPerMonth = Fixed(365, over: 12)

  init(_ cohort: SupplyCohort) {
    self.cohort = cohort
    let power = cohort.watts * Fixed(24) / Fixed(1000) * cohort.uptime * cohort.tariff
    fixedCost = power + cohort.otherCosts / Self.daysPerMonth
    depreciation = cohort.hardware / (cohort.lifeMonths * Self.daysPerMonth)
    interest = cohort.hardware * cohort.costOfCapital / Fixed(365)
    members = cohort.members
    deliveries = Array(repeating: .zero, count: cohort.deliveryDays + 1)
  }

  /// Units a day that one member has ready.
  var capacity: Fixed { cohort.capacityPerDay * cohort.uptime }

  /// US dollars a day for the gigabytes that `units` a day bring above the line's cap.
  func overage(units: Fixed) -> Fixed {
    if cohort.overage.raw == 0 || cohort.gigabytesPerUnit.raw == 0 { return .zero }
    let month = units * cohort.gigabytesPerUnit * Self.daysPerMonth
    if month <= cohort.dataCap { return .zero }
    return (month - cohort.dataCap) * cohort.overage / Self.daysPerMonth
  }

  /// What a day brought to one member.
  struct Day {
    var tokens: Fixed
    var fees: Fixed
    var units: Fixed
    /// What it paid for its own service.
    var purchases: Fixed
    /// What must be at stake to join today.
    var requiredStake: Fixed
    var price: Fixed
    var slippage: Fixed
    /// The share of its stake that it expects to lose today.
    var slashShare: Fixed
  }

  /// Books a day. Returns the costs that were paid in cash.
  mutating func book(_ day: Day) -> Fixed {
    let cash = fixedCost + overage(units: day.units) + day.purchases
    let stake = stakeHeld ?? day.requiredStake
    stakeHeld = stake
    let stakeCost = stake * day.price * cohort.costOfCapital / Fixed(365)
    let slash = stake * day.slashShare * day.price
    let tokens = day.tokens * day.price * (.one - day.slippage)
    let full = cash + depreciation + stakeCost + slash
    books.add(
      tokens: day.tokens, tokenIncome: tokens, fees: day.fees, cash: cash + stakeCost + slash,
      full: full, hardware: cohort.hardware)
    expect(tokens: day.tokens, fees: day.fees, cost: cash + stakeCost + slash)
    return cash
  }

  private mutating func expect(tokens: Fixed, fees: Fixed, cost: Fixed) {
    if !hasExpectations {
      (expectedTokens, expectedFees, expectedCost) = (tokens, fees, cost)
      hasExpectations = true
      return
    }
    let pace = Self.pace
    expectedTokens += (tokens - expectedTokens) * pace
    expectedFees += (fees - expectedFees) * pace
    expectedCost += (cost - expectedCost) * pace
  }

  private static let pace = Fixed(1, over: 30)

  /// Joins and leaves. Returns how many started and how many left today.
  mutating func move(
    expectedPrice: Fixed, requiredStake: Fixed
  ) -> (joined: Fixed, left: Fixed) {
    let income = expectedTokens * expectedPrice + expectedFees
    let margin = income - expectedCost
    order(margin)
    let joined = deliver()
    if joined.raw > 0 {
      let held = (stakeHeld ?? .zero) * (members - joined) + requiredStake * joined
      stakeHeld = held.divided(by: members, orIfZero: requiredStake)
    }
    let left = leave(margin)
    return (joined, left)
  }

  /// Hazard = attention × logistic((hurdle − payback)/3 months), of those who have not joined.
  private mutating func order(_ margin: Fixed) {
    let open = cohort.potential - members - ordered
    if open.raw <= 0 || margin <= interest { return }
    let months = cohort.hardware / ((margin - interest) * Self.daysPerMonth)
    let lead = (cohort.hurdleMonths - months) * Self.third
    if lead < Fixed(-12) { return }
    let count = open * cohort.attention * FixedMath.logistic(lead)
    ordered += count
    deliveries[(deliveryIndex + cohort.deliveryDays) % deliveries.count] += count
  }

  private static let third = Fixed(1, over: 3)

  private mutating func deliver() -> Fixed {
    let count = deliveries[deliveryIndex]
    deliveries[deliveryIndex] = .zero
    deliveryIndex += 1
    if deliveryIndex == deliveries.count { deliveryIndex = 0 }
    ordered -= count
    members += count
    return count
  }

  /// Hardware is sunk: a member stays while cash comes in, and goes only after days at a loss. A
  /// day of profit makes up for two of loss.
  private mutating func leave(_ margin: Fixed) -> Fixed {
    if margin.raw >= 0 {
      lossDays = max(0, lossDays - 2)
      return .zero
    }
    lossDays = min(lossDays + 1, cohort.patienceDays + 30)
    if lossDays <= cohort.patienceDays { return .zero }
    return remove(cohort.exitPerDay)
  }

  /// Takes a share of the members away; returns how many.
  mutating func remove(_ share: Fixed) -> Fixed {
    let count = members * share
    members -= count
    return count
  }
}

/// What one member earned and paid, from the first day on.
struct MemberBooks {
  private(set) var days = 0
  private(set) var tokens = Fixed.zero
  private(set) var tokenIncome = Fixed.zero
  private(set) var fees = Fixed.zero
  private(set) var cash = Fixed.zero
  private(set) var full = Fixed.zero
  private(set) var paybackDay: Int?

  mutating func add(
    tokens: Fixed, tokenIncome: Fixed, fees: Fixed, cash: Fixed, full: Fixed, hardware: Fixed
  ) {
    days += 1
    self.tokens += tokens
    self.tokenIncome += tokenIncome
    self.fees += fees
    self.cash += cash
    self.full += full
    if paybackDay == nil, self.tokenIncome + self.fees - self.cash >= hardware {
      paybackDay = days
    }
  }

  /// Income less all costs, wear among them, in US dollars a month.
  var netPerMonth: Fixed {
    days == 0 ? .zero : (tokenIncome + fees - full) / Fixed(days) * CohortState.daysPerMonth
  }

  /// The token price at which the member would have come out even; nil where it got no tokens.
  var breakEvenPrice: Fixed? {
    if tokens.raw <= 0 { return nil }
    let missing = full - fees
    return missing.raw <= 0 ? .zero : missing / tokens
  }
}
