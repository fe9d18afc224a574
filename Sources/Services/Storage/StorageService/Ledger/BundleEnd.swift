import Cryptography
import Primitives
import ServiceKit

/// How bundles end or go on.
extension ServiceContext {
  mutating func releaseBundle(_ payload: ReleaseBundle, from sender: AccountID) throws(Rejection) {
    let bundle = try bundle(payload.bundle)
    _ = try openLease(bundle.lease, of: sender)
    guard !bundle.isReleased else {
      throw Rejection(.bundleReleased, "bundle \(bundle.id) was released before")
    }
    noteCustomer(of: bundle.lease)
    try release(bundle)
  }

  /// Ends a bundle after its lock-up. Its holders prove and are paid until then.
  mutating func release(_ bundle: BundleRecord) throws(Rejection) {
    let lockedUntil = bundle.committedAt.advanced(milliseconds: storage(.lockUp))
    try release(bundle, at: max(time, lockedUntil))
  }

  /// Ends a bundle at `end`, which is not before now, and its repairs at once.
  mutating func release(_ released: BundleRecord, at end: LedgerTime) throws(Rejection) {
    var bundle = released
    bundle.end = min(bundle.end, end)
    bundle.isReleased = true
    save(bundle)
    for holder in bundle.slots.compactMap(\.provider) {
      let key = StorageKeys.obligation(holder, bundle.id)
      guard var row = try load(key, as: ObligationRecord.self), !row.isStopped else { continue }
      row.end = min(row.end, bundle.end)
      save(row)
    }
    for slot in bundle.slots.indices where bundle.slots[slot].provider == nil {
      try cancelRepair(bundle.id, UInt8(slot))
    }
    tell("bundle-released", ("bundle", bundle.id), ("end", bundle.end))
    try removeIfEmpty(bundle)
  }

  mutating func renewBundle(_ payload: RenewBundle, from sender: AccountID) throws(Rejection) {
    var bundle = try bundle(payload.bundle)
    let lease = try openLease(bundle.lease, of: sender)
    guard !bundle.isReleased, bundle.end > time else {
      throw Rejection(.bundleReleased, "bundle \(bundle.id) has ended")
    }
    guard payload.end > bundle.end else {
      throw Rejection(.wrongEnd, "bundle \(bundle.id) lasts until \(bundle.end) already")
    }
    try checkEnd(payload.end)
    // Its lock-up was covered when it began, and it can be released at any time after: going on
    // takes no more than something to pay with. So a lease that takes nothing new loses nothing.
    guard
      escrowBalance(lease.id, .stream) > .zero
        || lease.prices.price(of: .storedByteMilliseconds) ?? .zero == .zero
    else {
      throw Rejection(
        .escrowTooSmall, "the stream bucket of lease \(lease.id) is empty: top the lease up")
    }
    noteCustomer(of: lease.id)
    bundle.end = payload.end
    save(bundle)
    for holder in bundle.slots.compactMap(\.provider) where try consents(holder, lease) {
      let key = StorageKeys.obligation(holder, bundle.id)
      guard var row = try load(key, as: ObligationRecord.self), !row.isStopped else { continue }
      row.end = payload.end
      save(row)
    }
    tell("bundle-renewed", ("bundle", bundle.id), ("end", bundle.end))
  }

  /// A standing offer within the lease's prices is consent to go on.
  private func consents(_ holder: ProviderID, _ lease: LeaseView) throws(Rejection) -> Bool {
    guard let offer = offer(of: holder), provider(holder)?.standing == .active else { return false }
    let isBeingVacated = try storageProvider(holder).isBeingVacated
    return offer.prices.isWithin(lease.prices) && !isBeingVacated
  }

  /// A holder's time for a column is over: either the bundle's, or this holder's alone because it
  /// did not go along with a renewal; then the slot is vacant.
  mutating func holderStopped(_ row: ObligationRecord) throws(Rejection) {
    guard var bundle = try load(StorageKeys.bundle(row.bundle), as: BundleRecord.self),
      bundle.end > row.end, bundle.slots.indices.contains(Int(row.slot)),
      bundle.slots[Int(row.slot)].provider == row.provider
    else { return }
    bundle.slots[Int(row.slot)].provider = nil
    save(bundle)
    try openRepair(bundle, slot: row.slot, leaver: nil)
  }

  /// A holder's last proof is judged: it no longer holds the column.
  mutating func holderDone(_ row: ObligationRecord) throws(Rejection) {
    guard var bundle = try load(StorageKeys.bundle(row.bundle), as: BundleRecord.self),
      bundle.slots.indices.contains(Int(row.slot)),
      bundle.slots[Int(row.slot)].provider == row.provider
    else { return }
    bundle.slots[Int(row.slot)].provider = nil
    save(bundle)
    try removeIfEmpty(bundle)
  }

  /// Forgets a bundle that is over and that nobody holds any more.
  mutating func removeIfEmpty(_ bundle: BundleRecord) throws(Rejection) {
    guard bundle.end <= time || bundle.isReleased,
      bundle.slots.allSatisfy({ $0.provider == nil })
    else { return }
    for slot in bundle.slots.indices { try cancelRepair(bundle.id, UInt8(slot)) }
    setValue(nil, at: StorageKeys.bundle(bundle.id))
    setValue(nil, at: StorageKeys.leaseBundle(bundle.lease, bundle.id))
    tell("bundle-ended", ("bundle", bundle.id), ("lease", bundle.lease))
    wake(.forgetKey(bundle.bundleKey), at: bundle.end)
  }

  /// The statements about a bundle that is gone have ended: its key may be forgotten.
  mutating func forgetKey(_ hash: Digest) throws(Rejection) {
    let key = StorageKeys.bundleKey(hash)
    guard let record = try load(key, as: BundleKeyRecord.self) else { return }
    if record.statementsEnd <= time {
      setValue(nil, at: key)
    } else {
      wake(.forgetKey(hash), at: record.statementsEnd)
    }
  }
}
