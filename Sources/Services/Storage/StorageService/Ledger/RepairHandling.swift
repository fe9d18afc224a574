import Cryptography
import Primitives
import ServiceKit

/// Vacant slots: queued, drawn, assigned, and drawn again when a deadline passes.
extension ServiceContext {
  /// How many repairs one beacon assigns.
  static var repairsPerDraw: Int { 128 }
  /// How many blocks a replacement has in any case.
  static var repairHeights: UInt64 { 8 }

  /// A slot is vacant: asks for a replacement. `leaver` pays first; its record is changed by the
  /// caller.
  mutating func openRepair(
    _ bundle: BundleRecord, slot: UInt8, leaver: ProviderID?
  ) throws(Rejection) {
    save(RepairRecord(bundle: bundle.id, slot: slot, leaver: leaver, vacantSince: time))
    setValue([], at: StorageKeys.queuedRepair(bundle.id, slot))
    tell(
      "slot-vacant", ("bundle", bundle.id), ("slot", slot),
      ("leaver", leaver?.hex ?? "none"))
    try askForRepairs()
  }

  /// Asks for a draw unless one is asked for already.
  mutating func askForRepairs() throws(Rejection) {
    let flag = StorageKeys.key(.flag) { $0.encode(UInt8(1)) }
    if value(at: flag) != nil { return }
    setValue([], at: flag)
    draw(.repairs)
  }

  /// Operators may have come: what waits for one is drawn again.
  mutating func requeueRepairs() throws(Rejection) {
    var any = false
    for repair in try loadAll(StorageKeys.repairs, limit: allRows, as: RepairRecord.self)
    where repair.replacement == nil {
      setValue([], at: StorageKeys.queuedRepair(repair.bundle, repair.slot))
      any = true
    }
    if any { try askForRepairs() }
  }

  /// A beacon for what is queued.
  mutating func repairsDrawn() throws(Rejection) {
    setValue(nil, at: StorageKeys.key(.flag) { $0.encode(UInt8(1)) })
    let range = StorageKeys.range(.repairQueue) { _ in }
    let queued = rows(from: range.from, to: range.to, limit: Self.repairsPerDraw + 1)
    for row in queued.prefix(Self.repairsPerDraw) {
      setValue(nil, at: row.key)
      // The key is table, table, bundle, slot: the repair's own key differs in the second byte.
      var bytes = row.key.bytes
      bytes[1] = StorageKeys.Table.repair.rawValue
      if let repair = try load(StateKey(bytes), as: RepairRecord.self), repair.replacement == nil {
        try assign(repair)
      }
    }
    if queued.count > Self.repairsPerDraw { try askForRepairs() }
  }

  private mutating func assign(_ waiting: RepairRecord) throws(Rejection) {
    var repair = waiting
    guard let bundle = try load(StorageKeys.bundle(repair.bundle), as: BundleRecord.self),
      bundle.end > time, !bundle.isReleased, let lease = lease(bundle.lease)
    else { return try cancelRepair(repair.bundle, repair.slot) }
    guard let chosen = try drawReplacement(for: repair, of: bundle, lease) else {
      if !repair.isDegraded {
        tell("bundle-degraded", ("bundle", bundle.id), ("slot", repair.slot))
      }
      repair.isDegraded = true
      return save(repair)
    }
    repair.replacement = chosen
    repair.isDegraded = false
    repair.attempt = repair.attempt.addingSaturated(1)
    repair.deadline = time.advanced(milliseconds: storage(.repairTime))
    save(repair)
    setValue([repair.slot], at: StorageKeys.assignment(chosen, bundle.id))
    var record = try storageProvider(chosen)
    record.repairsAssigned = record.repairsAssigned.addingSaturated(1)
    record.committedBytes = record.committedBytes
      .addingSaturated(bundle.slots[Int(repair.slot)].byteCount)
    save(record)
    wake(
      .repairDue(bundle.id, slot: repair.slot, attempt: repair.attempt), at: repair.deadline,
      notBefore: height.addingSaturated(Self.repairHeights))
    tell(
      "repair-assigned", ("bundle", bundle.id), ("slot", repair.slot), ("provider", chosen.hex),
      ("deadline", repair.deadline))
  }

  /// A live operator outside the bundle. With fewer than k columns left only the leaver could still
  /// have the bytes.
  private func drawReplacement(
    for repair: RepairRecord, of bundle: BundleRecord, _ lease: LeaseView
  ) throws(Rejection) -> ProviderID? {
    let column = bundle.slots[Int(repair.slot)]
    let others = try otherHolders(of: bundle)
    let lost = others.count < Int(bundle.codeClass.dataShards)
    var candidates: [Placement.Candidate] = []
    for candidate in try eligibleProviders(for: lease, room: column.byteCount) {
      if lost && candidate.provider != repair.leaver { continue }
      if repair.declined.contains(candidate.provider) { continue }
      if others.contains(where: { $0.conflicts(with: candidate) }) { continue }
      let key = StorageKeys.obligation(candidate.provider, bundle.id)
      if value(at: key) == nil { candidates.append(candidate) }
    }
    var stream = BeaconStream(
      beacon: beacon,
      purpose: StorageToken.repairDue(bundle.id, slot: repair.slot, attempt: repair.attempt)
        .canonicalBytes())
    return Placement(candidates: candidates).draw(1, from: &stream).first?.provider
  }

  /// Holders and assigned replacements of a bundle, with their places on the network.
  private func otherHolders(of bundle: BundleRecord) throws(Rejection) -> [Placement.Candidate] {
    var ids: [ProviderID] = []
    for (slot, column) in bundle.slots.enumerated() {
      if let holder = column.provider {
        ids.append(holder)
      } else if let repair = try load(
        StorageKeys.repair(bundle.id, UInt8(slot)), as: RepairRecord.self),
        let replacement = repair.replacement
      {
        ids.append(replacement)
      }
    }
    return ids.compactMap { id in
      provider(id).map { Placement.Candidate(provider: id, location: $0.location, freeBytes: 0) }
    }
  }

  /// A replacement's time is over: it is absent, and the slot is drawn again.
  mutating func repairDue(
    _ id: BundleID, slot: UInt8, attempt: UInt32
  ) throws(Rejection) {
    guard let repair = try load(StorageKeys.repair(id, slot), as: RepairRecord.self),
      repair.attempt == attempt, let replacement = repair.replacement
    else { return }
    try unassign(repair)
    var record = try storageProvider(replacement)
    record.isAbsent = true
    save(record)
    tell("repair-missed", ("bundle", id), ("slot", slot), ("provider", replacement.hex))
    noteZero(
      provider: replacement, lease: nil,
      cause: Cause(
        kind: "repair-missed", text: "did not rebuild slot \(slot) of bundle \(id) in time",
        rule: "storage-repair/1", evidence: beacon))
  }

  /// A replacement found that k columns do not give the committed one. Its word alone faults nobody
  /// and releases the bundle from nothing: another tries, and after some the slot is given up.
  mutating func declineRepair(
    _ payload: DeclineRepair, from sender: AccountID
  ) throws(Rejection) {
    let repair = try load(
      StorageKeys.repair(payload.bundle, payload.slot), as: RepairRecord.self)
    guard var repair, repair.replacement == sender else {
      throw Rejection(
        .notTheReplacement,
        "slot \(payload.slot) of bundle \(payload.bundle) is not \(sender)'s to rebuild")
    }
    repair.declined.append(sender)
    tell(
      "repair-declined", ("bundle", payload.bundle), ("slot", payload.slot),
      ("provider", sender.hex), ("declines", repair.declined.count))
    noteZero(
      provider: sender, lease: nil,
      cause: Cause(
        kind: "repair-declined",
        text: "k columns do not give slot \(payload.slot) of bundle \(payload.bundle)",
        rule: "storage-repair/1", evidence: beacon))
    if repair.declined.count >= RepairRecord.declinesThatExcuse {
      try settleLeaver(of: repair)
      repair.leaver = nil
    }
    try unassign(repair)
    if repair.declined.count >= RepairRecord.declineLimit {
      try cancelRepair(payload.bundle, payload.slot)
    }
  }

  /// Takes an assignment back and queues the slot again.
  mutating func unassign(_ assigned: RepairRecord) throws(Rejection) {
    var repair = assigned
    try endAssignment(of: repair)
    repair.replacement = nil
    save(repair)
    setValue([], at: StorageKeys.queuedRepair(repair.bundle, repair.slot))
    try askForRepairs()
  }

  private mutating func endAssignment(of repair: RepairRecord) throws(Rejection) {
    guard let replacement = repair.replacement else { return }
    setValue(nil, at: StorageKeys.assignment(replacement, repair.bundle))
    var record = try storageProvider(replacement)
    record.repairsAssigned = record.repairsAssigned.subtractingSaturated(1)
    if let bundle = try load(StorageKeys.bundle(repair.bundle), as: BundleRecord.self) {
      record.committedBytes = record.committedBytes
        .subtractingSaturated(bundle.slots[Int(repair.slot)].byteCount)
    }
    save(record)
  }

  /// A vacant slot needs no repair any more.
  mutating func cancelRepair(_ bundle: BundleID, _ slot: UInt8) throws(Rejection) {
    let key = StorageKeys.repair(bundle, slot)
    guard let repair = try load(key, as: RepairRecord.self) else { return }
    try endAssignment(of: repair)
    setValue(nil, at: key)
    setValue(nil, at: StorageKeys.queuedRepair(bundle, slot))
    try settleLeaver(of: repair)
  }

  /// A leaver owes one repair less.
  mutating func settleLeaver(of repair: RepairRecord) throws(Rejection) {
    guard let leaver = repair.leaver else { return }
    var record = try storageProvider(leaver)
    record.repairsOwed = record.repairsOwed.subtractingSaturated(1)
    save(record)
  }
}
