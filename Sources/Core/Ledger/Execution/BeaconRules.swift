import Cryptography
import Primitives
import ServiceKit

/// The beacon: how contributions are made, checked and combined.
///
/// The bias bound. Contributions to a block are made over the beacon of two blocks before, so
/// nobody can compute another's. Only the smallest output counts. Who proposes sees all of them and
/// may leave out up to a third of the power, and m colluding validators may withhold theirs: the
/// smallest output that is left is one of at most (contributors that a third of the power is) + 1
/// values, not one of 2^m. What is drawn uses the first beacon after its request. With a single
/// validator the beacon is trusted.
package enum BeaconRules {
  /// How many heights a beacon stays readable.
  package static let keptHeights: UInt64 = 4096

  /// What a validator proves its function over.
  /// - Parameter base: the beacon of two blocks before `height`.
  package static func alpha(chain: Digest, base: Digest, height: UInt64) -> [UInt8] {
    var encoder = CanonicalEncoder()
    encoder.append(raw: Array("trellis/beacon-input/2".utf8) + [0])
    encoder.encode(chain)
    encoder.encode(base)
    encoder.encode(height)
    return encoder.bytes
  }

  /// The beacon of a block. - Parameter outputs: each contributor's 64 bytes, in any order.
  package static func combine(previous: Digest, outputs: [[UInt8]]) -> Digest {
    var builder = DigestBuilder(domain: "beacon-smallest")
    builder.update(previous)
    if let smallest = outputs.min(by: { $0.lexicographicallyPrecedes($1) }) {
      builder.update(smallest)
    }
    return builder.finalize()
  }

  /// Whether so much of the epoch's power is enough for a beacon or a price: more than two thirds.
  package static func isQuorum(power: UInt64, of total: UInt64) -> Bool {
    UInt128(power) * 3 > UInt128(total) * 2
  }
}

extension LedgerState {
  /// Checks what item 0 of the next block says, and returns the contributions' outputs. Checks:
  /// order of contributions, that each contributes in this epoch, proofs; the same of prices.
  func checkExtensions(
    _ item: ExtensionItem, height: UInt64
  ) throws(Rejection) -> [[UInt8]] {
    try checkOrder(item.contributions.map(\.validator), .badBeacon)
    let contributors = beaconContributors
    let alpha = beaconInput(height: height)
    var outputs: [[UInt8]] = []
    for contribution in item.contributions {
      guard contributors.power(of: contribution.validator) > 0 else {
        throw Rejection(.badBeacon, "\(contribution.validator) does not contribute in this epoch")
      }
      outputs.append(try output(of: contribution, alpha: alpha))
    }
    try checkPrices(item.prices, contributors, height: height)
    return outputs
  }

  private func checkOrder(
    _ validators: [AccountID], _ code: RejectionCode
  ) throws(Rejection) {
    for (one, next) in zip(validators, validators.dropFirst()) where one >= next {
      throw Rejection(code, "validators are not strictly ascending: \(one) comes before \(next)")
    }
  }

  /// What contributions to the block of `height` are made over: the next block or the one after.
  func beaconInput(height: UInt64) -> [UInt8] {
    let base = height == clock.height + 1 ? clock.previousBeacon : clock.beacon
    return BeaconRules.alpha(chain: genesis.chain, base: base, height: height)
  }

  /// What a contribution proves. - Throws: `bad-beacon`.
  func output(
    of contribution: BeaconContribution, alpha: [UInt8]
  ) throws(Rejection) -> [UInt8] {
    guard
      let record = read(
        ValidatorRecord.self, at: StateKeys.validator(contribution.validator))
    else { throw Rejection(.badBeacon, "\(contribution.validator) is no validator") }
    guard
      let output = contribution.proof.output(
        publicKey: record.verifiableRandomPublicKey, alpha: alpha)
    else {
      throw Rejection(.badBeacon, "the proof of \(contribution.validator) does not verify")
    }
    return output
  }

  private func checkPrices(
    _ prices: [PriceReport], _ contributors: BeaconContributorsRecord, height: UInt64
  ) throws(Rejection) {
    try checkOrder(prices.map(\.validator), .badPrice)
    for report in prices {
      guard contributors.power(of: report.validator) > 0 else {
        throw Rejection(.badPrice, "\(report.validator) reports no price in this epoch")
      }
      guard report.height == height else {
        throw Rejection(.badPrice, "a price for block \(report.height) is in block \(height)")
      }
      guard report.isValid(chain: genesis.chain) else {
        throw Rejection(.badPrice, "the price of \(report.validator) is not signed by it")
      }
    }
  }

  /// Whose contributions count in the running epoch.
  var beaconContributors: BeaconContributorsRecord {
    read(at: StateKeys.beaconContributors) ?? BeaconContributorsRecord(contributors: [])
  }

  /// Makes the block's beacon and price, where enough power stands behind them.
  mutating func apply(_ item: ExtensionItem, outputs: [[UInt8]]) {
    let contributors = beaconContributors
    clock.previousBeacon = clock.beacon
    makeBeacon(item.contributions, outputs, contributors)
    makePrice(item.prices, contributors)
  }

  private mutating func makeBeacon(
    _ contributions: [BeaconContribution], _ outputs: [[UInt8]],
    _ contributors: BeaconContributorsRecord
  ) {
    let power = contributions.reduce(UInt64(0)) {
      $0.addingSaturated(contributors.power(of: $1.validator))
    }
    guard BeaconRules.isQuorum(power: power, of: contributors.totalPower) else { return }
    clock.beacon = BeaconRules.combine(previous: clock.beacon, outputs: outputs)
    clock.beaconHeight = clock.height
    write(
      BeaconRecord(
        value: clock.beacon, contributions: UInt32(truncatingIfNeeded: outputs.count)),
      at: StateKeys.beacon(clock.height))
    if clock.height > BeaconRules.keptHeights {
      write(nil, at: StateKeys.beacon(clock.height - BeaconRules.keptHeights))
    }
  }

  /// Fixes the contributors of the epoch that begins: the set of validators, with its power.
  mutating func fixContributors() {
    let contributors = activeSet.members.map {
      BeaconContributorsRecord.Contributor(account: $0.account, power: $0.power)
    }
    let record = BeaconContributorsRecord(
      contributors: contributors.sorted { $0.account < $1.account })
    if rows.value(at: StateKeys.beaconContributors) != record.canonicalBytes() {
      write(record, at: StateKeys.beaconContributors)
    }
  }
}
