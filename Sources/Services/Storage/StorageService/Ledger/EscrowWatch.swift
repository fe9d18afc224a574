import Cryptography
import Primitives
import ServiceKit

/// Leases whose stream bucket runs dry, and leases that end.
extension ServiceContext {
  private func dryKey(_ lease: LeaseID) -> StateKey { StorageKeys.dryLease(lease) }

  /// Notes since when a lease cannot pay; after the grace its bundles are released. A top-up puts
  /// everything right until then.
  mutating func watchEscrow(_ id: LeaseID) throws(Rejection) {
    guard let lease = lease(id), lease.isOpen,
      lease.prices.price(of: .storedByteMilliseconds) ?? .zero > .zero
    else { return }
    if escrowBalance(id, .stream) > .zero {
      if value(at: dryKey(id)) != nil {
        setValue(nil, at: dryKey(id))
        tell("lease-refilled", ("lease", id))
      }
      return
    }
    guard let since = try load(dryKey(id), as: LedgerTime.self) else {
      save(time, at: dryKey(id))
      return tell("lease-dry", ("lease", id), ("grace", storage(.grace)))
    }
    if time.milliseconds(since: since) >= storage(.grace) { try releaseAll(of: id) }
  }

  private mutating func releaseAll(of id: LeaseID) throws(Rejection) {
    let range = StorageKeys.bundles(of: id)
    for row in rows(from: range.from, to: range.to, limit: Self.columnsPerBlock) {
      let number = row.key.bytes.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      guard
        let bundle = try load(
          StorageKeys.bundle(BundleID(number: number)), as: BundleRecord.self),
        !bundle.isReleased
      else { continue }
      try release(bundle)
    }
  }

  /// A lease may close when nothing is kept for it any more: then every proven second was paid.
  mutating func checkLeaseCloses(_ id: LeaseID) throws(Rejection) {
    let total = try load(StorageKeys.leaseTotal(id), as: StreamRecord.self)
    guard total == nil else {
      throw Rejection(
        .leaseHasBundles,
        "lease \(id) keeps \(total?.columns ?? 0) columns: release its bundles, and close it when "
          + "their lock-up and last proof are over")
    }
    let range = StorageKeys.bundles(of: id)
    for row in rows(from: range.from, to: range.to, limit: allRows) {
      let number = row.key.bytes.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let key = StorageKeys.bundle(BundleID(number: number))
      if let bundle = try load(key, as: BundleRecord.self) { try release(bundle) }
    }
    setValue(nil, at: dryKey(id))
  }

  /// An epoch ends: every provider that gets nothing is told why, and what waits for repair of a
  /// bundle that has ended is forgotten.
  mutating func noteZeros() throws(Rejection) {
    let judged = epoch.addingSaturated(1)
    let records = try loadAll(
      StorageKeys.providers, limit: allRows, as: StorageProviderRecord.self)
    if records.contains(where: { $0.obligations > 0 }) { try armWindow() }
    for record in records where record.judgedInEpoch != judged {
      let (kind, text) =
        record.obligations == 0
        ? ("nothing-to-prove", "keeps no committed bytes: no pay for storage")
        : ("no-window", "no proof window of its own was judged in this epoch; its time waits")
      noteZero(
        provider: record.id, lease: nil,
        cause: Cause(kind: kind, text: text, rule: WalkChallenge.rule, evidence: beacon))
    }
    try forgetEndedRepairs()
  }

  private mutating func forgetEndedRepairs() throws(Rejection) {
    for repair in try loadAll(StorageKeys.repairs, limit: allRows, as: RepairRecord.self) {
      guard let bundle = try load(StorageKeys.bundle(repair.bundle), as: BundleRecord.self),
        bundle.end <= time
      else { continue }
      try cancelRepair(repair.bundle, repair.slot)
      try removeIfEmpty(bundle)
    }
  }
}
