import Foundation
import Primitives
import TestSupport
import Testing

@testable import Economics

/// io.net, Render, Akash, Bittensor, Arweave, 0G, Grass and Aethir against what is published.
@Suite struct OtherWorldTests {
  // io.net

  /// Observed hourly pay from June 2024 to January 2025; the first cut came a month late. The last
  /// two run 1.9 % below the formula.
  @Test func ioNetPaysWhatWasObserved() throws {
    let observed: [Double] = [4_566, 4_557, 4_511, 4_464, 4_420, 4_374, 4_257, 4_214]
    let rule = IONetRules.emission(from: UnixTime(2024, 6, 11))
    for (month, hourly) in observed.enumerated() {
      let ours = try Self.emission(
        .geometric(rule), Preset.ioNet.calendar, epoch: UInt64(month) * 730 + 100)
      let error = abs(ours / hourly - 1)
      #expect(error <= (month < 6 ? 0.01 : 0.02), "month \(month): \(ours) against \(hourly)")
    }
  }

  @Test func ioNetEmits298Point89MillionIn240Months() throws {
    var rule = IONetRules.emission(from: UnixTime(2024, 6, 11))
    rule.lateFirstCut = 0
    let all = try rule.cumulative(240 * 730, Preset.ioNet.calendar)
    #expect(abs(Double(all) / 1e24 - 298.89) < 0.01, "\(Double(all) / 1e24)")
    #expect(try rule.cumulative(999_999, Preset.ioNet.calendar) == all)
  }

  @Test func ioNetStakes() throws {
    let rule = try #require(Preset.ioNet.rules[0].stake)
    let network = StakeRule.Network(
      rewardPerEpoch: .zero, circulating: .zero, power: 0, baseline: 0)
    var measures = Measures()
    measures.capacity = 8
    measures.multiplierPerMillion = 10_000_000
    #expect(try rule.required(measures, network) == .whole(16_000))  // 8 H100
    measures.multiplierPerMillion = 500_000
    #expect(try rule.required(measures, network) == .whole(1_600))
  }

  /// After June 2026: below the target the vaults pay the lack, above it half the surplus burns.
  @Test func ioNetsTargetIsFilledFromTheVaults() throws {
    let preset = Preset.ioNet
    let epoch = preset.calendar.epoch(from: UnixTime(2026, 7, 1))
    var state = try preset.genesisState(epoch: epoch)
    var worker = AccountInput(try Self.id(1), role: "worker")
    worker.measures.capacity = 100
    worker.measures.usage = .whole(60)
    let short = try preset.settle(EpochInputs(price: .whole(2), accounts: [worker]), &state)
    #expect(short.totals.paidFromBuckets == .whole(20))  // ($100 − $60)/$2
    #expect(short.totals.minted == .zero && short.totals.burned == .zero)
    worker.measures.usage = .whole(180)
    let rich = try preset.settle(EpochInputs(price: .whole(2), accounts: [worker]), &state)
    #expect(rich.totals.paidFromBuckets == .zero)
    #expect(rich.totals.burned == .whole(20))  // ($180 − $100)/2/$2
    #expect(try state.isBalanced())
  }

  // Render

  @Test func renderEmitsItsSixtyMonths() throws {
    let pool = 107_374_182.0
    let perYear = [8.5, 5.5, 5.5, 4.25, 3.75]
    let preset = Preset.render
    var year1 = 0.0
    for month in 0..<60 {
      let form = try #require(preset.rules(at: UInt64(month))?.streams[0].form)
      let ours = try Self.emission(form, preset.calendar, epoch: UInt64(month))
      #expect(abs(ours - pool * perYear[month / 12] / 100 / 12) <= 1, "month \(month + 1): \(ours)")
      if month < 12 { year1 += ours }
    }
    #expect(abs(year1 - 9_126_804) <= 1)
    #expect(preset.rules[0].supplyCap == .whole(644_245_094))
  }

  // Akash

  /// AEP-76's worked example, $1,000 at $1.14, settled at $1.50 and at $0.90. The publication
  /// rounds to nearest; the rule itself rounds what is paid down.
  @Test func theWorkedExampleOfAEP76() throws {
    let rule = AkashRules.credit
    let thousand = Credits.whole(1_000)
    let bought = try rule.tokensToBuy(thousand, at: #require(Credits(decimal: "1.14")))
    #expect(bought.description == "877.192983")  // up: 877.19298245…
    #expect(try rule.credits(for: bought, at: #require(Credits(decimal: "1.14"))) >= thousand)
    let exact = try #require(Amount(decimal: "877.192982456140350877"))
    #expect(Self.rounded(exact) == "877.192982")  // as published: to nearest
    let high = try #require(Credits(decimal: "1.5"))
    let low = try #require(Credits(decimal: "0.9"))
    #expect(try rule.tokensToSettle(thousand, at: high).description == "666.666666")
    #expect(try rule.tokensToSettle(thousand, at: low).description == "1111.111111")
    let paidHigh = try thousand.tokens(at: high, rounding: .down)
    let paidLow = try thousand.tokens(at: low, rounding: .down)
    #expect(Self.rounded(paidHigh) == "666.666667")
    #expect(Self.rounded(paidLow) == "1111.111111")
    // Net: −210.526316 and +233.918129, of exact values; the remint credits left are the difference
    // of the rounded ones.
    #expect(Self.rounded(try exact.subtracting(paidHigh)) == "210.526316")
    let burned = try #require(Amount(decimal: "877.192982"))
    let minted = try #require(Amount(decimal: "666.666667"))
    #expect(try burned.subtracting(minted).description == "210.526315")
    #expect(Self.rounded(try paidLow.subtracting(exact)) == "233.918129")
  }

  /// The same through the ledger's function: buy, then settle at each price.
  @Test(arguments: [("1.5", "666.666666", "0"), ("0.9", "1111.111111", "233.918128")])
  func aep76ThroughThePolicy(price: String, paid: String, minted: String) throws {
    let preset = Preset.akash
    var state = try preset.genesisState(
      epoch: preset.calendar.epoch(from: UnixTime(2026, 4, 1)))
    var tenant = AccountInput(try Self.id(1), role: "tenant")
    tenant.bought = .whole(1_000)
    let mint = try #require(Credits(decimal: "1.14"))
    let bought = try preset.settle(EpochInputs(price: mint, accounts: [tenant]), &state)
    #expect(bought.totals.spentOnCredits.description == "877.192983")
    var provider = AccountInput(try Self.id(2), role: "provider")
    provider.measures.usage = .whole(1_000)
    let inflation = try Self.inflation(preset, state, price)
    let settled = try preset.settle(
      EpochInputs(price: #require(Credits(decimal: price)), accounts: [provider]), &state)
    #expect(settled.totals.usagePaid.description == paid)
    let beyond = Self.tokens(try settled.totals.minted.subtracting(inflation))
    #expect(abs(beyond - (try #require(Double(minted)))) < 1e-6)
    #expect(state.creditsOutstanding == .zero)
    #expect(try state.isBalanced())
  }

  /// What staking inflation mints in the same epoch without any lease.
  private static func inflation(
    _ preset: Preset, _ state: PolicyState, _ price: String
  ) throws -> Amount {
    var copy = state
    let inputs = EpochInputs(price: try #require(Credits(decimal: price)), accounts: [])
    let alone = try preset.settle(inputs, &copy).totals.minted
    // Inflation is on the supply, which a shortfall's mint raises first: by 233.918128 AKT × 8
    // %/365.
    if price == "1.5" { return alone }
    let more = try #require(Amount(decimal: "233.918128"))
    let rate = UInt128(80_000)
    return try alone.adding(more.scaled(by: rate, over: 365_000_000, rounding: .down))
  }

  @Test func theVaultsBreakerStopsSales() throws {
    let preset = Preset.akash
    var state = try preset.genesisState(epoch: preset.calendar.epoch(from: UnixTime(2026, 4, 1)))
    var tenant = AccountInput(try Self.id(1), role: "tenant")
    tenant.bought = .whole(1_000)
    _ = try preset.settle(EpochInputs(price: .whole(1), accounts: [tenant]), &state)
    let low = try #require(Credits(decimal: "0.89"))
    let refused = try preset.settle(EpochInputs(price: low, accounts: [tenant]), &state)
    #expect(refused.totals.creditsBought == .zero)
    #expect(refused.lines.contains { $0.kind == .refused && $0.pool == "credits" })
    let warned = try preset.settle(
      EpochInputs(price: #require(Credits(decimal: "0.94")), accounts: [tenant]), &state)
    #expect(warned.totals.creditsBought == .whole(1_000))
    #expect(warned.notes.contains { $0.contains("ratio is low") })
  }

  @Test func inflationMovesTowardsTheGoal() throws {
    var rule = StakingBandEmission(
      goalPerMillion: 670_000, rateChangePerMillion: 130_000, minimumPerMillion: 70_000,
      maximumPerMillion: 200_000, initialPerMillion: 130_000, epochsPerYear: 365)
    var state = EmissionState()
    func step(staked: UInt128) throws -> Double {
      let context = EmissionContext(
        calendar: Preset.akash.calendar, epoch: 0, epochs: 1, issued: .zero,
        supply: .whole(100_000_000), staked: .whole(staked), power: 0, price: .zero, usage: .zero)
      return Self.tokens(try rule.amount(context, state: &state))
    }
    // inflation += (1 − 0.335/0.67)·0.13/365
    let first: Double = 1e8 * (0.13 + 0.5 * 0.13 / 365) / 365
    #expect(abs(try step(staked: 33_500_000) - first) < 1e-6)
    for _ in 0..<2_000 { _ = try step(staked: 0) }
    #expect(abs(try step(staked: 0) - 1e8 * 0.2 / 365) < 1e-6)  // clamped above
    for _ in 0..<9_000 { _ = try step(staked: 100_000_000) }
    #expect(abs(try step(staked: 100_000_000) - 1e8 * 0.07 / 365) < 1e-6)  // and below
    rule.goalPerMillion = 0
    #expect(throws: ArithmeticError.divisionByZero) { try step(staked: 1) }
  }

  // Bittensor

  @Test func bittensorHalvesByIssuance() throws {
    let rule = ThresholdEmission(first: .whole(1), cap: .whole(21_000_000))
    for (issued, reward) in [
      (0, "1"), (10_499_999, "1"), (10_500_000, "0.5"), (15_749_999, "0.5"), (15_750_000, "0.25"),
      (18_375_000, "0.125"), (21_000_000, "0"),
    ] as [(UInt128, String)] {
      #expect(rule.perEpoch(issued: .whole(issued)).description == reward, "\(issued)")
    }
  }

  // Arweave and 0G

  @Test func arweavesPriceBuysTwoHundredYears() throws {
    let price = try Endowment.perpetualPrice(
      yearly: .whole(1), replicas: 1, declinePerMillion: 5_000, marginPerMillion: 1_000_000)
    #expect(abs(Double(price.baseUnits) / 1e18 - 199.4995824) < 1e-6)  // −1/ln 0.995
    let fee = try Endowment.perpetualPrice(
      yearly: .whole(1), replicas: 20, declinePerMillion: 5_000, marginPerMillion: 1_050_000)
    #expect(abs(Double(fee.baseUnits) / 1e18 - 199.4995824 * 21) < 1e-4)
    // 55 M at genesis and 11 M by inflation: 66 M.
    let emission = try #require(Preset.arweave.rules.first?.streams.first?.form)
    guard case .exponential(let form) = emission else { return }
    #expect(form.pool == .whole(11_000_000))
    let year = try form.cumulative(365, Preset.arweave.calendar)
    #expect(year == Amount.whole(5_500_000).baseUnits)
  }

  @Test func theEndowmentPaysOnlyWhatIsShort() throws {
    let rule = Endowment.solvency(costPerEpoch: .whole(100), latchPerMillion: 2_000_000)
    #expect(try rule.release(.whole(500), income: .whole(30), price: .whole(1)) == .whole(70))
    #expect(try rule.release(.whole(500), income: .whole(300), price: .whole(1)) == .zero)
    #expect(try rule.release(.whole(50), income: .zero, price: .whole(1)) == .whole(50))
  }

  @Test func zeroGDecaysByFourPercentAYear() throws {
    let rule = Endowment.exponential(
      ratePerMillionYear: 40_000, paidPerMillion: 1_000_000, epochsPerYear: 365)
    var fund = Amount.whole(1_000)
    for _ in 0..<365 {
      fund = try fund.subtracting(rule.release(fund, income: .zero, price: .zero))
    }
    #expect(abs(Self.tokens(fund) - 1_000 * exp(-0.04)) < 1e-9)
  }

  // Grass and Aethir

  @Test func grassCountsFrom500Points() throws {
    let preset = Preset.grass
    var state = try preset.genesisState()
    var few = AccountInput(try Self.id(1), role: "node")
    few.measures.capacity = 499
    var many = AccountInput(try Self.id(2), role: "node")
    many.measures.capacity = 500
    let result = try preset.settle(EpochInputs(price: .zero, accounts: [few, many]), &state)
    #expect(result.totals.rewardsPaid == .whole(90_000_000))
    #expect(result.lines.filter { $0.kind == .reward }.map(\.account) == [many.account])
    #expect(state.buckets["group-a"] == .whole(5_000_000))
    #expect(state.buckets["group-b"] == .whole(5_000_000))
  }

  @Test func aethirsEdgePoolFallsByItsTable() throws {
    let rule = try #require(Preset.aethir.rules.first?.streams.first?.form)
    for (year, percent) in [40, 24.12, 14.54, 8.77, 5.29].enumerated() {
      let day = try Self.emission(rule, Preset.aethir.calendar, epoch: UInt64(year) * 365)
      #expect(abs(day * 365 / 9.66e9 * 100 - percent) < 0.01, "year \(year + 1)")
    }
    let checkers = try #require(Preset.aethir.rules.first?.streams.last?.form)
    guard case .steps(let form) = checkers else { return }
    let all = try form.cumulative(5_000, Preset.aethir.calendar)
    #expect(abs(Double(all) / 1e18 - 6.3e9) < 1e-6)
  }

  private static func emission(
    _ form: Emission, _ calendar: EpochCalendar, epoch: UInt64
  ) throws -> Double {
    let context = EmissionContext(
      calendar: calendar, epoch: epoch, epochs: 1, issued: .zero, supply: .zero, staked: .zero,
      power: 0, price: .zero, usage: .zero)
    var state = EmissionState()
    return tokens(try form.amount(context, state: &state))
  }

  private static func tokens(_ amount: Amount) -> Double { Double(amount.baseUnits) / 1e18 }

  /// Six decimals, to nearest.
  private static func rounded(_ amount: Amount) -> String {
    let quantum: UInt128 = 1_000_000_000_000
    return Amount(baseUnits: (amount.baseUnits + quantum / 2) / quantum * quantum).description
  }

  private static func id(_ byte: UInt8) throws -> AccountID {
    try #require(AccountID(bytes: [UInt8](repeating: byte, count: 32)))
  }
}
