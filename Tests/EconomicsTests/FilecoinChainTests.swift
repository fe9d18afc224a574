import Foundation
import Primitives
import TestSupport
import Testing

@testable import Economics

/// Effective network time against what the chain itself recorded, day by day
/// (`CEL_chain_rewards_2020-08_2022-11.csv`): from the recorded sum of power below the baseline to
/// the recorded time and the baseline at that time.
///
/// Rows before 2020-10-24 are of the first, lower baseline and are left out. The file's mined
/// totals run 2.2 % below the formula, because not every epoch had all its expected winners.
@Suite struct FilecoinChainTests {
  private static let minting: EffectiveTimeEmission = {
    var form = FilecoinRules.minting
    form.doublingEpochs = 1_051_200  // a year of 30 s
    form.halfLifeEpochs = 6 * 1_051_200
    return form
  }()

  @Test func theChainsOwnTimeIsReproduced() throws {
    let file = "filecoin/CEL_chain_rewards_2020-08_2022-11.csv"
    guard let text = SharedData.text(file) else { return }
    let lines = text.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",").map(String.init)
    }
    let header = try #require(lines.first)
    // The first column has no name, and an empty one is dropped with its comma.
    func column(_ name: String, _ row: [String]) throws -> Double {
      let place = try #require(header.lastIndex(of: name)) + row.count - header.count
      return try #require(Double(row[place]))
    }
    var (rows, worst, worstBaseline) = (0, 0.0, 0.0)
    for row in lines.dropFirst() {
      let date = try #require(row.first { $0.hasPrefix("202") && $0.count == 10 })
      if date < "2020-10-24" { continue }
      let realized = UInt128(try column("cum_sum_realized", row))
      let time = try column("effective_network_time", row)
      let theta = Double(try Self.minting.networkTime(realized: realized).raw) / 0x1p64
      worst = max(worst, abs(theta - time))
      let recorded = try column("effective_baseline_power", row)
      let ours = Double(try Self.minting.baseline(after: UInt64(time)))
      worstBaseline = max(worstBaseline, abs(ours / recorded - 1))
      rows += 1
    }
    SharedData.compared(
      file, rows: rows, "time within \(worst) epochs, baseline within \(worstBaseline)")
    #expect(rows == 746)
    #expect(worst < 1)  // the chain records whole epochs, rounded up; a day's rows are averaged
    #expect(worstBaseline < 1e-5)
  }

  /// The same forecasters' longer file, day 152 to 1,654 (`CEL_circ_supply_sim_…csv`, partly
  /// simulated): there effective time starts from the true 2.88888888 EB, and the baseline runs the
  /// chain's own 52.0826 days ahead of the day counter. The first row's supply is given.
  @Test func theLongerSimulationIsReproduced() throws {
    let file = "filecoin/CEL_circ_supply_sim_2021-03_2025-04.csv"
    guard let text = SharedData.text(file) else { return }
    let lines = text.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let header = try #require(lines.first)
    var form = FilecoinRules.minting
    form.leadPerMillion = 52_082_639
    var worst = 0.0
    for (index, row) in lines.dropFirst().enumerated() {
      func column(_ name: String) throws -> Double {
        let place = try #require(header.firstIndex { $0 == name })
        return try #require(Double(row[place]))
      }
      func compare(_ ours: Double, _ name: String) throws {
        let error = abs(ours / (try column(name)) - 1)
        #expect(error < 1e-6, "row \(index + 1), \(name)")
        worst = max(worst, error)
      }
      let day = UInt64(try column("days"))
      let theta = try form.networkTime(realized: UInt128(try column("cum_capped_power")))
      try compare(Double(theta.raw) / 0x1p64, "network_time")
      try compare(Double(try form.baselineMinted(at: theta)) / 1e18, "cum_baseline_reward")
      try compare(Double(try form.simple(after: day)) / 1e18, "cum_simple_reward")
      let baseline = Double(try form.baseline(after: day))
      try compare(baseline, "network_baseline")
      try compare(min(baseline, try column("network_RBP")), "capped_power")
      if index == 0 { continue }
      let earned = try column("disbursed_reserve") + column("cum_network_reward")
      let gone = try column("network_locked") + column("network_gas_burn")
      try compare(earned + column("total_vest") - gone, "circ_supply")
    }
    SharedData.compared(file, rows: lines.count - 1, "largest relative error \(worst)")
    #expect(lines.count == 1_504)
  }
}
