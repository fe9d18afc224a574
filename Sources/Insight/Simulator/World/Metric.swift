/// What is recorded of a network over time.
package enum Metric: Int, Hashable, Sendable, CaseIterable {
  case price
  case supply
  case circulating
  case emitted
  case burned
  case emittedValue
  case burnedValue
  case customerRevenue
  case capacity
  case used
  case utilisation
  case priceToSales
  case priceToSalesDiluted
  case incentiveEfficiency
  case stakeRatio
  case vaultRatio
  case concentration
  case operators
  case pretenders

  /// The name in CSV and JSON, with its unit.
  package var key: String {
    switch self {
    case .price: "price-usd"
    case .supply: "supply-tokens"
    case .circulating: "circulating-tokens"
    case .emitted: "emitted-tokens-per-day"
    case .burned: "burned-tokens-per-day"
    case .emittedValue: "emitted-usd-per-day"
    case .burnedValue: "burned-usd-per-day"
    case .customerRevenue: "customer-usd-per-day"
    case .capacity: "capacity-units-per-day"
    case .used: "used-units-per-day"
    case .utilisation: "utilisation"
    case .priceToSales: "price-to-sales-circulating"
    case .priceToSalesDiluted: "price-to-sales-diluted"
    case .incentiveEfficiency: "incentive-efficiency"
    case .stakeRatio: "stake-ratio"
    case .vaultRatio: "vault-ratio"
    case .concentration: "concentration-top-tenth"
    case .operators: "operators"
    case .pretenders: "pretenders-share-of-emission"
    }
  }

  /// What it is, for people.
  package var title: String {
    switch self {
    case .price: "Token price"
    case .supply: "Supply"
    case .circulating: "Circulating"
    case .emitted: "Emitted"
    case .burned: "Burned"
    case .emittedValue: "Emitted, in dollars"
    case .burnedValue: "Burned, in dollars"
    case .customerRevenue: "Customers pay"
    case .capacity: "Capacity"
    case .used: "Used"
    case .utilisation: "Utilisation"
    case .priceToSales: "Price / sales, circulating"
    case .priceToSalesDiluted: "Price / sales, fully diluted"
    case .incentiveEfficiency: "Incentive efficiency"
    case .stakeRatio: "Staked share"
    case .vaultRatio: "Vault ratio"
    case .concentration: "Emission to the largest tenth"
    case .operators: "Operators"
    case .pretenders: "Emission to pretenders"
    }
  }
}
