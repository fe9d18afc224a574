import Primitives
import ServiceKit

/// Placement groups: asked for by a transaction, drawn by the next beacon.
extension ServiceContext {
  mutating func openGroup(_ payload: OpenGroup, from sender: AccountID) throws(Rejection) {
    let lease = try openLease(payload.lease, of: sender)
    guard lease.provider == nil else {
      throw Rejection(
        .leaseNamesProvider,
        "lease \(lease.id) is with one provider; groups are drawn for leases of the pool")
    }
    let id = PlacementGroupID(number: try nextSerial(of: .group))
    save(
      PlacementGroupRecord(
        id: id, lease: lease.id, codeClass: payload.codeClass, exclude: payload.exclude,
        openedAt: time),
      at: StorageKeys.group(id))
    noteCustomer(of: lease.id)
    draw(.group(id))
    tell("group-ordered", ("group", id), ("lease", lease.id), ("class", payload.codeClass))
  }

  mutating func groupDrawn(_ id: PlacementGroupID) throws(Rejection) {
    let key = StorageKeys.group(id)
    guard var group = try load(key, as: PlacementGroupRecord.self), group.state == .waiting else {
      return
    }
    var drawn: [Placement.Candidate] = []
    if let lease = lease(group.lease), lease.isOpen {
      let candidates = try eligibleProviders(for: lease, room: 1)
        .filter { !group.exclude.contains($0.provider) }
      var stream = BeaconStream(
        beacon: beacon, purpose: StorageToken.group(id).canonicalBytes())
      drawn = Placement(candidates: candidates)
        .draw(Int(group.codeClass.totalShards), from: &stream)
    }
    group.eligibleOperators = UInt32(drawn.count)
    group.drawnAt = time
    if drawn.count == Int(group.codeClass.totalShards) {
      group.state = .drawn
      group.providers = drawn.map(\.provider)
      tell("group-drawn", ("group", id), ("lease", group.lease), ("class", group.codeClass))
    } else {
      group.state = .refused
      tell(
        "group-refused", ("group", id), ("lease", group.lease), ("class", group.codeClass),
        ("operators", drawn.count))
    }
    save(group, at: key)
  }
}
