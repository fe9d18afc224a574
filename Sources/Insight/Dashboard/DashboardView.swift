import Foundation

/// A snapshot in the words and units of the page: what the template reads.
struct DashboardView {
  /// A number with its name.
  struct Tile {
    let label: String
    let value: String
    let note: String
    let isBad: Bool
  }

  struct Block {
    let height: String
    let transactions: String
    let age: String
    let summary: String
    let isBusy: Bool
  }

  struct Provider {
    let name: String
    let health: String
    let summary: String
    let stored: String
    let capacity: String
    let fillPercent: String
    let passed: String
    let missed: String
    let hasMissed: Bool
    let earned: String
    let bond: String
  }

  struct Payout {
    let epoch: String
    let provider: String
    let source: String
    let tokens: String
    let why: String
    let isZero: Bool
  }

  let chainName: String
  let height: String
  let epoch: String
  let epochPercent: String
  let epochSeconds: String
  let tiles: [Tile]
  let blocks: [Block]
  let providers: [Provider]
  let payouts: [Payout]
  let trouble: String?
  let degraded: String?
  let leaseWarnings: [String]

  init(_ snapshot: DashboardSnapshot, nowMilliseconds: UInt64) {
    chainName = snapshot.chainName
    height = Units.grouped(snapshot.height)
    epoch = Units.grouped(snapshot.epoch)
    epochPercent = "\(min(snapshot.epochThousandths, 1000) / 10)"
    epochSeconds = "\(snapshot.epochMilliseconds / 1000)"
    tiles = Self.tiles(snapshot)
    blocks = snapshot.blocks.map { block in
      let age =
        nowMilliseconds > block.timeMilliseconds ? nowMilliseconds - block.timeMilliseconds : 0
      return Block(
        height: Units.grouped(block.height), transactions: "\(block.transactions)",
        age: Units.age(milliseconds: age), summary: block.summary,
        isBusy: block.transactions > 0 || !block.summary.isEmpty)
    }
    providers = snapshot.providers.map(Self.provider)
    payouts = snapshot.payouts.map { line in
      Payout(
        epoch: "\(line.epoch)", provider: line.provider, source: line.source,
        tokens: Units.short(line.tokens), why: line.why, isZero: line.tokens == "0")
    }
    trouble = snapshot.trouble
    leaseWarnings = snapshot.leaseWarnings
    degraded =
      snapshot.degradedBundles == 0
      ? nil : "\(snapshot.degradedBundles) of \(snapshot.bundles) bundles wait for repair"
  }

  private static func tiles(_ snapshot: DashboardSnapshot) -> [Tile] {
    let up = snapshot.providers.filter { $0.health != .down }.count
    let total = snapshot.passed + snapshot.missed
    let utilisation =
      "\(Units.percent(snapshot.storedBytes, of: snapshot.capacityBytes)) of "
      + "\(Units.bytes(snapshot.capacityBytes)) offered"
    return [
      Tile(
        label: "Providers", value: "\(up) of \(snapshot.providers.count)",
        note: "new data: any \(snapshot.codeClass.isEmpty ? "–" : snapshot.codeClass)",
        isBad: up < snapshot.providers.count),
      Tile(
        label: "Stored", value: Units.bytes(snapshot.storedBytes), note: utilisation,
        isBad: false),
      Tile(
        label: "Garbage", value: Units.bytes(snapshot.garbageBytes),
        note: "\(Units.bytes(snapshot.releasedBytes)) released and still paid for", isBad: false),
      Tile(
        label: "Proven", value: Units.bytes(snapshot.provenBytes),
        note: "\(Units.percent(snapshot.provenBytes, of: snapshot.storedBytes)) of what is stored",
        isBad: false),
      Tile(
        label: "Challenges passed", value: Units.grouped(snapshot.passed),
        note: "\(Units.grouped(snapshot.missed)) missed of \(Units.grouped(total))",
        isBad: snapshot.missed > 0),
      Tile(
        label: "Paid", value: Units.short(snapshot.paidTokens),
        note: "tokens; \(Units.short(snapshot.burnedTokens)) burned", isBad: false),
    ]
  }

  private static func provider(_ provider: DashboardSnapshot.Provider) -> Provider {
    let percent =
      provider.capacityBytes == 0
      ? 0 : min(100, Int(Double(provider.storedBytes) * 100 / Double(provider.capacityBytes)))
    return Provider(
      name: provider.name, health: provider.health.rawValue, summary: provider.summary,
      stored: Units.bytes(provider.storedBytes), capacity: Units.bytes(provider.capacityBytes),
      fillPercent: "\(percent)", passed: Units.grouped(provider.passed),
      missed: Units.grouped(provider.missed), hasMissed: provider.missed > 0,
      earned: Units.short(provider.earnedTokens), bond: Units.short(provider.bondTokens))
  }
}
