import Economics
import Primitives
import ServiceKit

extension LedgerState {
  /// Takes the block's prices as the token's price when more than two thirds of the epoch's power
  /// stands behind them; else the last price stays and ages.
  mutating func makePrice(_ reports: [PriceReport], _ contributors: BeaconContributorsRecord) {
    let weighted = reports.map {
      (value: $0.price, weight: contributors.power(of: $0.validator))
    }
    let power = weighted.reduce(UInt64(0)) { $0.addingSaturated($1.weight) }
    guard BeaconRules.isQuorum(power: power, of: contributors.totalPower),
      let price = WeightedMedian.of(weighted)
    else { return }
    write(
      OraclePriceRecord(
        price: price, height: clock.height, time: clock.time,
        reports: UInt32(truncatingIfNeeded: reports.count), power: power,
        totalPower: contributors.totalPower),
      at: StateKeys.oraclePrice)
  }

  /// Whether the oracle's price is young enough for anything to be minted; always where a network
  /// uses no oracle.
  var priceIsFresh: Bool {
    let limit = milliseconds(StakingParameters.oracleMaximumAge)
    if limit == 0 { return true }
    guard let record = read(OraclePriceRecord.self, at: StateKeys.oraclePrice) else { return false }
    return clock.time.milliseconds(since: record.time) <= limit
  }

  var tokenPrice: TokenPrice? {
    read(OraclePriceRecord.self, at: StateKeys.oraclePrice).map {
      TokenPrice(creditsPerToken: $0.price, time: $0.time, isFresh: priceIsFresh)
    }
  }
}
