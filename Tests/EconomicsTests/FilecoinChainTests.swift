import Foundation
import Primitives
import TestSupport
import Testing

@testable import Economics

/// Effective network time against what the chain itself recorded, day by day
/// (`CEL_chain_rewards_2020-08_2022-11.csv`): from the recorded sum of power below the baseline to
/// the recorded time and the baseline at that time.
///
/// Rows before 2020-10-24 are of the first, lower baseline and are left out. The file's mined totals
/// run 2.2 % below the formula, because not every epoch had all its expected winners.
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
}
