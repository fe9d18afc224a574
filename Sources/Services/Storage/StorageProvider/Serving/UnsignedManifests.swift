import Cryptography
import Primitives

/// Which manifests that nobody had countersigned may go.
///
/// Whoever has a placement group with this provider can send manifests, and signs nothing by it: so
/// they have a bound, and they go when no countersignature was asked for.
enum UnsignedManifests {
  /// What they may take together: room for four of the largest.
  static let byteLimit = 64 << 20
  /// How long one may wait for its countersignature, in milliseconds of the ledger's clock.
  /// Gateways ask within seconds, and send it again when it is gone.
  static let keptMilliseconds: UInt64 = 600_000

  typealias Entry = (key: Digest, bytes: Int, receivedAt: LedgerTime)

  /// The oldest of those that are more than the limit allows.
  static func surplus(_ manifests: [Entry]) -> [Digest] {
    var total = manifests.reduce(0) { $0 + $1.bytes }
    var surplus: [Digest] = []
    for manifest in manifests where total > byteLimit {
      total -= manifest.bytes
      surplus.append(manifest.key)
    }
    return surplus
  }

  /// Those that have waited too long.
  static func expired(_ manifests: [Entry], at time: LedgerTime) -> [Digest] {
    manifests.filter { time.milliseconds(since: $0.receivedAt) >= keptMilliseconds }.map(\.key)
  }
}
