import Cryptography
import Primitives
import ServiceKit

/// Pay for what is kept before its bundle.
///
/// As a rule the bundle pays: each statement says how long its bytes were staged. A customer that
/// vanishes commits no bundle; then a provider claims alone. It says on the ledger what it keeps,
/// with the customer's signed orders, and is paid for it from then on, once the customer has been
/// silent for the grace period, until the staging reserve is empty and the lease ends with that
/// reason. Should the customer come back, its bundles are charged with what was paid so.
extension ServiceContext {
  /// The customer of a lease did something: it is there.
  mutating func noteCustomer(of lease: LeaseID) {
    save(time, at: StorageKeys.customerSeen(lease))
  }

  mutating func showPresence(
    _ payload: ShowPresence, from sender: AccountID
  ) throws(Rejection) {
    noteCustomer(of: try openLease(payload.lease, of: sender).id)
  }

  /// When the customer of a group's lease was last heard of: at the group's draw at the earliest.
  private func lastHeard(_ group: PlacementGroupRecord) throws(Rejection) -> LedgerTime {
    max(
      group.drawnAt,
      try load(StorageKeys.customerSeen(group.lease), as: LedgerTime.self) ?? .genesis)
  }

  mutating func claimStaging(_ payload: ClaimStaging, from sender: AccountID) throws(Rejection) {
    let (group, bytes) = try checkClaim(payload, from: sender)
    let heard = try lastHeard(group)
    let slot = payload.orders[0].message.slot
    let key = StorageKeys.stagingClaim(group.id, slot)
    var record =
      try load(key, as: StagingClaimRecord.self)
      ?? StagingClaimRecord(provider: sender, lease: group.lease, countedFrom: time)
    let isSilent = time.milliseconds(since: heard) >= storage(.grace)
    // What was kept all the time: bytes that came later count from now on.
    let kept = min(record.bytes, bytes)
    let from = max(record.countedFrom, heard)
    let quantity = isSilent ? UInt128(time.milliseconds(since: from)) * UInt128(kept) : 0
    if isSilent || bytes > record.bytes { record.countedFrom = time }
    record.bytes = bytes
    record.advanced = record.advanced.addingSaturated(quantity)
    save(record, at: key)
    if quantity > 0 { try payClaim(quantity, group, sender, payload) }
    tell(
      "staging-claimed", ("group", group.id), ("slot", slot), ("provider", sender.hex),
      ("bytes", bytes), ("byte-milliseconds", quantity))
  }

  private mutating func payClaim(
    _ quantity: UInt128, _ group: PlacementGroupRecord, _ provider: ProviderID,
    _ payload: ClaimStaging
  ) throws(Rejection) {
    _ = try accrue(
      lease: group.lease, provider: provider, dimension: .stagedByteMilliseconds,
      quantity: quantity, from: .staging,
      cause: Cause(
        kind: "staging-claimed",
        text: "kept bytes of group \(group.id) for a customer that is silent: \(quantity) byte ms",
        rule: "storage-staging-claim/1",
        evidence: Digest.sha256(domain: "storage-staging-claim", payload.canonicalBytes())))
  }

  /// The group that a claim is about, and how many bytes its orders come to. Checks: group, slot,
  /// lease, chain and signatures, sum.
  private func checkClaim(
    _ payload: ClaimStaging, from sender: AccountID
  ) throws(Rejection) -> (group: PlacementGroupRecord, bytes: UInt64) {
    let first = payload.orders[0].message
    guard let group = try load(StorageKeys.group(first.group), as: PlacementGroupRecord.self),
      group.state == .drawn, group.lease == first.lease
    else {
      throw Rejection(.noSuchGroup, "lease \(first.lease) has no drawn group \(first.group)")
    }
    guard group.providers.indices.contains(Int(first.slot)),
      group.providers[Int(first.slot)] == sender
    else {
      throw Rejection(
        .notTheHolder, "slot \(first.slot) of group \(group.id) is not \(sender)'s")
    }
    guard let customer = lease(group.lease)?.customer else {
      throw Rejection(.noSuchLease, "there is no storage lease \(group.lease)")
    }
    var bytes: UInt64 = 0
    for order in payload.orders {
      guard order.message.chain == chain, order.isSigned(by: customer) else {
        throw Rejection(
          .wrongStagingClaim,
          "the order for segment \(order.message.segment) is not the customer's")
      }
      bytes = bytes.addingSaturated(order.message.end)
    }
    guard bytes <= Self.columnByteLimit else {
      throw Rejection(.tooManyBytes, "\(bytes) bytes were claimed as staged")
    }
    return (group, bytes)
  }

  /// What a statement may still ask for staging after what was paid for claims in its slot. The
  /// customer is there: a claim begins anew.
  mutating func netOfClaims(
    _ quantity: UInt64, _ group: PlacementGroupID, slot: Int
  ) throws(Rejection) -> UInt64 {
    let key = StorageKeys.stagingClaim(group, UInt8(slot))
    guard var record = try load(key, as: StagingClaimRecord.self) else { return quantity }
    let charged = min(record.advanced, UInt128(quantity))
    record.advanced -= charged
    record.bytes = 0
    record.countedFrom = time
    setValue(record.advanced == 0 ? nil : record.canonicalBytes(), at: key)
    return quantity - UInt64(charged)
  }
}
