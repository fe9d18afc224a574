import Primitives
import ServiceKit

/// Typed access to the service's rows.
extension ServiceContext {
  /// How many rows one pass over a table takes at most: beyond anything that fits in memory.
  var allRows: Int { 1 << 30 }

  /// Reads a record.
  /// - Throws: ``Rejection`` when the row is not one of ours, which no transaction can bring about.
  func load<T: CanonicalCodable>(
    _ key: StateKey, as type: T.Type = T.self
  ) throws(Rejection) -> T? {
    guard let bytes = value(at: key) else { return nil }
    return try decoded(bytes)
  }

  /// Reads the records of a range.
  /// - Throws: ``Rejection``, as ``load(_:as:)``.
  func loadAll<T: CanonicalCodable>(
    _ range: (from: StateKey, to: StateKey), limit: Int, as type: T.Type = T.self
  ) throws(Rejection) -> [T] {
    var records: [T] = []
    for row in rows(from: range.from, to: range.to, limit: limit) {
      records.append(try decoded(row.value))
    }
    return records
  }

  private func decoded<T: CanonicalCodable>(_ bytes: [UInt8]) throws(Rejection) -> T {
    do throws(CodecError) {
      return try T(canonicalBytes: bytes)
    } catch {
      throw Rejection(.stateCorrupt, "a \(T.self) of the state cannot be read: \(error)")
    }
  }

  /// Writes a record.
  mutating func save(_ record: some CanonicalCodable, at key: StateKey) {
    setValue(record.canonicalBytes(), at: key)
  }

  /// The next serial number of a table, from 1.
  mutating func nextSerial(of table: StorageKeys.Table) throws(Rejection) -> UInt64 {
    let key = StorageKeys.key(.serial) { $0.encode(table.rawValue) }
    let next = (try load(key, as: UInt64.self) ?? 0).addingSaturated(1)
    save(next, at: key)
    return next
  }

  /// A provider's record, or a fresh one.
  func storageProvider(_ id: ProviderID) throws(Rejection) -> StorageProviderRecord {
    try load(StorageKeys.provider(id)) ?? StorageProviderRecord(id: id)
  }

  mutating func save(_ record: StorageProviderRecord) {
    save(record, at: StorageKeys.provider(record.id))
  }

  mutating func save(_ record: BundleRecord) { save(record, at: StorageKeys.bundle(record.id)) }

  mutating func save(_ record: RoundRecord) { save(record, at: StorageKeys.round(record.id)) }

  mutating func save(_ record: ChallengeRecord) {
    save(record, at: StorageKeys.challenge(record.round, record.provider))
  }

  mutating func save(_ record: RepairRecord) {
    save(record, at: StorageKeys.repair(record.bundle, record.slot))
  }

  mutating func save(_ record: ObligationRecord) {
    save(record, at: StorageKeys.obligation(record.provider, record.bundle))
  }

  /// A bundle. - Throws: ``Rejection`` with ``RejectionCode/noSuchBundle``.
  func bundle(_ id: BundleID) throws(Rejection) -> BundleRecord {
    guard let bundle = try load(StorageKeys.bundle(id), as: BundleRecord.self) else {
      throw Rejection(.noSuchBundle, "there is no bundle \(id)")
    }
    return bundle
  }

  /// An open lease of `sender`'s.
  /// - Throws: ``Rejection``.
  func openLease(_ id: LeaseID, of sender: AccountID) throws(Rejection) -> LeaseView {
    guard let lease = lease(id), lease.service == StorageKeys.service else {
      throw Rejection(.noSuchLease, "there is no storage lease \(id)")
    }
    guard lease.customer == sender else {
      throw Rejection(.notTheCustomer, "lease \(id) is another customer's")
    }
    guard lease.isOpen else { throw Rejection(.leaseClosed, "lease \(id) is closed") }
    return lease
  }

  /// An event of the service.
  mutating func tell(_ kind: String, _ attributes: (String, any CustomStringConvertible)...) {
    emit(ServiceEvent("storage.\(kind)", attributes.map { ($0.0, $0.1.description) }))
  }
}

/// Runs arithmetic on a transaction's numbers, or refuses it.
func exact<T>(_ body: () throws(ArithmeticError) -> T) throws(Rejection) -> T {
  do throws(ArithmeticError) {
    return try body()
  } catch {
    throw Rejection(error)
  }
}
