import Foundation
import GRDB
import Primitives
import ServiceKit
import StorageService

/// Which shard: a segment's slot.
package struct ShardKey: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let segment: SegmentID
  package let slot: UInt8

  package init(segment: SegmentID, slot: UInt8) {
    self.segment = segment
    self.slot = slot
  }

  package static func < (left: ShardKey, right: ShardKey) -> Bool {
    (left.segment, left.slot) < (right.segment, right.slot)
  }

  /// Such as `7/42#3`.
  package var description: String { "\(segment)#\(slot)" }

  /// The name of the shard's file, without suffix.
  var fileName: String { "\(segment.lease)-\(segment.number)-\(slot)" }
}

/// What the index knows of a shard.
package struct ShardRow: Hashable, Sendable {
  package let key: ShardKey
  package let group: PlacementGroupID
  package let leafBytes: Int
  /// The highest fencing epoch that wrote it.
  package var fencingEpoch: UInt64
  /// Bytes acknowledged.
  package var length: UInt64
  /// The root at that length.
  package var root: Digest
  /// The manifest's hash of the bundle that it is sealed in; nil while it is staged.
  package var bundleKey: Digest?
  /// Whether bytes of it were found to be lost or changed.
  package var isDamaged: Bool
  /// Bytes × milliseconds of ledger time that it was staged up to ``stagedAt``.
  package var stagedByteMilliseconds: UInt64
  /// Up to when ``stagedByteMilliseconds`` counts.
  package var stagedAt: LedgerTime
  /// The customer's order for the last chunk, signed, in canonical bytes; nil once no claim for
  /// staging can name it.
  package var lastOrder: [UInt8]?

  package init(
    key: ShardKey, group: PlacementGroupID, leafBytes: Int, fencingEpoch: UInt64, length: UInt64,
    root: Digest, stagedAt: LedgerTime
  ) {
    self.key = key
    self.group = group
    self.leafBytes = leafBytes
    self.fencingEpoch = fencingEpoch
    self.length = length
    self.root = root
    bundleKey = nil
    isDamaged = false
    stagedByteMilliseconds = 0
    self.stagedAt = stagedAt
    lastOrder = nil
  }

  /// What it has cost to stage it up to `time`.
  package func staged(at time: LedgerTime) -> UInt64 {
    let (more, overflow) = length.multipliedReportingOverflow(
      by: time.milliseconds(since: stagedAt))
    return overflow ? .max : stagedByteMilliseconds.addingSaturated(more)
  }

  init(_ row: Row) {
    key = ShardKey(
      segment: SegmentID(
        lease: LeaseID(number: UInt64(bitPattern: row["lease"])),
        number: UInt64(bitPattern: row["segment"])),
      slot: UInt8(truncatingIfNeeded: row["slot"] as Int64))
    group = PlacementGroupID(number: UInt64(bitPattern: row["placement"]))
    leafBytes = row["leafBytes"]
    fencingEpoch = UInt64(bitPattern: row["fencing"])
    length = UInt64(bitPattern: row["length"])
    root = Digest(bytes: (row["root"] as DatabaseBytes).bytes) ?? .zero
    bundleKey = (row["bundleKey"] as DatabaseBytes?).flatMap { Digest(bytes: $0.bytes) }
    isDamaged = row["damaged"]
    stagedByteMilliseconds = UInt64(bitPattern: row["stagedByteMilliseconds"])
    stagedAt = LedgerTime(milliseconds: UInt64(bitPattern: row["stagedAt"]))
    lastOrder = (row["lastOrder"] as DatabaseBytes?)?.bytes
  }

  /// Written in place when it is there, so that no index changes that need not.
  private static let upsert = """
    INSERT INTO shard
    (lease, segment, slot, placement, leafBytes, fencing, length, root, bundleKey, damaged,
     stagedByteMilliseconds, stagedAt, lastOrder)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (lease, segment, slot) DO UPDATE SET
    placement = excluded.placement, leafBytes = excluded.leafBytes, fencing = excluded.fencing,
    length = excluded.length, root = excluded.root, bundleKey = excluded.bundleKey,
    damaged = excluded.damaged, stagedByteMilliseconds = excluded.stagedByteMilliseconds,
    stagedAt = excluded.stagedAt, lastOrder = excluded.lastOrder
    """

  func save(_ database: Database) throws {
    try database.cachedStatement(sql: Self.upsert).execute(
      arguments: [
        Int64(bitPattern: key.segment.lease.number), Int64(bitPattern: key.segment.number),
        Int64(key.slot), Int64(bitPattern: group.number), leafBytes,
        Int64(bitPattern: fencingEpoch), Int64(bitPattern: length), DatabaseBytes(root.bytes),
        bundleKey.map { DatabaseBytes($0.bytes) }, isDamaged,
        Int64(bitPattern: stagedByteMilliseconds), Int64(bitPattern: stagedAt.milliseconds),
        lastOrder.map { DatabaseBytes($0) },
      ])
  }
}

/// A byte string in SQLite.
struct DatabaseBytes: DatabaseValueConvertible, StatementColumnConvertible, Sendable {
  let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var databaseValue: DatabaseValue { Data(bytes).databaseValue }

  static func fromDatabaseValue(_ value: DatabaseValue) -> DatabaseBytes? {
    Data.fromDatabaseValue(value).map { DatabaseBytes(Array($0)) }
  }

  init(sqliteStatement: SQLiteStatement, index: CInt) {
    bytes = Array(Data(sqliteStatement: sqliteStatement, index: index))
  }
}
