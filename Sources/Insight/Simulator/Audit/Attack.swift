/// Ways in which networks of this kind were broken.
package enum Attack: String, Hashable, Sendable, CaseIterable {
  case selfDealing = "self-dealing"
  case capacityFarming = "capacity-farming"
  case locationSpoofing = "location-spoofing"
  case emissionDumping = "emission-dumping"
  case demandCollapse = "demand-collapse"
  case tokenCrash = "token-crash"
  case massExit = "mass-exit"

  /// What is done, and what counts as broken.
  package var meaning: String {
    switch self {
    case .selfDealing:
      "suppliers buy their own service; broken when a dollar spent so returns more than a dollar"
    case .capacityFarming:
      "capacity at a fifth of the honest cost that serves nobody; broken when it earns and takes "
        + "over a quarter of the emission"
    case .locationSpoofing:
      "devices that do not exist, found out at some rate; broken when they earn and take over a "
        + "tenth of the emission"
    case .emissionDumping:
      "suppliers sell every reward at once on an ever thinner market; broken when the price falls "
        + "below a fifth within a year"
    case .demandCollapse:
      "customers go; broken when most runs are insolvent or half of the capacity leaves within a "
        + "year and a half"
    case .tokenCrash:
      "the token loses its price; broken when most runs are insolvent or half of the capacity "
        + "leaves"
    case .massExit:
      "operators leave on one day; broken when half a year later less than 95 % of what would have "
        + "been served is"
    }
  }

  /// What the strength is, for people.
  package var parameter: String {
    switch self {
    case .selfDealing: "bought from oneself, share of real usage"
    case .capacityFarming: "farmed capacity, share of honest capacity"
    case .locationSpoofing: "days until a pretence is found out"
    case .emissionDumping: "market depth, share of circulating value"
    case .demandCollapse: "demand that is left"
    case .tokenCrash: "price that is left"
    case .massExit: "operators who leave"
    }
  }

  /// Strengths from mild to extreme.
  package var ladder: [Fixed] {
    let texts =
      switch self {
      case .selfDealing: ["0.01", "0.1", "0.5", "1", "3", "10"]
      case .capacityFarming: ["0.1", "0.3", "1", "3", "10", "30"]
      case .locationSpoofing: ["3", "10", "30", "100", "300", "1000"]
      case .emissionDumping: ["0.5", "0.25", "0.1", "0.05", "0.02", "0.01"]
      case .demandCollapse: ["0.7", "0.5", "0.3", "0.1", "0.03", "0.01"]
      case .tokenCrash: ["0.7", "0.5", "0.3", "0.1", "0.03", "0.01"]
      case .massExit: ["0.1", "0.25", "0.5", "0.75", "0.9", "0.97"]
      }
    return texts.compactMap { Fixed(decimal: $0) }
  }

  /// The day on which shocks strike.
  static let strikeDay = 60
  /// How long an attack is watched.
  static let days = 600

  /// The scenario under attack.
  func applied(to scenario: Scenario, strength: Fixed) -> Scenario {
    var attacked = scenario
    let honest = scenario.supply.filter { $0.behaviour == .honest }
    let capacity = honest.reduce(Fixed.zero) { $0 + $1.members * $1.capacityPerDay }
    guard
      var model = honest.max(by: { $0.members * $0.capacityPerDay < $1.members * $1.capacityPerDay }
      )
    else { return attacked }
    model.name = "attackers"
    switch self {
    case .selfDealing:
      let wanted = scenario.demand.reduce(Fixed.zero) { $0 + $1.unitsPerDay }
      model = model.pretending(.selfDealer, costShare: .zero)
      model.uptime = .one
      model.capacityPerDay = wanted * strength / Fixed(100)
      model.members = Fixed(100)
      model.potential = Fixed(100)
      attacked.supply.append(model)
    case .capacityFarming:
      model = model.pretending(.farmer, costShare: Fixed(1, over: 5))
      model.members =
        (capacity * strength).divided(
          by: model.capacityPerDay, orIfZero: strength * model.members)
      model.potential = model.members
      attacked.supply.append(model)
    case .locationSpoofing:
      model = model.pretending(.spoofer, costShare: .zero)
      model.detectionPerDay = .one / strength
      model.members = model.members / Fixed(2)
      model.potential = model.members
      model.attention = Fixed(1, over: 20)
      model.hurdleMonths = Fixed(600)
      attacked.supply.append(model)
    case .emissionDumping:
      attacked.market.depth = strength
      for index in attacked.supply.indices { attacked.supply[index].sellShare = .one }
    case .demandCollapse:
      attacked.shocks.append(Shock(kind: .demand, day: Self.strikeDay, size: strength))
    case .tokenCrash:
      attacked.shocks.append(Shock(kind: .price, day: Self.strikeDay, size: strength))
    case .massExit:
      attacked.shocks.append(Shock(kind: .exit, day: Self.strikeDay, size: strength))
    }
    return attacked
  }
}

extension SupplyCohort {
  /// The same hardware on paper at a share of its cost, by people who neither leave nor grow.
  fileprivate func pretending(_ behaviour: Behaviour, costShare: Fixed) -> SupplyCohort {
    var copy = self
    copy.behaviour = behaviour
    copy.hardware = hardware * costShare
    copy.watts = watts * costShare
    copy.otherCosts = otherCosts * costShare
    copy.overage = .zero
    copy.attention = .zero
    copy.patienceDays = 3650
    copy.sellShare = .one
    copy.selfUse = behaviour == .selfDealer ? .one : .zero
    copy.detectionPerDay = behaviour == .selfDealer ? .zero : Fixed(1, over: 365)
    copy.deliveryDays = 0
    return copy
  }
}
