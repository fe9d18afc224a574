/// A world for a network's rules to be tried in: who asks for its service, who supplies it, what
/// the token's market is like, and what goes wrong.
package struct Scenario: Hashable, Sendable {
  /// A short name for reports.
  package var name: String
  /// What it stands for and how sure its numbers are.
  package var note: String
  /// The first day, counted from 1 January 1970; nil takes the preset's newest rules.
  package var firstDay: Int?
  /// How many days it lasts.
  package var days: Int
  /// What is sold, as a report names one unit of it: `GB`, `GPU hour`, `TiB day`.
  package var unit: String
  /// What a customer pays for a unit, in US dollars.
  package var unitPrice: Fixed
  /// How fast suppliers change it: by a factor of e^(this × (utilisation − 0.7)) in a year.
  package var unitPriceResponse: Fixed
  /// How many of the preset's units of capacity one unit a day is: 10^9 where the preset counts
  /// bytes and the scenario GB days.
  package var presetUnits: Fixed
  /// The token on the first day; nil takes the preset's genesis.
  package var start: StartingState?
  package var market: MarketSettings
  package var demand: [DemandSegment]
  package var supply: [SupplyCohort]
  package var shocks: [Shock]
}

/// The token's state on the first day.
package struct StartingState: Hashable, Sendable {
  /// Tokens that exist.
  package var supplyTokens: Fixed
  /// Tokens that can be sold.
  package var circulatingTokens: Fixed
  /// Tokens under stake or lock, part of neither sellers' hands nor the float.
  package var stakedTokens: Fixed
  /// Tokens in the network's endowment.
  package var endowmentTokens: Fixed
  /// Capacity times days that Filecoin's effective time has counted, in the scenario's unit.
  package var realizedCapacityDays: Fixed
}

/// The token's market: a price, how much moves it, and the regimes under which everything is shown.
package struct MarketSettings: Hashable, Sendable {
  /// US dollars a token on the first day.
  package var price: Fixed
  /// The share of the circulating value that, sold within a day, moves the price by a factor of e.
  package var depth: Fixed
  /// What a seller loses to the spread and to fees, as a share.
  package var slippage: Fixed
  /// What of tokens that go to a foundation, a team or investors is sold as they come.
  package var insiderSellShare: Fixed
  package var regimes: [PriceRegime]
}

/// How the price moves besides what the network's own flows do to it.
package struct PriceRegime: Hashable, Sendable {
  package var name: String
  /// The drift of the logarithm in a year.
  package var drift: Fixed
  /// The standard deviation of the logarithm in a year.
  package var volatility: Fixed
}

/// Customers who decide alike.
package struct DemandSegment: Hashable, Sendable {
  package var name: String
  /// Units a day that it wants at the scenario's unit price.
  package var unitsPerDay: Fixed
  /// Growth in a year, as a share; below zero it shrinks.
  package var growthPerYear: Fixed
  /// The most it ever wants, in units a day.
  package var ceiling: Fixed
  /// The standard deviation of its logarithm in a year.
  package var volatility: Fixed
  /// By how many per cent demand falls when the price rises by one.
  package var elasticity: Fixed
  /// The served share below which it turns away.
  package var qualityThreshold: Fixed
  /// What the same costs elsewhere, in US dollars a unit: above it, customers leave.
  package var outsidePrice: Fixed
  /// For how many days it has paid ahead: it leaves no faster than this.
  package var prepaidDays: Int
}

/// Operators who have the same hardware and reckon alike.
package struct SupplyCohort: Hashable, Sendable {
  /// What it is in for.
  package enum Behaviour: String, Hashable, Sendable, CaseIterable {
    /// Renders service.
    case honest
    /// Has capacity that earns subsidies, and serves nobody well.
    case farmer
    /// Claims devices or places that do not exist, until it is caught.
    case spoofer
    /// Buys its own service for the subsidy that usage earns.
    case selfDealer = "self-dealer"
  }

  package var name: String
  package var behaviour: Behaviour
  /// Which of the preset's roles it has; nil: the first.
  package var role: String?
  /// Operators on the first day.
  package var members: Fixed
  /// The most there can be.
  package var potential: Fixed
  /// Units of service that one can render in a day.
  package var capacityPerDay: Fixed
  /// A weight in what is paid for capacity, besides the capacity: 10 for Filecoin's verified data.
  package var multiplier: Fixed
  /// The share of time that it is up.
  package var uptime: Fixed
  /// US dollars that one's hardware costs.
  package var hardware: Fixed
  package var lifeMonths: Fixed
  package var watts: Fixed
  /// US dollars a kilowatt hour.
  package var tariff: Fixed
  /// Gigabytes that one unit of service moves over its owner's line.
  package var gigabytesPerUnit: Fixed
  /// Gigabytes a month that the line's flat rate covers.
  package var dataCap: Fixed
  /// US dollars for a gigabyte above the cap.
  package var overage: Fixed
  /// Other costs in US dollars a month: rent, upkeep, the line's share.
  package var otherCosts: Fixed
  /// Interest in a year, as a share, on hardware and stake.
  package var costOfCapital: Fixed
  /// The payback that half of those who look accept, in months.
  package var hurdleMonths: Fixed
  /// The share of those who could join that looks on a day.
  package var attention: Fixed
  /// Days from order to service.
  package var deliveryDays: Int
  /// Days at a loss before anybody leaves.
  package var patienceDays: Int
  /// The share that leaves on each day after that.
  package var exitPerDay: Fixed
  /// The share of its rewards that it sells at once.
  package var sellShare: Fixed
  /// The part of its capacity that it buys from itself (self-dealers).
  package var selfUse: Fixed
  /// The probability a day that a pretence is found out (spoofers, farmers).
  package var detectionPerDay: Fixed
}

/// Something that goes wrong on a day.
package struct Shock: Hashable, Sendable {
  /// What goes wrong.
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    /// What customers want is multiplied by the size from this day on.
    case demand
    /// The token's price is multiplied by the size.
    case price
    /// This share of the operators leaves.
    case exit
    /// This share of what is staked and held is sold.
    case dump
  }

  package var kind: Kind
  /// Days after the first.
  package var day: Int
  package var size: Fixed
}

extension Scenario {
  /// For how many days customers have paid ahead, weighted by what they want; half of the runway,
  /// because it is used up before it is bought again.
  var meanPrepaidDays: Fixed {
    var days = Fixed.zero
    var units = Fixed.zero
    for segment in demand {
      days += segment.unitsPerDay * Fixed(segment.prepaidDays)
      units += segment.unitsPerDay
    }
    return days.divided(by: units + units, orIfZero: .zero)
  }
}
