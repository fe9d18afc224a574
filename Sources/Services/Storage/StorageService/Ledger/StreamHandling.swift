import Cryptography
import Primitives
import ServiceKit

/// Counting bytes over time: per pair of provider and lease, and the same again per lease.
extension ServiceContext {
  /// The most bytes that one column, one provider's columns and one lease's columns have. They keep
  /// every later sum and product within its type, so that no deadline can fail on arithmetic.
  static var columnByteLimit: UInt64 { 1 << 44 }
  static var providerByteLimit: UInt64 { 1 << 56 }
  static var leaseByteLimit: UInt64 { 1 << 60 }

  /// Changes a provider's stream for a lease, and the lease's total in the same way.
  mutating func changeStreams(
    _ provider: ProviderID, _ lease: LeaseID,
    _ change: (inout StreamRecord) throws(ArithmeticError) -> Void
  ) throws(Rejection) {
    for key in [StorageKeys.stream(provider, lease), StorageKeys.leaseTotal(lease)] {
      var stream = try load(key, as: StreamRecord.self) ?? StreamRecord(at: time)
      do throws(ArithmeticError) {
        try change(&stream)
      } catch {
        throw Rejection(error)
      }
      setValue(stream.isEmpty ? nil : stream.canonicalBytes(), at: key)
    }
  }

  /// Begins an obligation now. The provider's record is changed but not saved.
  mutating func beginObligation(
    _ bundle: BundleRecord, slot: Int, by record: inout StorageProviderRecord
  ) throws(Rejection) {
    let column = bundle.slots[slot]
    save(
      ObligationRecord(
        provider: record.id, bundle: bundle.id, slot: UInt8(slot), lease: bundle.lease,
        columnRoot: column.columnRoot, leafCount: column.leafCount, byteCount: column.byteCount,
        since: time, sinceHeight: height, end: bundle.end))
    record.obligations = record.obligations.addingSaturated(1)
    let now = time
    try changeStreams(record.id, bundle.lease) { (stream) throws(ArithmeticError) in
      try stream.add(bytes: column.byteCount, at: now)
    }
    try armWindow()
  }

  /// Stops counting a column whose time is over; it stays for one last proof.
  mutating func stopObligation(_ row: inout ObligationRecord) throws(Rejection) {
    let (now, end, bytes) = (time, row.end, row.byteCount)
    try changeStreams(row.provider, row.lease) { (stream) throws(ArithmeticError) in
      try stream.stop(bytes: bytes, end: end, at: now)
    }
    row.isStopped = true
    save(row)
    setValue([], at: StorageKeys.finalProof(row.provider, row.bundle))
  }

  /// Forgets a stopped column after its last verdict. The provider's record is changed but not
  /// saved.
  mutating func dropObligation(
    _ row: ObligationRecord, of record: inout StorageProviderRecord
  ) throws(Rejection) {
    try changeStreams(row.provider, row.lease) { (stream) throws(ArithmeticError) in
      try stream.dropColumn()
    }
    removeRow(row, of: &record)
  }

  /// Takes a column away, with the pay for its time that no proof has shown. The provider's record
  /// is changed but not saved.
  /// - Precondition: no challenge of the provider runs.
  mutating func forfeitObligation(
    _ row: ObligationRecord, of record: inout StorageProviderRecord
  ) throws(Rejection) {
    let (now, until, bytes, isStopped) = (time, min(time, row.end), row.byteCount, row.isStopped)
    let from = max(row.since, record.judgedUntil)
    let unproven = UInt128(until.milliseconds(since: from)) * UInt128(bytes)
    try changeStreams(row.provider, row.lease) { (stream) throws(ArithmeticError) in
      if !isStopped { try stream.stop(bytes: bytes, end: until, at: now) }
      try stream.forfeit(unproven)
      try stream.dropColumn()
    }
    removeRow(row, of: &record)
  }

  private mutating func removeRow(
    _ row: ObligationRecord, of record: inout StorageProviderRecord
  ) {
    setValue(nil, at: StorageKeys.obligation(row.provider, row.bundle))
    setValue(nil, at: StorageKeys.finalProof(row.provider, row.bundle))
    record.obligations = record.obligations.subtractingSaturated(1)
    record.committedBytes = record.committedBytes.subtractingSaturated(row.byteCount)
  }

  /// Whether the lease's stream bucket covers what is unproven and the lock-up of all its columns.
  /// - Throws: ``Rejection`` with ``RejectionCode/escrowTooSmall``.
  func checkLockUpCovered(_ lease: LeaseView) throws(Rejection) {
    guard
      var total = try load(StorageKeys.leaseTotal(lease.id), as: StreamRecord.self)
    else { return }
    let lockUp = UInt128(storage(.lockUp))
    let needed: Credits
    do throws(ArithmeticError) {
      try total.advance(to: time)
      let quantity = try (UInt128(total.bytes) * lockUp).adding(total.unproven)
      needed = try lease.prices.cost(of: quantity, .storedByteMilliseconds)
    } catch {
      throw Rejection(error)
    }
    let held = escrowBalance(lease.id, .stream)
    guard held >= needed else {
      throw Rejection(
        .escrowTooSmall,
        "the stream bucket of lease \(lease.id) holds \(held) credits; what is stored needs "
          + "\(needed) for its lock-up: top the lease up")
    }
  }
}
