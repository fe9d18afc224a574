import Foundation
import GRDB
import Primitives
import ServiceKit
import StorageService

/// One segment as the gateway's catalog keeps it.
package struct SegmentRecord: Hashable, Sendable {
  /// How far a segment has come.
  package enum State: Int, Sendable {
    /// Stripes are appended; a crash leaves it so, and the next start closes it.
    case open = 1
    /// No stripe will follow; it waits for its bundle.
    case sealed = 2
    /// A bundle on the ledger holds it.
    case bundled = 3
    /// Nothing of it was ever acknowledged, or nothing of it is wanted: its shards may go. While it
    /// names a bundle, that bundle is still to be released.
    case dropped = 4
  }

  /// The segment's number under the identity's lease.
  package let number: UInt64
  /// The placement group's number.
  package let group: UInt64
  /// The class in which it is coded.
  package let codeClass: CodeClass
  /// The provider of each slot.
  package let slots: [ProviderID]
  package var state: State
  /// The payload length of each stripe in bytes.
  package var stripeLengths: [UInt32]
  /// The shards' roots, one a slot, once it is sealed; empty before.
  package var shardRoots: [Digest]
  /// The shards' roots after each of the last stripes, newest last: what a segment can be sealed at
  /// after a crash.
  package var runningRoots: [[Digest]]
  /// The bundle on the ledger that holds it.
  package var bundle: UInt64?
  /// The highest sequence number of a log record in its stripes; 0 when there is none.
  package var lastSequence: UInt64

  package init(
    number: UInt64, group: UInt64, codeClass: CodeClass, slots: [ProviderID], state: State = .open,
    stripeLengths: [UInt32] = [], shardRoots: [Digest] = [],
    runningRoots: [[Digest]] = [], bundle: UInt64? = nil, lastSequence: UInt64 = 0
  ) {
    self.number = number
    self.group = group
    self.codeClass = codeClass
    self.slots = slots
    self.state = state
    self.stripeLengths = stripeLengths
    self.shardRoots = shardRoots
    self.runningRoots = runningRoots
    self.bundle = bundle
    self.lastSequence = lastSequence
  }

  /// How many stripes' running roots are kept: more than can be under way at once.
  package static let runningRootsKept = 4

  /// The segment closed after `stripes` stripes; nil when there are none or when the roots of that
  /// length are no longer known.
  package func sealed(atStripes stripes: Int) -> SegmentRecord? {
    let dropped = stripeLengths.count - stripes
    guard stripes > 0, dropped >= 0, dropped < runningRoots.count else { return nil }
    var sealed = self
    sealed.shardRoots = runningRoots[runningRoots.count - 1 - dropped]
    sealed.stripeLengths.removeLast(dropped)
    sealed.runningRoots = []
    sealed.state = .sealed
    return sealed
  }

  /// The payload bytes of all stripes.
  package var payloadBytes: UInt64 { stripeLengths.reduce(0) { $0 + UInt64($1) } }

  init(row: Row) throws {
    let slotBytes: Data = row["slots"]
    let lengthBytes: Data = row["stripeLengths"]
    let rootBytes: Data = row["shardRoots"]
    let number: Int64 = row["number"]
    let group: Int64 = row["placement"]
    let bundle: Int64? = row["bundle"]
    let lastSequence: Int64 = row["lastSequence"]
    let runningBytes: Data = row["runningRoots"]
    let stateNumber: Int = row["state"]
    guard
      let codeClass = CodeClass(
        dataShards: row["dataShards"], totalShards: row["totalShards"],
        leafBytes: row["leafBytes"]),
      let state = State(rawValue: stateNumber),
      let slots = try? CanonicalList<ProviderID>(canonicalBytes: Array(slotBytes)).values,
      let lengths = try? CanonicalList<UInt32>(canonicalBytes: Array(lengthBytes)).values,
      let roots = try? CanonicalList<Digest>(canonicalBytes: Array(rootBytes)).values,
      let running = try? CanonicalList<CanonicalList<Digest>>(
        canonicalBytes: Array(runningBytes)
      ).values.map(\.values)
    else { throw CatalogError.damaged("segment \(number)") }
    self.init(
      number: UInt64(number), group: UInt64(group), codeClass: codeClass, slots: slots,
      state: state, stripeLengths: lengths, shardRoots: roots,
      runningRoots: running, bundle: bundle.map(UInt64.init),
      lastSequence: UInt64(clamping: lastSequence))
  }

  func write(to database: Database) throws {
    try database.execute(
      sql: """
        INSERT OR REPLACE INTO segment
          (number, placement, dataShards, totalShards, leafBytes, slots, state, stripeLengths,
           shardRoots, runningRoots, bundle, lastSequence)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        Int64(number), Int64(group), codeClass.dataShards, codeClass.totalShards,
        codeClass.leafBytes, Data(CanonicalList(slots).canonicalBytes()), state.rawValue,
        Data(CanonicalList(stripeLengths).canonicalBytes()),
        Data(CanonicalList(shardRoots).canonicalBytes()),
        Data(CanonicalList(runningRoots.map { CanonicalList($0) }).canonicalBytes()),
        bundle.map(Int64.init), Int64(clamping: lastSequence),
      ])
  }
}

/// A counted list as a value of its own, for a column of the catalog.
struct CanonicalList<Element: CanonicalCodable>: CanonicalCodable {
  let values: [Element]
  init(_ values: [Element]) { self.values = values }
  func encode(into encoder: inout CanonicalEncoder) { encoder.encode(values) }
  init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    values = try decoder.decodeArray(limit: 1 << 24)
  }
}
