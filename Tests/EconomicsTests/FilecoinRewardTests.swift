import Foundation
import Primitives
import TestSupport
import Testing

@testable import Economics

/// The chain's own vectors: a few lines here, the whole files where the shared data lies.
@Suite struct FilecoinRewardTests {
  private static let simple = Amount.whole(330_000_000)
  private static let baseline = Amount.whole(770_000_000)

  @Test func simpleRewardsAreTheChains() throws {
    let known: [(epoch: UInt64, reward: UInt128)] = [
      (0, 36_266_264_293_777_134_739), (5_000, 36_246_341_860_983_438_171),
      (100_000, 35_869_888_188_091_460_688), (265_000, 35_225_316_514_299_784_477),
    ]
    for row in known { #expect(try Self.simpleReward(row.epoch) == row.reward) }
  }

  @Test func baselineRewardsAreTheChains() throws {
    let first = try Self.baselineReward("0", "340282366920938463463374607398434878123")
    #expect(first == 84_621_274_052_457_285_111)
    let second = try Self.baselineReward(
      "1701411834604692317316873037158763279502223",
      "1701752116971613255780336411766161714380346")
    #expect(second == 84_574_788_381_047_331_439)
  }

  @Test func wholeVectorFilesAreReproduced() throws {
    for name in ["Simple", "Baseline"] {
      let file = "filecoin/builtin-actors_Test\(name)Reward.golden"
      guard let text = SharedData.text(file) else { continue }
      var rows = 0
      for line in text.split(separator: "\n").dropFirst() {
        let parts = line.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let expected = try #require(UInt128(parts[parts.count - 1]))
        if name == "Simple" {
          #expect(try Self.simpleReward(#require(UInt64(parts[0]))) == expected, "\(line)")
        } else {
          #expect(try Self.baselineReward(parts[0], parts[1]) == expected, "\(line)")
        }
        rows += 1
      }
      SharedData.compared(file, rows: rows)
      #expect(rows == 512)
    }
  }

  /// A network above the baseline lives in real time; one at half of it falls behind.
  @Test func effectiveTimeFollowsThePower() throws {
    var strong = try FilecoinReward(
      simpleTotal: Self.simple, baselineTotal: Self.baseline, power: 1 << 62)
    var weak = try FilecoinReward(
      simpleTotal: Self.simple, baselineTotal: Self.baseline, power: 1 << 60)
    for _ in 0..<500 {
      try strong.advance(power: 1 << 62)
      try weak.advance(power: 1 << 60)
    }
    #expect(strong.effectiveTime == 501)
    #expect(weak.effectiveTime == 200)  // 501 · 2^60/2.88888888e18 = 199.95, rounded up
    #expect(weak.reward < strong.reward)
  }

  private static func simpleReward(_ epoch: UInt64) throws -> UInt128 {
    let zero = Int512(UInt128(0))
    return try FilecoinReward.reward(
      epoch: epoch, from: zero, to: zero, simple: simple, baseline: baseline
    ).baseUnits
  }

  private static func baselineReward(_ before: String, _ after: String) throws -> UInt128 {
    let reward = try FilecoinReward.reward(
      epoch: 0, from: #require(Int512(decimal: before)), to: #require(Int512(decimal: after)),
      simple: simple, baseline: baseline)
    return try reward.baseUnits - simpleReward(0)
  }
}
