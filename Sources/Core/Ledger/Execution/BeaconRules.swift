import Cryptography
import Primitives
import ServiceKit

/// The beacon: how contributions are made, checked and combined.
///
/// The bias bound: m colluding validators see their outputs first and may withhold some, so they
/// pick among at most 2^m values. What is drawn uses the first beacon after its request. With a
/// single validator the beacon is trusted.
package enum BeaconRules {
  /// How many heights a beacon stays readable.
  package static let keptHeights: UInt64 = 4096

  /// What a validator proves its function over.
  package static func alpha(chain: Digest, previous: Digest, height: UInt64) -> [UInt8] {
    var encoder = CanonicalEncoder()
    encoder.append(raw: Array("trellis/beacon-input/1".utf8) + [0])
    encoder.encode(chain)
    encoder.encode(previous)
    encoder.encode(height)
    return encoder.bytes
  }

  /// The beacon of a block. - Parameter outputs: each contributor's 64 bytes, in any order.
  package static func combine(previous: Digest, outputs: [[UInt8]]) -> Digest {
    var builder = DigestBuilder(domain: "beacon")
    builder.update(previous)
    for output in outputs.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      builder.update(output)
    }
    return builder.finalize()
  }

  /// Whether so many of the epoch's contributors are enough for a beacon: more than two thirds.
  package static func isQuorum(_ contributions: Int, of contributors: Int) -> Bool {
    contributions * 3 > contributors * 2
  }
}

extension LedgerState {
  /// Checks the contributions to the next block and returns their outputs. Checks: order, that each
  /// contributes in this epoch, proofs.
  func checkContributions(
    _ contributions: [BeaconContribution], height: UInt64
  ) throws(Rejection) -> [[UInt8]] {
    for (one, next) in zip(contributions, contributions.dropFirst())
    where one.validator >= next.validator {
      throw Rejection(.badBeacon, "contributions are not strictly ascending by validator")
    }
    let contributors = beaconContributors
    let alpha = BeaconRules.alpha(chain: genesis.chain, previous: clock.beacon, height: height)
    var outputs: [[UInt8]] = []
    for contribution in contributions {
      guard contributors.contains(contribution.validator),
        let validator = read(
          ValidatorRecord.self, at: StateKeys.validator(contribution.validator))
      else {
        throw Rejection(.badBeacon, "\(contribution.validator) does not contribute in this epoch")
      }
      guard
        let output = contribution.proof.output(
          publicKey: validator.verifiableRandomPublicKey, alpha: alpha)
      else {
        throw Rejection(.badBeacon, "the proof of \(contribution.validator) does not verify")
      }
      outputs.append(output)
    }
    return outputs
  }

  /// Whose contributions count in the running epoch.
  var beaconContributors: [AccountID] {
    read(BeaconContributorsRecord.self, at: StateKeys.beaconContributors)?.accounts ?? []
  }

  /// Makes the block's beacon, if enough contributed.
  mutating func makeBeacon(_ outputs: [[UInt8]]) {
    guard BeaconRules.isQuorum(outputs.count, of: beaconContributors.count) else { return }
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

  /// Fixes the contributors of the epoch that begins: all validators.
  mutating func fixContributors() {
    let range = StateKeys.all(.validator)
    let accounts = rows.rows(from: range.from, to: range.to, limit: .max).compactMap {
      StateKeys.account(of: $0.key)
    }
    let record = BeaconContributorsRecord(accounts: accounts)
    if rows.value(at: StateKeys.beaconContributors) != record.canonicalBytes() {
      write(record, at: StateKeys.beaconContributors)
    }
  }
}
