import Foundation
import Testing

/// "Published usage figures that a simulator and a dashboard should reproduce", as an executable
/// list: each line's claim, the arithmetic on its own inputs, and what comes out of it. A claim
/// that its own inputs contradict is marked so, with the number that they do give.
@Suite struct PublishedFiguresTests {
  private enum Verdict: String {
    case reproduced = "reproduced"
    case contradicted = "contradicted"
    case notReproducible = "not reproducible"
  }

  private struct Row: Sendable {
    let claim: String
    let arithmetic: String
    let computed: Double
    /// What the reference's check column says, and how exactly.
    let expected: Double
    let tolerance: Double
    /// What the publication claims, where that is another number.
    var published: Double?
    var remark = ""

    var verdict: Verdict {
      if computed.isNaN { return .notReproducible }
      guard let published else { return .reproduced }
      return abs(computed - published) > abs(published) * 0.05 ? .contradicted : .reproduced
    }
  }

  private static let rows: [Row] = [
    Row(
      claim: "Helium, a day in November 2023: $156 burned, $55,000 emitted, 350:1",
      arithmetic: "55,000/156", computed: 55_000.0 / 156, expected: 352.6, tolerance: 0.05,
      published: 350),
    Row(
      claim: "Helium, the hotspots' share of that day's emission, $53,348",
      arithmetic: "needs the day's HNT price and what went to which pool", computed: .nan,
      expected: .nan, tolerance: 0,
      remark: "the publication states neither the price nor which pools it left out"),
    Row(
      claim: "Helium, early 2024: $4,300 a day is about $1.6 M a year",
      arithmetic: "4,300·365", computed: 4_300.0 * 365 / 1e6, expected: 1.57, tolerance: 0.005,
      published: 1.6),
    Row(
      claim: "Helium: $3.5 M revenue against $47 M incentives",
      arithmetic: "3.5/47", computed: 3.5 / 47 * 100, expected: 7.4, tolerance: 0.05),
    Row(
      claim: "Filecoin: 3 % utilisation", arithmetic: "474 PiB/(14.8·1,024 PiB)",
      computed: 474 / (14.8 * 1_024) * 100, expected: 3.1, tolerance: 0.05, published: 3),
    Row(
      claim: "Filecoin: 20 % utilisation", arithmetic: "1,800/1,024/8.69",
      computed: 1_800 / 1_024 / 8.69 * 100, expected: 20.2, tolerance: 0.05, published: 20),
    Row(
      claim: "Filecoin: deals grew 3.8 times a year", arithmetic: "1,800/474 PiB",
      computed: 1_800.0 / 474, expected: 3.8, tolerance: 0.005, published: 3.8),
    Row(
      claim: "Filecoin: 3 to 20 % utilisation is growth of use",
      arithmetic: "(20.2/3.1)/(1,800/474): what is left is the denominator, 14.8 to 8.69 EiB",
      computed: 20.2 / 3.1 / (1_800.0 / 474), expected: 1.7, tolerance: 0.03,
      remark: "a factor of 1.7 of the rise is power that left"),
    Row(
      claim: "Filecoin: revenue $596 M to $13 M", arithmetic: "13/596 − 1",
      computed: (13.0 / 596 - 1) * 100, expected: -97.8, tolerance: 0.05),
    Row(
      claim: "Render, year 1: 9.1 M emitted", arithmetic: "12·760,567", computed: 12 * 760_567,
      expected: 9_126_804, tolerance: 1, published: 9_100_000),
    Row(
      claim: "Akash: $1.3 k to $11 k a day, +749 %", arithmetic: "11/1.3 − 1",
      computed: (11 / 1.3 - 1) * 100, expected: 746, tolerance: 0.2, published: 749),
    Row(
      claim: "Akash: fee a lease $6.42 to $18.75, +688 %", arithmetic: "18.75/6.42 − 1",
      computed: (18.75 / 6.42 - 1) * 100, expected: 192, tolerance: 0.1, published: 688),
    Row(
      claim: "Akash: over 700 GPUs, 78 % used", arithmetic: "700·0.78", computed: 700 * 0.78,
      expected: 546, tolerance: 0.5),
    Row(
      claim: "Akash: distribution 34.5/27/19.7/8/5 %", arithmetic: "the parts added",
      computed: 34.5 + 27 + 19.7 + 8 + 5, expected: 94.2, tolerance: 0.01, published: 100),
    Row(
      claim: "the sector: $50 B of value, $0.5 B of revenue", arithmetic: "50/0.5",
      computed: 50 / 0.5, expected: 100, tolerance: 0.5),
    Row(
      claim: "AIOZ home node: 0.0000675 tokens at $0.30 in three weeks",
      arithmetic: "0.0000675·0.30", computed: 0.0000675 * 0.30 * 1e6, expected: 20.25,
      tolerance: 0.001, remark: "micro-dollars: $0.00002"),
    Row(
      claim: "AIOZ home node: $18 of mobile data against its pay",
      arithmetic: "18/(0.0000675·0.30)", computed: 18 / (0.0000675 * 0.30), expected: 888_889,
      tolerance: 1),
    Row(
      claim: "Helium hotspot: $23 in 14 months", arithmetic: "23/14", computed: 23.0 / 14,
      expected: 1.64, tolerance: 0.005),
    Row(
      claim: "Helium hotspot: payback of $180", arithmetic: "180/(23/14)",
      computed: 180 / (23.0 / 14), expected: 110, tolerance: 0.5),
    Row(
      claim: "Grass: most earned under $20", arithmetic: "needs the distribution of points",
      computed: .nan, expected: .nan, tolerance: 0,
      remark: "the points of accounts and the price at which they sold are not published"),
  ]

  private static let contradicted = [
    "Akash: fee a lease $6.42 to $18.75, +688 %", "Akash: distribution 34.5/27/19.7/8/5 %",
  ]

  @Test func eachFigureIsReproducedOrContradicted() {
    var found: [String] = []
    for row in Self.rows {
      let verdict = row.verdict
      print("\(verdict.rawValue): \(row.claim): \(row.arithmetic) = \(row.computed) \(row.remark)")
      switch verdict {
      case .notReproducible:
        #expect(!row.remark.isEmpty, "\(row.claim): must say what is missing")
        continue
      case .contradicted: found.append(row.claim)
      case .reproduced: break
      }
      #expect(abs(row.computed - row.expected) <= row.tolerance, "\(row.claim): \(row.computed)")
    }
    // The distribution is short by 5.8 %, just above what counts as rounding.
    #expect(found == Self.contradicted)
  }

  /// Filecoin's utilisation from the data's own numerator and denominator, where they lie.
  @Test func filecoinsUtilisationIsALotOfDenominator() throws {
    guard
      let all = try SharedData.json("filecoin/mechafil_offline_simulation_forecast_len.json")
        as? [String: Any], let output = all["simulation_output"] as? [String: Any],
      let power = output["network_RBP_EIB"] as? [Double], let days = output["days"] as? [Double]
    else { return }
    func at(_ day: Double) throws -> Double { power[try #require(days.firstIndex(of: day))] }
    let (first, later) = (try at(725), try at(1_538))  // 2022-10-10, 2024-12-31
    print("filecoin raw power: \(first) EiB in October 2022, \(later) in December 2024")
    #expect(abs(first - 16.6) < 0.05)
    #expect(abs(later - 4.17) < 0.005)
    let file = "filecoin/CEL_daily_active_deal_PiB_2022-08_2022-11.csv"
    guard let text = SharedData.text(file) else { return }
    let row = text.split(whereSeparator: \.isNewline).first { $0.contains("\"2022-10-10\"") }
    let parts = try #require(row).split(separator: ",").map { $0.filter { $0 != "\"" } }
    let deals = try #require(Double(parts[3]))
    print("filecoin deals on 2022-10-10: \(deals) PiB, \(deals / first / 1_024 * 100) % of power")
    SharedData.compared(file, rows: 1)
    #expect(deals == 234.67)
    #expect(abs(deals / first / 1_024 * 100 - 1.38) < 0.005)
  }
}
