import Cryptography
import Primitives
import ServiceKit

/// A bundle's commitment.
extension ServiceContext {
  mutating func commitBundle(_ payload: CommitBundle, from sender: AccountID) throws(Rejection) {
    let lease = try openLease(payload.lease, of: sender)
    let group = try drawnGroup(payload)
    try checkShape(payload, group)
    try checkEnd(payload.end)
    let keyAt = StorageKeys.bundleKey(payload.bundleKey)
    guard value(at: keyAt) == nil else {
      throw Rejection(.bundleKnown, "bundle \(payload.bundleKey) was committed before")
    }
    let holders = try signedHolders(payload, group)
    let id = BundleID(number: try nextSerial(of: .bundle))
    let bundle = BundleRecord(
      id: id, lease: lease.id, group: group.id, codeClass: group.codeClass,
      bundleKey: payload.bundleKey,
      root: BundleManifest.root(columnRoots: payload.slots.map(\.columnRoot)),
      segmentCount: payload.segmentCount, committedAt: time, end: payload.end,
      slots: zip(payload.slots, holders).map { column, holder in
        SlotRecord(
          provider: holder, columnRoot: column.columnRoot, leafCount: column.leafCount,
          byteCount: column.byteCount)
      })
    save(bundle)
    save(BundleKeyRecord(bundle: id, statementsEnd: payload.end), at: keyAt)
    setValue([], at: StorageKeys.leaseBundle(lease.id, id))
    noteCustomer(of: lease.id)
    try fillSlots(of: bundle, payload, lease)
    try checkLockUpCovered(lease)
    tell(
      "bundle-committed", ("bundle", id), ("lease", lease.id), ("class", group.codeClass),
      ("segments", payload.segmentCount), ("column-bytes", payload.slots[0].byteCount),
      ("vacant", bundle.vacantSlots), ("key", payload.bundleKey))
  }

  private func drawnGroup(_ payload: CommitBundle) throws(Rejection) -> PlacementGroupRecord {
    let key = StorageKeys.group(payload.group)
    guard let group = try load(key, as: PlacementGroupRecord.self) else {
      throw Rejection(.noSuchGroup, "there is no placement group \(payload.group)")
    }
    guard group.lease == payload.lease else {
      throw Rejection(
        .groupOfAnotherLease, "group \(group.id) belongs to lease \(group.lease)")
    }
    guard group.state == .drawn else {
      throw Rejection(.groupNotDrawn, "group \(group.id) has no providers")
    }
    return group
  }

  private func checkShape(
    _ payload: CommitBundle, _ group: PlacementGroupRecord
  ) throws(Rejection) {
    guard payload.slots.count == group.providers.count else {
      throw Rejection(
        .wrongSlotCount,
        "\(payload.slots.count) columns for a group of \(group.providers.count)")
    }
    guard (1...BundleManifest.segmentLimit).contains(Int(payload.segmentCount)) else {
      throw Rejection(
        .wrongSegmentCount,
        "\(payload.segmentCount) segments; 1 to \(BundleManifest.segmentLimit) are allowed")
    }
    let (bytes, leaves) = (payload.slots[0].byteCount, payload.slots[0].leafCount)
    let fewest = group.codeClass.leafCount(shardBytes: bytes)
    guard (1...Self.columnByteLimit).contains(bytes), leaves >= fewest,
      leaves - fewest < UInt64(payload.segmentCount),
      payload.slots.allSatisfy({ $0.byteCount == bytes && $0.leafCount == leaves })
    else {
      throw Rejection(
        .wrongColumnSize, "columns of \(bytes) bytes in \(leaves) leaves do not fit the class")
    }
  }

  /// A bundle ends later than now and not later than the network allows.
  func checkEnd(_ end: LedgerTime) throws(Rejection) {
    let latest = time.advanced(milliseconds: storage(.longestBundle))
    guard end > time, end <= latest else {
      throw Rejection(
        .wrongEnd, "the end is \(end); later than now, \(time), and up to \(latest) is allowed")
    }
  }

  /// Who holds each column: those who signed and are still there.
  private func signedHolders(
    _ payload: CommitBundle, _ group: PlacementGroupRecord
  ) throws(Rejection) -> [ProviderID?] {
    let staged = UInt128(time.milliseconds(since: group.drawnAt))
    var holders: [ProviderID?] = []
    for (slot, column) in payload.slots.enumerated() {
      guard let signature = column.signature else {
        holders.append(nil)
        continue
      }
      let provider = group.providers[slot]
      guard UInt128(column.stagedByteMilliseconds) <= staged * UInt128(column.byteCount) else {
        throw Rejection(
          .stagedTooLong,
          "slot \(slot) asks for \(column.stagedByteMilliseconds) staged byte milliseconds; its "
            + "group is \(staged) ms old")
      }
      guard payload.statement(slot: slot, chain: chain).isSigned(by: provider, signature) else {
        throw Rejection(
          .wrongCountersignature, "the signature of slot \(slot) is not \(provider)'s")
      }
      holders.append(try canHold(provider) ? provider : nil)
    }
    let held = holders.count { $0 != nil }
    guard held >= Int(group.codeClass.dataShards) else {
      throw Rejection(
        .tooFewSlots,
        "\(held) columns are held; \(group.codeClass) needs "
          + "\(group.codeClass.dataShards)")
    }
    return holders
  }

  private func canHold(_ id: ProviderID) throws(Rejection) -> Bool {
    guard let view = provider(id) else { return false }
    if try storageProvider(id).isBeingVacated { return false }
    return view.standing == .active || view.standing == .underbonded
  }

  private mutating func fillSlots(
    of bundle: BundleRecord, _ payload: CommitBundle, _ lease: LeaseView
  ) throws(Rejection) {
    for (slot, column) in bundle.slots.enumerated() {
      guard let holder = column.provider else {
        try openRepair(bundle, slot: UInt8(slot), leaver: nil)
        continue
      }
      var record = try storageProvider(holder)
      let committed = record.committedBytes.addingSaturated(column.byteCount)
      guard committed <= Self.providerByteLimit else {
        throw Rejection(.tooManyBytes, "\(holder) would hold \(committed) bytes")
      }
      record.committedBytes = committed
      try beginObligation(bundle, slot: slot, by: &record)
      save(record)
      let staged = try netOfClaims(
        payload.slots[slot].stagedByteMilliseconds, bundle.group, slot: slot)
      try payStaging(staged, bundle, lease, holder)
    }
    let total = try load(StorageKeys.leaseTotal(lease.id), as: StreamRecord.self)
    guard total?.bytes ?? 0 <= Self.leaseByteLimit else {
      throw Rejection(.tooManyBytes, "lease \(lease.id) would hold too many bytes")
    }
  }

  private mutating func payStaging(
    _ quantity: UInt64, _ bundle: BundleRecord, _ lease: LeaseView, _ holder: ProviderID
  ) throws(Rejection) {
    if quantity == 0 { return }
    _ = try accrue(
      lease: lease.id, provider: holder, dimension: .stagedByteMilliseconds,
      quantity: UInt128(quantity), from: .staging,
      cause: Cause(
        kind: "staging",
        text: "kept bytes of bundle \(bundle.id) before its commitment: \(quantity) byte ms",
        rule: "storage-staging/1", evidence: bundle.bundleKey))
  }
}
