import Primitives
import ServiceKit

/// A provider says what it keeps for a customer that no bundle holds yet, by the customer's own
/// orders: from then on it can be paid for it although nobody commits a bundle any more.
package struct ClaimStaging: Hashable, Sendable, CanonicalCodable {
  /// The most shards of one claim: each costs a signature check.
  package static let orderLimit = 16

  /// The last append order of each shard, ascending by segment; all of one lease, group and slot.
  package let orders: [Signed<AppendOrder>]

  package init(orders: [Signed<AppendOrder>]) { self.orders = orders }

  package func encode(into encoder: inout CanonicalEncoder) { encoder.encode(orders) }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    orders = try decoder.decodeArray(limit: Self.orderLimit)
    guard let first = orders.first?.message else { throw .invalid("a claim without an order") }
    for (one, next) in zip(orders, orders.dropFirst())
    where one.message.segment >= next.message.segment {
      throw .invalid("a claim's orders are not ascending by segment")
    }
    guard
      orders.allSatisfy({
        $0.message.lease == first.lease && $0.message.group == first.group
          && $0.message.slot == first.slot
      })
    else { throw .invalid("a claim is about one slot of one group") }
  }
}

/// A customer that has nothing else to say shows that it is there: what it left staged will find
/// its bundle, and nobody need be paid for keeping it before.
package struct ShowPresence: Hashable, Sendable, CanonicalCodable {
  package let lease: LeaseID
  package init(lease: LeaseID) { self.lease = lease }
  package func encode(into encoder: inout CanonicalEncoder) { encoder.encode(lease) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    lease = try decoder.decode()
  }
}
