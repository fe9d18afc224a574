import Cryptography
import Primitives
import ServiceKit

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

  /// One of them.
  typealias Entry = (key: Digest, lease: LeaseID, bytes: Int, receivedAt: LedgerTime)

  /// Those that are more than the limit allows: each time the oldest of the lease that has the
  /// most bytes, so that who floods a provider drives out its own and not another customer's, which
  /// waits for its countersignature.
  /// - Parameter manifests: the oldest first.
  static func surplus(_ manifests: [Entry], byteLimit: Int = byteLimit) -> [Digest] {
    var left = Dictionary(grouping: manifests, by: \.lease).mapValues { ArraySlice($0) }
    var bytes = left.mapValues { $0.reduce(0) { $0 + $1.bytes } }
    var total = bytes.values.reduce(0, +)
    var surplus: [Digest] = []
    while total > byteLimit,
      let lease = bytes.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })?.key,
      let oldest = left[lease]?.popFirst()
    {
      total -= oldest.bytes
      bytes[lease, default: 0] -= oldest.bytes
      surplus.append(oldest.key)
    }
    return surplus
  }

  /// Those that have waited too long.
  static func expired(_ manifests: [Entry], at time: LedgerTime) -> [Digest] {
    manifests.filter { time.milliseconds(since: $0.receivedAt) >= keptMilliseconds }.map(\.key)
  }
}
