/// The token's price: a regime's drift and noise, and what the network's own flows do to a market
/// of finite depth.
struct TokenMarket {
  private let settings: MarketSettings
  private let drift: Fixed
  private let daily: Fixed
  /// US dollars a token.
  private(set) var price: Fixed
  /// What people expect it to be: they adapt by a sixtieth of their error a day.
  private(set) var expected: Fixed

  init(_ settings: MarketSettings, regime: PriceRegime) {
    self.settings = settings
    drift = regime.drift / Fixed(365)
    daily = regime.volatility / FixedMath.squareRoot(Fixed(365))
    price = settings.price
    expected = settings.price
  }

  /// Moves the price by a day.
  /// - Parameter netBuying: US dollars of tokens bought less those sold.
  mutating func step(netBuying: Fixed, circulating: Fixed, normal: Fixed) {
    let value = circulating * price * settings.depth
    let impact = netBuying.divided(by: value, orIfZero: .zero).clamped(-Self.most, Self.most)
    move(drift + daily * normal + impact)
  }

  private mutating func move(_ logarithm: Fixed) {
    price = (price * Growth.factor(logarithm.clamped(-Self.most, Self.most)))
      .clamped(Self.lowest, Self.highest)
    expected += (price - expected) * Self.pace
  }

  /// Multiplies the price.
  mutating func shock(_ factor: Fixed) {
    price = (price * factor).clamped(Self.lowest, Self.highest)
  }

  /// The largest step of the logarithm in a day.
  private static let most = Fixed(7, over: 10)
  private static let lowest = Fixed(raw: 1 << 12)
  private static let highest = Fixed(1_000_000_000)
  private static let pace = Fixed(1, over: 60)
}
