import Economics
import Primitives
import TestSupport
import Testing

/// Exactness: nothing appears, nothing is lost, whoever comes, goes and settles when.
struct StakingMathTests {
  /// A pool with its index and holders, and everything that ever went in and out.
  private struct World {
    var pool = StakePool()
    var index = RewardIndex()
    var holders: [RewardHolding?] = Array(repeating: nil, count: 6)
    var added: UInt128 = 0
    var paid: UInt128 = 0
    var deposited: UInt128 = 0
    var withdrawn: UInt128 = 0
    var slashed: UInt128 = 0

    mutating func settle(_ holder: Int) throws {
      guard var holding = holders[holder] else { return }
      paid += try holding.settle(index).baseUnits
      holders[holder] = holding
    }

    /// Σ due + carry = (added − paid) × 2^64, and Σ shares = the pool's.
    func check(_ comment: Comment) throws {
      var low = index.carry
      var high: UInt128 = 0
      var shares: UInt128 = 0
      for case .some(let holding) in holders {
        let due = try holding.due(index)
        let (sum, overflow) = low.addingReportingOverflow(due.low)
        low = sum
        high += due.high + (overflow ? 1 : 0)
        shares += holding.shares
      }
      let wanted = (added - paid).multipliedFullWidth(by: 1 << 64)
      #expect(wanted.high == high && wanted.low == low, comment)
      #expect(shares == pool.shares, comment)
      #expect(pool.tokens.baseUnits == deposited - withdrawn - slashed, comment)
      #expect(pool.tokens.baseUnits <= pool.shares, comment)
    }
  }

  @Test(arguments: Array(1...40) as [UInt64])
  func everyUnitHasAnOwner(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var world = World()
    let scale = UInt128(1) << UInt128.random(in: 0...70, using: &generator)
    for step in 0..<400 {
      let holder = Int.random(in: 0..<6, using: &generator)
      let amount = UInt128.random(in: 1...1_000_003, using: &generator) * scale / 7 + 1
      switch Int.random(in: 0..<10, using: &generator) {
      case 0, 1, 2:
        if world.pool.isWorthless { continue }
        try world.settle(holder)
        let shares = try world.pool.deposit(Amount(baseUnits: amount))
        world.deposited += amount
        var holding = world.holders[holder] ?? RewardHolding(index: world.index)
        holding.set(shares: holding.shares + shares)
        world.holders[holder] = holding
      case 3, 4:
        guard var holding = world.holders[holder] else { continue }
        try world.settle(holder)
        holding = try #require(world.holders[holder])
        let all = Bool.random(using: &generator)
        let count = all ? holding.shares : UInt128.random(in: 0...holding.shares, using: &generator)
        world.withdrawn += try world.pool.withdraw(count).baseUnits
        holding.set(shares: holding.shares - count)
        if holding.shares == 0 {
          try world.index.takeBack(fraction: holding.fraction)
          world.holders[holder] = nil
        } else {
          world.holders[holder] = holding
        }
      case 5:
        let part = UInt128.random(in: 0...400_000, using: &generator)
        world.slashed += try world.pool.slash(perMillion: part).baseUnits
      case 6: try world.settle(holder)
      default:
        guard world.pool.shares > 0 else { continue }
        do {
          try world.index.add(Amount(baseUnits: amount), shares: world.pool.shares)
          world.added += amount
        } catch {
          // So few shares that the index would not hold it: refused whole.
        }
      }
      try world.check("seed \(seed), step \(step)")
    }
  }

  /// Settling often or never comes to the same.
  @Test func howOftenOneSettlesDoesNotMatter() throws {
    var index = RewardIndex()
    var often = RewardHolding(shares: 333, index: index)
    var rarely = RewardHolding(shares: 333, index: index)
    var sum: UInt128 = 0
    for reward in 1...1_000 as ClosedRange<UInt128> {
      try index.add(Amount(baseUnits: reward), shares: 1_000)
      sum += try often.settle(index).baseUnits
    }
    #expect(try rarely.settle(index).baseUnits == sum)
    // 500,500 × 333 / 1,000, less at most one unit of rounding.
    #expect(sum == 166_666)
  }

  @Test func nobodyBuysDearOrSellsDearAfterASlash() throws {
    var pool = StakePool()
    let first = try pool.deposit(.whole(100))
    _ = try pool.slash(perMillion: 333_333)
    let before = try pool.value(of: first)
    let amount = Amount(baseUnits: 1_000_000_000_000_000_007)
    let second = try pool.deposit(amount)
    #expect(try pool.value(of: second) <= amount)
    #expect(try pool.value(of: first) >= before)
    let out = try pool.withdraw(second)
    #expect(out <= amount)
    #expect(try pool.value(of: first) >= before)
    _ = try pool.slash(perMillion: 2_000_000)
    #expect(pool.isWorthless)
    #expect(throws: ArithmeticError.self) { try pool.deposit(.whole(1)) }
    #expect(throws: ArithmeticError.self) { try pool.withdraw(.max) }
  }

  @Test func theMedianIsByWeight() {
    #expect(WeightedMedian.of([(value: 1, weight: 0)]) == nil)
    #expect(WeightedMedian.of([(value: 9, weight: 5), (value: 1, weight: 5)]) == 1)
    #expect(WeightedMedian.of([(value: 9, weight: 6), (value: 1, weight: 5)]) == 9)
    #expect(
      WeightedMedian.of([(value: 1, weight: .max), (value: 2, weight: .max), (value: 3, weight: 1)])
        == 2)
  }

  @Test func aYearAtFivePercentIsFivePercent() throws {
    let stake = Amount.whole(1_000)
    let year = UInt64(StakingReward.yearMilliseconds)
    #expect(
      try StakingReward.issued(stake: stake, perMillionPerYear: 50_000, milliseconds: year)
        == .whole(50))
    let parts = try StakingReward.divide(Amount(baseUnits: 999), commissionPerTenThousand: 500)
    #expect(parts.commission.baseUnits == 49 && parts.stakers.baseUnits == 950)
    #expect(throws: ArithmeticError.self) {
      try StakingReward.issued(
        stake: Amount(baseUnits: .max), perMillionPerYear: .max, milliseconds: .max)
    }
  }
}
