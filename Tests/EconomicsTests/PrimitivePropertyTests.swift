import Foundation
import Primitives
import TestSupport
import Testing

@testable import Economics

/// Laws of the primitives on random values, and the bounds within which none of them overflows:
/// supplies to 10^12 tokens, 10^7 epochs, powers to 2^100.
@Suite struct PrimitivePropertyTests {
  private static let calendar = EpochCalendar(genesis: UnixTime(2020, 1, 1), epochSeconds: 86_400)

  private static func amount(_ random: inout SeededGenerator) -> Amount {
    let most = Amount.whole(1_000_000_000_000).baseUnits
    let bits = UInt128.random(in: 0..<100, using: &random)
    return Amount(baseUnits: UInt128.random(in: 0...most, using: &random) >> bits)
  }

  private static func epochs(_ random: inout SeededGenerator) -> UInt64 {
    UInt64.random(in: 0...10_000_000, using: &random) >> UInt64.random(in: 0...23, using: &random)
  }

  private static func date(_ random: inout SeededGenerator) -> UnixTime {
    UnixTime(seconds: calendar.genesis.seconds + .random(in: 0...1_000_000_000, using: &random))
  }

  private static func form(_ random: inout SeededGenerator) -> Emission {
    switch random.next() % 6 {
    case 0:
      let first = date(&random)
      return .steps(
        StepEmission([
          .init(from: first, perEpoch: amount(&random)),
          .init(from: first.advanced(seconds: 5_000_000), perEpoch: amount(&random)),
        ]))
    case 1:
      return .exponential(
        ExponentialEmission(
          pool: amount(&random), halfLifeEpochs: epochs(&random) + 1, from: date(&random)))
    case 2:
      return .geometric(
        GeometricEmission(
          first: amount(&random), ratioPerMillion: .random(in: 0...1_000_000, using: &random),
          epochsPerPeriod: epochs(&random) % 1_000 + 1, periods: 300,
          lateFirstCut: epochs(&random) % 50, from: date(&random)))
    case 3:
      return .taper(
        TaperEmission(
          perEpoch: amount(&random), flatEpochs: epochs(&random) % 5_000,
          taperEpochs: epochs(&random) % 5_000, from: date(&random)))
    case 4: return .thresholds(ThresholdEmission(first: amount(&random), cap: amount(&random)))
    default:
      return .usdTarget(
        UsdTargetEmission(creditsPerUnit: Credits(baseUnits: 1_000_000), cap: amount(&random)))
    }
  }

  private static func context(
    _ epoch: UInt64, _ count: UInt64, issued: Amount
  ) -> EmissionContext {
    EmissionContext(
      calendar: calendar, epoch: epoch, epochs: count, issued: issued, supply: issued,
      staked: .zero, power: 1_000, price: .whole(3), usage: .zero)
  }

  /// n epochs at once give what n single ones give, to the unit; and nothing overflows.
  @Test func schedulesAddUp() throws {
    var random = SeededGenerator.fromEnvironment(default: 101)
    for _ in 0..<150 {
      let form = Self.form(&random)
      let first = Self.epochs(&random) % 20_000
      let count = UInt64.random(in: 1...40, using: &random)
      var state = EmissionState()
      let issued = Self.amount(&random)
      let together = try form.amount(
        Self.context(first, count, issued: issued), state: &state)
      var sum = Amount.zero
      for epoch in first..<(first + count) {
        let one = try form.amount(
          Self.context(epoch, 1, issued: issued.adding(sum)), state: &state)
        sum = try sum.adding(one)
      }
      #expect(together == sum, "seed \(random.seed): \(form)")
      // Far out nothing overflows either.
      _ = try form.amount(Self.context(9_999_999, 10_000_000, issued: issued), state: &state)
    }
  }

  @Test func exponentialPoolsAreNeverExceeded() throws {
    var random = SeededGenerator.fromEnvironment(default: 102)
    for _ in 0..<300 {
      let pool = Self.amount(&random)
      let form = ExponentialEmission(
        pool: pool, halfLifeEpochs: Self.epochs(&random) + 1, from: Self.calendar.genesis)
      let (early, late) = (Self.epochs(&random), Self.epochs(&random))
      let before = try form.cumulative(min(early, late), Self.calendar)
      let after = try form.cumulative(max(early, late), Self.calendar)
      #expect(before <= after && after <= pool.baseUnits, "seed \(random.seed)")
      let half = try form.cumulative(form.halfLifeEpochs, Self.calendar)
      #expect(half == pool.baseUnits / 2 || half == (pool.baseUnits + 1) / 2)
    }
  }

  /// A grant is released whole, never early, and never more than is locked.
  @Test func vestingReleasesEachGrantWhole() throws {
    var random = SeededGenerator.fromEnvironment(default: 103)
    for _ in 0..<60 {
      let rule = Vesting(
        lockedPerMillion: 750_000, epochs: UInt64.random(in: 1...40, using: &random))
      var schedule = VestingSchedule()
      var grants: [(epoch: UInt64, amount: UInt128)] = []
      var released: UInt128 = 0
      for epoch in 0..<UInt64(120) {
        released += try schedule.release(in: epoch).baseUnits
        let due = grants.reduce(UInt128(0)) { sum, grant in
          let age = UInt128(min(epoch - grant.epoch, rule.epochs))
          let (each, rest) = grant.amount.quotientAndRemainder(dividingBy: UInt128(rule.epochs))
          return sum + each * age + (age > 0 ? rest : 0)
        }
        #expect(released == due, "seed \(random.seed)")
        if epoch < 70, random.next() % 3 > 0 {
          let amount = Self.amount(&random)
          try schedule.add(amount, in: epoch, rule)
          grants.append((epoch, amount.baseUnits))
        }
      }
      #expect(schedule.locked == .zero)
      #expect(released == grants.reduce(0) { $0 + $1.amount })
    }
  }

  @Test func redemptionNeverOverpays() throws {
    var random = SeededGenerator.fromEnvironment(default: 104)
    for _ in 0..<500 {
      let curve = Redemption(curvature: random.next() % 4)
      let (supply, reserve) = (Self.amount(&random), Self.amount(&random))
      if supply == .zero { continue }
      let part = Amount(baseUnits: .random(in: 0...supply.baseUnits, using: &random))
      let out = try curve.redeem(part, supply: supply, reserve: reserve)
      #expect(out <= reserve, "seed \(random.seed)")
      // In two steps nobody gets more than in one.
      let half = Amount(baseUnits: part.baseUnits / 2)
      let first = try curve.redeem(half, supply: supply, reserve: reserve)
      let second = try curve.redeem(
        part.subtracting(half), supply: supply.subtracting(half),
        reserve: reserve.subtracting(first))
      #expect(try first.adding(second) <= out.adding(Amount(baseUnits: 2)), "seed \(random.seed)")
      // What comes in for new tokens is at least what they would bring back.
      if reserve == .zero { continue }
      let deposit = try curve.deposit(for: half, supply: supply, reserve: reserve)
      let back = try curve.redeem(
        half, supply: supply.adding(half), reserve: reserve.adding(deposit))
      #expect(back <= deposit, "seed \(random.seed)")
    }
    let flat = Redemption(curvature: 0)
    #expect(try flat.redeem(.whole(1), supply: .whole(4), reserve: .whole(8)) == .whole(2))
    let steep = Redemption(curvature: 1)
    #expect(try steep.redeem(.whole(1), supply: .whole(2), reserve: .whole(8)) == .whole(6))
    #expect(throws: ArithmeticError.underflow) {
      try flat.redeem(.whole(5), supply: .whole(4), reserve: .whole(8))
    }
  }

  /// In no window of epochs more flows than was allowed when it opened.
  @Test func breakersHold() throws {
    var random = SeededGenerator.fromEnvironment(default: 105)
    for _ in 0..<100 {
      let breaker = Breaker(windowEpochs: random.next() % 5 + 1, perMillion: 200_000)
      var window = Breaker.Window()
      var flowed: [UInt64: UInt128] = [:]
      for epoch in 0..<UInt64(30) {
        let passed = try breaker.pass(
          Self.amount(&random), base: .whole(1_000), epoch: epoch, window: &window)
        flowed[window.opened ?? 0, default: 0] += passed.baseUnits
      }
      for (_, sum) in flowed { #expect(sum <= Amount.whole(200).baseUnits) }
    }
  }

  @Test func slashesStayWithinTheStake() throws {
    var random = SeededGenerator.fromEnvironment(default: 106)
    let rules = PresetCatalogue.all.flatMap(\.rules).flatMap(\.slashes)
    #expect(rules.count > 5)
    for _ in 0..<200 {
      let (stake, reward) = (Self.amount(&random), Self.amount(&random))
      for rule in rules {
        let amount = try rule.slash.amount(
          stake: stake, reward: reward, age: Self.epochs(&random))
        #expect(amount <= stake, "seed \(random.seed): \(rule.name)")
      }
    }
  }

  /// Filecoin's numbers: 3.51 days; 5.51 days and 20 FIL; FIP-0098's termination.
  @Test func filecoinsPenalties() throws {
    let rules = try #require(Preset.filecoin.rules.last).slashes
    func cost(_ name: String, age: UInt64 = 0) throws -> Amount {
      let slash = try #require(rules.first { $0.name == name }).slash
      return try slash.amount(stake: .whole(1_000), reward: .whole(2), age: age)
    }
    #expect(try cost("fault-day").description == "7.02")
    #expect(try cost("invalid-proof").description == "31.02")
    #expect(try cost("termination", age: 0) == .whole(20))  // 2 % of the pledge
    #expect(try cost("termination", age: 70).description == "42.5")
    #expect(try cost("termination", age: 9_999) == .whole(85))
  }

  @Test func pledgesFollowTheFormula() throws {
    guard case .pledge(let rule)? = Preset.filecoin.rules.last?.stake else { return }
    var measures = Measures()
    measures.capacity = 1 << 50
    let network = StakeRule.Network(
      rewardPerEpoch: .whole(80_000), circulating: .whole(600_000_000), power: 1 << 64,
      baseline: 1 << 66)
    let ours = try StakeRule.pledge(rule).required(measures, network)
    let share = 1.0 / 16_384
    let lock: Double = 0.3 * 6e8 * share * (0.7 / 4 + 0.3)
    let expected: Double = 20 * 80_000 * share + lock
    #expect(abs(Double(ours.baseUnits) / 1e18 - expected) < 1e-6)
    var tiny = network
    tiny.power = 1
    #expect(try StakeRule.pledge(rule).required(measures, tiny) == .whole(32_768))  // the cap
  }

  @Test func locksGiveVotesLinearly() throws {
    let rule = try #require(Preset.helium.rules.last?.lock)
    let late = UnixTime(2026, 1, 1)
    #expect(try rule.votes(.whole(10), epochs: 1_461, madeAt: late) == .whole(1_000))
    #expect(try rule.votes(.whole(10), epochs: 9_999, madeAt: late) == .whole(1_000))
    #expect(try rule.votes(.whole(10), epochs: 731, madeAt: late) == .whole(500))
    #expect(try rule.votes(.whole(10), epochs: 0, madeAt: late) == nil)
    #expect(
      try rule.votes(Amount(baseUnits: 1), epochs: 1_461, madeAt: late) == nil)
    let landrush = UnixTime(2023, 4, 20)
    #expect(try rule.votes(.whole(10), epochs: 1_461, madeAt: landrush) == .whole(3_000))
  }

  @Test func weightsMultiplyTheirFactors() throws {
    var measures = Measures()
    measures.votes = .whole(9)
    measures.usage = .whole(16)
    measures.fees = .whole(81)
    let utility = try #require(Preset.helium.rules[4].vote?.weight)
    #expect(try utility.value(of: measures) == 108_000_000)  // 9·√16·⁴√81
    #expect(try utility.value(of: Measures()) == 1_000_000)  // each factor is at least 1
    measures.capacity = 1 << 60
    measures.multiplierPerMillion = 10_000_000
    let quality = Weight([Weight.Factor(.capacity), Weight.Factor(.multiplier)])
    #expect(try quality.value(of: measures) == 10 * (1 << 60) * 1_000_000)
    measures.capacity = 1 << 100
    #expect(try quality.value(of: measures) == UInt128(10_000_000) << 100)
    measures.capacity = .max
    #expect(throws: ArithmeticError.overflow) { try quality.value(of: measures) }
  }

  @Test func baseFeesFollowDemand() throws {
    let rule = BaseFee(minimum: Amount(baseUnits: 100), target: 1_000, maximumChangeDivisor: 8)
    let fee = Amount(baseUnits: 8_000)
    #expect(try rule.next(fee, used: 1_000) == fee)
    #expect(try rule.next(fee, used: 2_000) == Amount(baseUnits: 9_000))
    #expect(try rule.next(fee, used: 900_000) == Amount(baseUnits: 9_000))
    #expect(try rule.next(fee, used: 0) == Amount(baseUnits: 7_000))
    #expect(try rule.next(Amount(baseUnits: 100), used: 0) == rule.minimum)
    #expect(try rule.burned(fee, used: 3) == Amount(baseUnits: 24_000))
  }

  @Test func datesAreCivil() {
    var random = SeededGenerator.fromEnvironment(default: 107)
    #expect(UnixTime(2026, 8, 5, 12).seconds == 1_785_931_200)
    #expect(UnixTime(1970, 1, 1).seconds == 0)
    #expect(UnixTime(seconds: 1_709_164_800).description == "2024-02-29")
    #expect(UnixTime(seconds: -1).description == "1969-12-31T23:59:59Z")
    for bad in [
      "2023-02-29", "2023-13-01", "2023-00-10", "23-01-01", "2023-01-01T24:00:00Z", "x",
      "2023-01-01T00:00:00", "", "2023-1-1", "-023-01-01",
    ] {
      #expect(UnixTime(text: bad) == nil, "\(bad)")
    }
    for _ in 0..<2_000 {
      let time = UnixTime(seconds: .random(in: 0...253_402_300_799, using: &random))
      #expect(UnixTime(text: time.description) == time, "\(time)")
    }
  }
}
