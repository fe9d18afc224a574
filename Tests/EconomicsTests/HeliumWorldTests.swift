import Foundation
import Primitives
import TestSupport
import Testing

@testable import Economics

/// The preset `helium` against what was deployed and what happened.
@Suite struct HeliumWorldTests {
  private static let calendar = Preset.helium.calendar

  /// A row of a deployed table: from the first day whose end is not before the row's time, the
  /// emission is the row's; the day before it is the row before's.
  private static func check(_ schedule: StepEmission, _ rows: [(time: String, amount: String)])
    throws
  {
    for (index, row) in rows.enumerated() {
      let expected = try #require(Amount(decimal: row.amount.filter { $0 != "," }))
      let time = try #require(UnixTime(text: row.time))
      let day = try Self.firstDay(time)
      #expect(schedule.perEpoch(at: calendar.start(of: day)) == expected, "\(row)")
      #expect(try Self.emitted(schedule, day) == expected, "\(row)")
      if index > 0 {
        let last = try #require(Amount(decimal: rows[index - 1].amount.filter { $0 != "," }))
        #expect(try Self.emitted(schedule, day - 1) == last, "the day before \(row)")
      }
    }
  }

  /// The day [d, d + 1) with d + 1 ≥ time.
  private static func firstDay(_ time: UnixTime) throws -> UInt64 {
    UInt64((time.seconds - calendar.genesis.seconds + 86_399) / 86_400) - 1
  }

  private static func emitted(_ schedule: StepEmission, _ day: UInt64) throws -> Amount {
    let context = EmissionContext(
      calendar: calendar, epoch: day, epochs: 1, issued: .zero, supply: .zero, staked: .zero,
      power: 0, price: .zero, usage: .zero)
    var state = EmissionState()
    return try Emission.steps(schedule).amount(context, state: &state)
  }

  @Test func keyRowsOfTheDeployedTables() throws {
    try Self.check(
      HeliumRules.schedule,
      [
        ("2023-08-02T00:00:00Z", "82,191.78082192"), ("2023-08-03T00:00:00Z", "40,983.60655738"),
        ("2024-08-01T00:00:01Z", "41,095.89041096"), ("2025-08-01T00:00:01Z", "20,547.94520548"),
      ])
    try Self.check(HeliumRules.iot, [("2024-01-08T00:00:01Z", "88,797,814.207650")])
    try Self.check(HeliumRules.mobile, [("2024-01-08T00:00:01Z", "81,967,213.114754")])
  }

  @Test func theDeployedTablesAreReproducedWhole() throws {
    let schedules = [
      ("hnt", HeliumRules.schedule), ("iot", HeliumRules.iot), ("mobile", HeliumRules.mobile),
    ]
    for (name, schedule) in schedules {
      let file = "helium/emissions_\(name).json"
      guard let rows = try SharedData.json(file) as? [[String: Any]] else { continue }
      let table = try rows.map { row in
        (
          time: try #require(row["startTime"] as? String),
          amount: try #require(row["emissionsPerEpoch"] as? String)
        )
      }
      try Self.check(schedule, table)
      SharedData.compared(file, rows: table.count)
    }
  }

  /// The investors' share (HST): 30 %, and nothing from 2025-01-28 on.
  @Test func investorsSharesAreTheDeployedOnes() throws {
    var rows: [(String, UInt64)] = [("2024-08-01T00:00:01Z", 30), ("2025-01-28T00:00:01Z", 0)]
    let file = "helium/emissions_hst.json"
    if let table = try SharedData.json(file) as? [[String: Any]] {
      rows = try table.map { row in
        (
          try #require(row["startTime"] as? String),
          UInt64(try #require(row["percent"] as? Int))
        )
      }
      SharedData.compared(file, rows: rows.count)
    }
    for (text, percent) in rows {
      let day = try Self.firstDay(#require(UnixTime(text: text)))
      let rules = try #require(Preset.helium.rules(at: day))
      let founders = rules.streams[0].split.pools.first { $0.name == "founders" }
      let share = founders.map { $0.portion } ?? .perMillion(0)
      #expect(share == .perMillion(percent * 10_000), "\(text): \(rules.id)")
    }
  }

  @Test func netEmissionsFollowTheBurn() throws {
    let rule = try #require(Preset.helium.rules[4].reEmission)
    #expect(rule.cap == Amount(decimal: "1643.52"))
    var smoothed = Amount.zero
    for _ in 0..<7 { smoothed = try rule.smoothed(smoothed, burned: .whole(700)) }
    // 700·(1 − (6/7)^7) = 462.0…
    let expected: Double = 700 * (1 - pow(6.0 / 7, 7))
    let error: Double = Double(smoothed.baseUnits) / 1e18 - expected
    #expect(abs(error) < 1e-9)
    #expect(rule.amount(smoothed: smoothed) == smoothed)
    #expect(rule.amount(smoothed: .whole(50_000)) == rule.cap)
  }

  /// HIP-149's top-up: `min(max(0, smoothed − cap), max(0, (target − base)/α))`, and the two ways
  /// of giving back share one budget.
  @Test func theFloorOfHIP149IsBoundedByTheBurn() throws {
    let rule = try #require(Preset.helium.rules.last?.reEmission)
    // HIP-149's example: $0.10 a GB, 91,000 GB a day, $0.27, alpha 0.625, base 20,548 + 1,644.
    let base = Amount.whole(22_192)
    let price = try #require(Credits(decimal: "0.27"))
    let wanted = try rule.topUpAmount(
      smoothed: .whole(1_000_000), base: base, work: 91_000, share: 625_000_000_000, price: price)
    // (0.05·91,000/0.27 − 22,192·0.625)/0.625
    let target: Double = 0.05 * 91_000 / 0.27
    let expected: Double = (target - 22_192 * 0.625) / 0.625
    let error: Double = Double(wanted.baseUnits) / 1e18 - expected
    #expect(abs(error) < 1e-6)
    let bounded = try rule.topUpAmount(
      smoothed: .whole(2_000), base: base, work: 91_000, share: 625_000_000_000, price: price)
    #expect(try bounded == Amount.whole(2_000).subtracting(rule.cap))
    let rich = try rule.topUpAmount(
      smoothed: .whole(9_000), base: base, work: 91_000, share: 625_000_000_000,
      price: .whole(1))
    #expect(rich == .zero)
  }

  /// HIP-149's own example through the policy: 91,000 GB a day at $0.10, mobile share 0.89. At
  /// $0.27 the floor of $0.05 a GB binds, at $1 the baseline holds, at $3 the cap of $0.30 binds
  /// and the rest goes to delegators.
  @Test(arguments: [("0.27", 0.05), ("1", 0.15193), ("3", 0.3)])
  func deployersEarnWithinTheBandOfHIP149(price: String, dollarsPerGB: Double) throws {
    let preset = Preset.helium
    var state = try preset.genesisState(
      epoch: preset.calendar.epoch(from: UnixTime(2026, 9, 1)))
    func account(_ byte: UInt8, _ role: String) throws -> AccountInput {
      let id = try #require(AccountID(bytes: [UInt8](repeating: byte, count: 32)))
      return AccountInput(id, role: role)
    }
    var hotspot = try account(1, "mobile-hotspot")
    hotspot.measures.work = 91_000
    hotspot.measures.usage = .whole(9_100)
    var payer = try account(2, "customer")
    payer.bought = .whole(9_100)
    var delegator = try account(3, "delegator")
    delegator.measures.votes = .whole(1)
    var inputs = EpochInputs(
      price: try #require(Credits(decimal: price)), accounts: [hotspot, payer, delegator])
    for (name, votes) in [("iot", 11), ("mobile", 89)] as [(String, UInt128)] {
      var measures = Measures()
      measures.votes = .whole(votes)
      inputs.candidates.append(CandidateInput(name, measures: measures))
    }
    var last = Settlement()
    for _ in 0..<60 { last = try preset.settle(inputs, &state) }
    let line = try #require(last.lines.first { $0.pool == "mobile-data" })
    let earned = try line.liquid.credits(at: inputs.price, rounding: .down)
    let perGB = Double(earned.baseUnits) / 1e18 / 91_000
    #expect(abs(perGB / dollarsPerGB - 1) < 0.002, "\(perGB)")
    #expect(last.totals.reEmitted <= state.smoothedBurn)
    #expect(try state.isBalanced())
  }

  /// The supplement: 196,000 a day for 360 days, then linearly to 0 over 720: 141 M in all.
  @Test func theSupplementIs141Million() throws {
    guard case .taper(let taper)? = Preset.helium.rules.last?.streams[1].form else {
      Issue.record("the supplement is missing")
      return
    }
    let first = Self.calendar.epoch(from: taper.from)
    #expect(Self.calendar.start(of: first) == UnixTime(2026, 8, 6))
    let flat = try taper.cumulative(first + 360, Self.calendar)
    #expect(flat == Amount.whole(70_560_000).baseUnits)
    let all = try taper.cumulative(first + 2_000, Self.calendar)
    #expect(all == Amount.whole(70_560_000).baseUnits + Amount.whole(70_658_000).baseUnits)
  }

  /// 1 DC = $0.00001, one for 24 bytes begun and copy bought; a Mobile GB is 50,000 DC.
  @Test func dataCredits() throws {
    let credit = try #require(Credits(decimal: "0.00001"))
    func cost(bytes: UInt128, copies: UInt128) throws -> Credits {
      Credits(baseUnits: credit.baseUnits * ((bytes + 23) / 24) * copies)
    }
    #expect(try cost(bytes: 24, copies: 1) == credit)
    #expect(try cost(bytes: 25, copies: 2).baseUnits == credit.baseUnits * 4)
    #expect(Credits(baseUnits: credit.baseUnits * 50_000) == Credits(decimal: "0.5"))
    // Minted at the oracle price less twice its confidence, rounded up.
    let sink = SinkCredit(confidenceMultiple: 2)
    let burned = try sink.tokensToBurn(
      for: .whole(100), oracle: #require(Credits(decimal: "2.5")),
      confidence: #require(Credits(decimal: "0.01")))
    #expect(burned.description == "40.322580645161290323")
    #expect(throws: ArithmeticError.underflow) {
      try sink.mintPrice(oracle: .whole(2), confidence: .whole(1))
    }
  }

  /// A day in November 2023 through the policy itself: $156 burned, about $55,000 emitted.
  @Test func aDayInNovember2023() throws {
    let preset = Preset.helium
    let day = preset.calendar.epoch(from: UnixTime(2023, 11, 15))
    var state = try preset.genesisState(epoch: day)
    state.minted = .whole(142_000_000)
    state.circulating = .whole(142_000_000)
    let id = try #require(AccountID(bytes: [UInt8](repeating: 1, count: 32)))
    var customer = AccountInput(id, role: "customer")
    customer.bought = .whole(156)
    var inputs = EpochInputs(price: try #require(Credits(decimal: "1.342")), accounts: [customer])
    inputs.candidates = [
      CandidateInput("iot", measures: Measures()), CandidateInput("mobile", measures: Measures()),
    ]
    let result = try preset.settle(inputs, &state)
    let emitted = try result.totals.minted.subtracting(result.totals.reEmitted)
    #expect(emitted == Amount(decimal: "40983.60655738"))
    let dollars = try emitted.credits(at: inputs.price, rounding: .down)
    let ratio = Double(dollars.baseUnits) / Double(Credits.whole(156).baseUnits)
    // At $1.342 the schedule's 40,983.61 HNT are $55,000: 352.6 times the burn.
    #expect(abs(ratio - 352.6) < 0.5, "\(ratio)")
    #expect(result.totals.burned.description == "116.244411326378539494")
  }
}
