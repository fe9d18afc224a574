import Primitives
import ServiceKit

/// Taking columns from a provider that was faulted, lied, leaves, or gives one back.
extension ServiceContext {
  /// How many columns one block takes: a large provider's go over many blocks.
  static var columnsPerBlock: Int { 256 }

  /// Begins to take all columns and assignments of a provider.
  /// - Precondition: no challenge of the provider runs.
  mutating func vacateAll(_ provider: ProviderID) throws(Rejection) {
    var record = try storageProvider(provider)
    record.isBeingVacated = true
    save(record)
    try vacateSome(provider)
  }

  /// Takes the next columns; sets a deadline in the next block when there are more.
  mutating func vacateSome(_ provider: ProviderID) throws(Rejection) {
    var record = try storageProvider(provider)
    guard record.isBeingVacated, record.openRound == 0 else { return }
    let assignments = StorageKeys.assignments(of: provider)
    for row in rows(from: assignments.from, to: assignments.to, limit: Self.columnsPerBlock) {
      try unassignRow(row.key.bytes, slot: row.value.first)
    }
    record = try storageProvider(provider)
    let range = StorageKeys.obligations(of: provider)
    let columns = try loadAll(
      range, limit: Self.columnsPerBlock, as: ObligationRecord.self)
    for column in columns { try takeColumn(column, from: &record) }
    record.isBeingVacated = record.obligations > 0 || record.repairsAssigned > 0
    save(record)
    if record.isBeingVacated {
      wake(.vacate(provider), at: time, notBefore: height.addingSaturated(1))
    }
  }

  private mutating func unassignRow(_ key: [UInt8], slot: UInt8?) throws(Rejection) {
    // The key ends in the bundle's number.
    let number = key.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let slot,
      let repair = try load(
        StorageKeys.repair(BundleID(number: number), slot), as: RepairRecord.self)
    else { return }
    try unassign(repair)
  }

  /// Takes one column, with its unproven pay; its slot is vacant unless its time was over.
  mutating func takeColumn(
    _ column: ObligationRecord, from record: inout StorageProviderRecord
  ) throws(Rejection) {
    try forfeitObligation(column, of: &record)
    guard var bundle = try load(StorageKeys.bundle(column.bundle), as: BundleRecord.self),
      bundle.slots.indices.contains(Int(column.slot)),
      bundle.slots[Int(column.slot)].provider == column.provider
    else { return }
    bundle.slots[Int(column.slot)].provider = nil
    save(bundle)
    let isOver = bundle.isReleased || bundle.end <= time
    if !isOver { record.repairsOwed = record.repairsOwed.addingSaturated(1) }
    // What follows may change the leaver's record (a repair that it owed is cancelled).
    save(record)
    if isOver {
      try removeIfEmpty(bundle)
    } else {
      try openRepair(bundle, slot: column.slot, leaver: column.provider)
    }
    record = try storageProvider(column.provider)
  }

  mutating func declareCorruption(
    _ payload: DeclareCorruption, from sender: AccountID
  ) throws(Rejection) {
    let key = StorageKeys.obligation(sender, payload.bundle)
    guard let column = try load(key, as: ObligationRecord.self), column.slot == payload.slot else {
      throw Rejection(
        .notTheHolder, "\(sender) does not hold slot \(payload.slot) of bundle \(payload.bundle)")
    }
    try withdrawChallenge(of: sender)
    var record = try storageProvider(sender)
    try takeColumn(column, from: &record)
    save(record)
    tell(
      "corruption-declared", ("provider", sender.hex), ("bundle", payload.bundle),
      ("slot", payload.slot))
    noteZero(
      provider: sender, lease: column.lease,
      cause: Cause(
        kind: "corruption-declared",
        text: "gave slot \(payload.slot) of bundle \(payload.bundle) back",
        rule: "storage-repair/1", evidence: column.columnRoot))
  }

  mutating func setAvailability(
    _ payload: SetAvailability, from sender: AccountID
  ) throws(Rejection) {
    guard let view = provider(sender), view.standing != .left else {
      throw Rejection(.notAProvider, "\(sender) is not a registered provider")
    }
    var record = try storageProvider(sender)
    record.isAvailable = payload.isAvailable
    record.isAbsent = false
    record.capacityBytes = payload.capacityBytes
    save(record)
    tell(
      "availability", ("provider", sender.hex), ("available", payload.isAvailable),
      ("capacity", payload.capacityBytes))
    if payload.isAvailable { try requeueRepairs() }
  }

  /// Takes all columns of a provider that asks for it, as when it leaves, but it stays bonded.
  /// Their repair is paid from its bond, like that of any column that a provider gives back.
  mutating func drain(from sender: AccountID) throws(Rejection) {
    guard let view = provider(sender), view.standing == .active || view.standing == .underbonded
    else {
      throw Rejection(.notAProvider, "\(sender) is no provider, or is leaving already")
    }
    var record = try storageProvider(sender)
    record.isAvailable = false
    save(record)
    tell("drain", ("provider", sender.hex), ("columns", record.obligations))
    guard record.isObliged, !record.isBeingVacated else { return }
    try withdrawChallenge(of: sender)
    try vacateAll(sender)
  }

  /// The ledger changed a provider's standing: who leaves gives up its columns now, and its bond
  /// stays until they are rebuilt.
  mutating func standingChanged(_ id: ProviderID) throws(Rejection) {
    guard let record = try load(StorageKeys.provider(id), as: StorageProviderRecord.self) else {
      return
    }
    switch provider(id)?.standing {
    case .active: try requeueRepairs()
    case .underbonded: break
    case .unbonding, .left, nil:
      guard record.isObliged, !record.isBeingVacated else { return }
      try withdrawChallenge(of: id)
      try vacateAll(id)
    }
  }
}
