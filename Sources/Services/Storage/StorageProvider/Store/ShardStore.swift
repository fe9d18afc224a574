import Cryptography
import Foundation
import Locks
import Logging
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// The shards of one provider: plain files, one a shard, and the index that says up to where each
/// is acknowledged.
///
/// Nothing is acknowledged before the file's bytes (fdatasync) and then the index (SQLite's commit)
/// are durable; at start files are cut to what the index says, and files that it does not know are
/// removed. All calls block their thread; shards do not wait for each other.
package final class ShardStore: Sendable {
  final class Slot: Sendable {
    let entry: Locked<ShardEntry?>
    init(_ entry: ShardEntry?) { self.entry = Locked(entry) }
  }

  private struct State {
    var slots: [ShardKey: Slot] = [:]
    var usedBytes: UInt64 = 0
    var quotaBytes: UInt64
    /// Bytes that no bundle holds yet, by lease.
    var stagedBytes: [LeaseID: UInt64] = [:]
    /// Shards with an open file, the longest open first.
    var open: [ShardKey] = []
  }

  /// How many shards keep their file open.
  private static let openLimit = 256

  package let index: ShardIndex
  let files: any ShardFileSystem
  private let logger: Logger
  private let state: Locked<State>

  /// Opens the store and repairs what a crash left behind.
  /// - Parameter quotaBytes: how many bytes of shards it may hold.
  /// - Throws: when the index or the directory cannot be read.
  package init(
    index: ShardIndex, files: any ShardFileSystem, quotaBytes: UInt64,
    logger: Logger = Logger(label: "shard-store")
  ) throws {
    self.index = index
    self.files = files
    self.logger = logger
    state = Locked(State(quotaBytes: quotaBytes))
    try recover()
  }

  private func recover() throws {
    var known: Set<String> = []
    for var row in try index.shards() {
      known.insert(ShardEntry.dataName(row.key))
      known.insert(ShardEntry.sidecarName(row.key))
      if try !cutToAcknowledged(row), !row.isDamaged {
        row.isDamaged = true
        try index.save(row)
        logger.error("A shard has lost bytes.", metadata: ["shard": "\(row.key)"])
      }
      let slot = Slot(ShardEntry(row: row))
      state.withLock {
        $0.slots[row.key] = slot
        $0.usedBytes += row.length
        if row.bundleKey == nil { $0.stagedBytes[row.key.segment.lease, default: 0] += row.length }
      }
    }
    for name in try files.list() where !known.contains(name) {
      if name.hasSuffix(".shard") || name.hasSuffix(".hashes") { try files.remove(name) }
    }
  }

  /// Whether the file has at least the acknowledged bytes; removes what lies behind them.
  private func cutToAcknowledged(_ row: ShardRow) throws -> Bool {
    let file = try files.open(ShardEntry.dataName(row.key))
    let length = try file.length()
    if length > row.length { try file.truncate(to: row.length) }
    return length >= row.length
  }

  // MARK: What there is

  /// Bytes of all shards.
  package var usedBytes: UInt64 { state.withLock { $0.usedBytes } }
  /// Bytes that the quota still allows.
  package var freeBytes: UInt64 {
    state.withLock { $0.quotaBytes.subtractingSaturated($0.usedBytes) }
  }
  /// Bytes that it may hold.
  package var quotaBytes: UInt64 {
    get { state.withLock { $0.quotaBytes } }
    set { state.withLock { $0.quotaBytes = newValue } }
  }
  /// Bytes of a lease that no bundle holds yet.
  package func stagedBytes(of lease: LeaseID) -> UInt64 {
    state.withLock { $0.stagedBytes[lease] ?? 0 }
  }

  private func addStaged(_ bytes: UInt64, to lease: LeaseID) {
    state.withLock { state in
      state.stagedBytes[lease] = (state.stagedBytes[lease] ?? 0).addingSaturated(bytes)
    }
  }

  private func removeStaged(_ bytes: UInt64, of lease: LeaseID) {
    state.withLock { state in
      let left = (state.stagedBytes[lease] ?? 0).subtractingSaturated(bytes)
      state.stagedBytes[lease] = left == 0 ? nil : left
    }
  }

  /// Notes that a shard's file was opened, and closes those that were open longest.
  private func noteOpen(_ key: ShardKey) {
    let closing: [Slot] = state.withLock { state in
      state.open.append(key)
      let surplus = max(0, state.open.count - Self.openLimit)
      let oldest = state.open.prefix(surplus).compactMap { state.slots[$0] }
      state.open.removeFirst(surplus)
      return oldest
    }
    for slot in closing { slot.entry.withLockIfAvailable { $0?.close() } }
  }

  /// How many shards there are.
  package var shardCount: Int { state.withLock { $0.slots.count } }

  /// What is known of a shard; nil when it is not here.
  package func row(_ key: ShardKey) -> ShardRow? {
    find(key)?.entry.withLock { $0?.row }
  }

  /// All shards, ascending.
  package func rows() -> [ShardRow] {
    let slots = state.withLock { $0.slots }
    return slots.sorted { $0.key < $1.key }.compactMap { $0.value.entry.withLock { $0?.row } }
  }

  private func find(_ key: ShardKey) -> Slot? { state.withLock { $0.slots[key] } }

  /// The shard's slot, made empty when there is none.
  private func slot(_ key: ShardKey) -> Slot {
    state.withLock { state in
      if let known = state.slots[key] { return known }
      let slot = Slot(nil)
      state.slots[key] = slot
      return slot
    }
  }

  /// Runs `body` on a shard that must be here.
  func withEntry<T: Sendable>(
    _ key: ShardKey, _ body: (inout ShardEntry) throws -> T
  ) throws(StorageRefusal) -> T {
    guard let slot = find(key) else { throw Self.unknown(key) }
    let outcome: Result<T, StorageRefusal> = slot.entry.withLock { entry in
      guard var present = entry else { return .failure(Self.unknown(key)) }
      let wasOpen = present.isOpen
      defer { if !wasOpen, present.isOpen { noteOpen(key) } }
      do {
        let value = try body(&present)
        entry = present
        return .success(value)
      } catch {
        let refusal = Self.refusal(error)
        if refusal.code == .damaged, !present.row.isDamaged { noteDamage(&present) }
        entry = present
        return .failure(refusal)
      }
    }
    return try outcome.get()
  }

  /// Marks a shard as damaged; the mark must not be lost, but a disk that cannot take it must not
  /// hide the damage either.
  func noteDamage(_ entry: inout ShardEntry) {
    entry.row.isDamaged = true
    entry.close()
    do { try index.save(entry.row) } catch {
      logger.error("A shard's mark could not be kept.", metadata: ["why": "\(error)"])
    }
    logger.error("A shard is damaged.", metadata: ["shard": "\(entry.row.key)"])
  }

  private static func unknown(_ key: ShardKey) -> StorageRefusal {
    StorageRefusal(.unknownShard, "there is no shard \(key) here")
  }

  /// What a failure means for the one who asked.
  static func refusal(_ error: any Error) -> StorageRefusal {
    switch error {
    case let refusal as StorageRefusal: refusal
    case ShardFileError.full:
      StorageRefusal(.diskFull, "the provider's disk is full; nothing was stored")
    default: StorageRefusal(.diskError, "the provider's disk failed: \(error)")
    }
  }

  // MARK: Appending

  /// Appends a chunk as ordered, durably. Repeating an append that was done changes nothing.
  /// - Parameters:
  ///   - signature: the customer's under the order: with it this provider can be paid for staging.
  ///   - leafBytes: the leaf size of the group's class.
  ///   - time: the ledger's time, for what staging costs.
  /// - Throws: ``StorageRefusal``; nothing was stored then.
  package func append(
    _ order: AppendOrder, signature: Signature? = nil, leafBytes: Int,
    chunk: UnsafeRawBufferPointer, time: LedgerTime
  ) throws(StorageRefusal) {
    guard chunk.count == Int(order.length) else {
      throw StorageRefusal(
        .wrongLength, "the order says \(order.length) bytes, \(chunk.count) came")
    }
    let key = ShardKey(segment: order.segmentID, slot: order.slot)
    let slot = slot(key)
    let outcome: Result<Void, StorageRefusal> = slot.entry.withLock { entry in
      var present =
        entry
        ?? ShardEntry(
          row: ShardRow(
            key: key, group: order.group, leafBytes: leafBytes, fencingEpoch: order.fencingEpoch,
            length: 0, root: MerkleTree.emptyRoot, stagedAt: time))
      let wasOpen = present.isOpen
      defer { if !wasOpen, present.isOpen { noteOpen(key) } }
      do {
        try appendLocked(order, signature, chunk: chunk, time: time, to: &present)
        entry = present
        return .success(())
      } catch {
        if entry != nil { entry = present }
        return .failure(Self.refusal(error))
      }
    }
    if case .failure = outcome { forgetIfEmpty(key, slot) }
    try outcome.get()
  }

  private func forgetIfEmpty(_ key: ShardKey, _ slot: Slot) {
    state.withLock { state in
      if state.slots[key] === slot, slot.entry.withLockIfAvailable({ $0 == nil }) == true {
        state.slots[key] = nil
      }
    }
  }

  private func appendLocked(
    _ order: AppendOrder, _ signature: Signature?, chunk: UnsafeRawBufferPointer,
    time: LedgerTime, to entry: inout ShardEntry
  ) throws {
    guard entry.row.group == order.group else {
      throw StorageRefusal(
        .notThisSlot, "shard \(entry.row.key) belongs to group \(entry.row.group)")
    }
    if order.end <= entry.row.length, try entry.root(at: order.end, files) == order.runningRoot {
      return
    }
    guard entry.row.bundleKey == nil else {
      throw StorageRefusal(.sealed, "shard \(entry.row.key) is sealed in a bundle")
    }
    if order.offset < entry.row.length, order.fencingEpoch > entry.row.fencingEpoch {
      try cutLocked(&entry, to: order.offset, time: time)
    }
    guard order.offset == entry.row.length else {
      throw StorageRefusal(
        .wrongOffset, "shard \(entry.row.key) ends at \(entry.row.length), not at \(order.offset)",
        number: entry.row.length)
    }
    var row = entry.row
    row.stagedByteMilliseconds = row.staged(at: time)
    row.stagedAt = max(row.stagedAt, time)
    row.fencingEpoch = max(row.fencingEpoch, order.fencingEpoch)
    row.length = order.end
    row.root = order.runningRoot
    row.lastOrder = signature.map { Signed(order, signature: $0).canonicalBytes() }
    try extend(&entry, with: chunk, to: row)
    addStaged(UInt64(chunk.count), to: order.lease)
  }

  /// Writes a chunk behind a shard's end and makes it, and then the row, durable.
  /// - Throws: a `wrongRoot` refusal when the chunk does not lead to the row's root.
  private func extend(
    _ entry: inout ShardEntry, with chunk: UnsafeRawBufferPointer, to row: ShardRow
  ) throws {
    try reserve(UInt64(chunk.count))
    do {
      let hashes = try entry.hashing(chunk, files)
      guard hashes.root == row.root else {
        throw StorageRefusal(.wrongRoot, "the chunk does not lead to the root that was signed")
      }
      try entry.write(chunk, files)
      do { try index.saveAppend(row) } catch {
        entry.close()
        throw error
      }
      entry.adopt(hashes, row: row, files)
    } catch {
      release(UInt64(chunk.count))
      throw error
    }
  }

  /// Takes bytes of the quota. - Throws: ``StorageRefusal`` (`diskQuota`).
  private func reserve(_ bytes: UInt64) throws(StorageRefusal) {
    let refusal: StorageRefusal? = state.withLock { state in
      let (sum, overflow) = state.usedBytes.addingReportingOverflow(bytes)
      guard !overflow, sum <= state.quotaBytes else {
        return StorageRefusal(
          .diskQuota,
          "the provider's disk quota of \(state.quotaBytes) bytes has "
            + "\(state.quotaBytes.subtractingSaturated(state.usedBytes)) left",
          number: state.quotaBytes.subtractingSaturated(state.usedBytes))
      }
      state.usedBytes = sum
      return nil
    }
    if let refusal { throw refusal }
  }

  private func release(_ bytes: UInt64) {
    state.withLock { $0.usedBytes = $0.usedBytes.subtractingSaturated(bytes) }
  }

  // MARK: Cutting, sealing, dropping

  private func cutLocked(
    _ entry: inout ShardEntry, to length: UInt64, time: LedgerTime
  ) throws {
    var row = entry.row
    let removed = row.length - length
    row.root = try entry.root(at: length, files)
    row.stagedByteMilliseconds = row.staged(at: time)
    row.stagedAt = max(row.stagedAt, time)
    row.length = length
    row.lastOrder = nil
    // The index first: a crash in between leaves a file that is too long, which start-up cuts.
    try index.saveTruncation(row)
    release(removed)
    if row.bundleKey == nil { removeStaged(removed, of: row.key.segment.lease) }
    try entry.cut(to: row, files)
  }

  /// Checks that this provider holds every shard of a column, cut where the manifest says so, and
  /// returns what staging them has cost up to `time`.
  /// - Throws: ``StorageRefusal``: a shard is missing, short, damaged or hashes to another root.
  package func prepareColumn(
    _ manifest: BundleManifest, slot: Int, time: LedgerTime
  ) throws(StorageRefusal) -> UInt64 {
    var staged: UInt64 = 0
    for segment in manifest.segments {
      let key = ShardKey(segment: segment.segment, slot: UInt8(slot))
      staged = staged.addingSaturated(
        try withEntry(key) { entry in
          try self.prepareShard(&entry, segment, root: segment.shardRoots[slot], time: time)
        })
    }
    return staged
  }

  private func prepareShard(
    _ entry: inout ShardEntry, _ segment: SegmentEntry, root: Digest, time: LedgerTime
  ) throws -> UInt64 {
    if entry.row.isDamaged {
      throw StorageRefusal(.damaged, "shard \(entry.row.key) is damaged here")
    }
    guard entry.row.length >= segment.shardBytes else {
      throw StorageRefusal(
        .disagreement,
        "shard \(entry.row.key) has \(entry.row.length) bytes here, \(segment.shardBytes) there",
        number: entry.row.length)
    }
    guard try entry.root(at: segment.shardBytes, files) == root else {
      throw StorageRefusal(.disagreement, "shard \(entry.row.key) hashes to another root here")
    }
    if entry.row.length > segment.shardBytes {
      guard entry.row.bundleKey == nil else {
        throw StorageRefusal(.sealed, "shard \(entry.row.key) is sealed in another bundle")
      }
      try cutLocked(&entry, to: segment.shardBytes, time: time)
    }
    return entry.row.staged(at: time)
  }

  /// Seals a column in a bundle and keeps the statement, durably.
  /// - Parameter stale: bundles that were countersigned and never committed: their shards may go
  ///   into another.
  /// - Throws: ``StorageRefusal``.
  package func seal(
    _ manifest: BundleManifest, statement: SlotStatement, stale: [Digest] = [],
    time: LedgerTime
  ) throws(StorageRefusal) {
    var rows: [ShardRow] = []
    var staged: UInt64 = 0
    for segment in manifest.segments {
      let key = ShardKey(segment: segment.segment, slot: statement.slot)
      guard var row = row(key) else { throw Self.unknown(key) }
      if let sealed = row.bundleKey, sealed != statement.bundleKey, !stale.contains(sealed) {
        throw StorageRefusal(.sealed, "shard \(key) is sealed in another bundle")
      }
      if row.bundleKey == nil {
        staged += row.length
        row.stagedByteMilliseconds = row.staged(at: time)
        row.stagedAt = max(row.stagedAt, time)
      }
      row.bundleKey = statement.bundleKey
      row.lastOrder = nil
      rows.append(row)
    }
    do { try index.seal(rows, statement: statement) } catch { throw Self.refusal(error) }
    for row in rows { try withEntry(row.key) { $0.row = row } }
    removeStaged(staged, of: manifest.lease)
  }

  /// Removes a shard and frees its bytes. Nothing happens when it is not here.
  /// - Throws: ``StorageRefusal``.
  package func drop(_ key: ShardKey) throws(StorageRefusal) {
    guard let slot = find(key) else { return }
    let outcome: Result<UInt64, StorageRefusal> = slot.entry.withLock { entry in
      guard let present = entry else { return .success(0) }
      do {
        try index.delete(key)
        entry = nil
        if present.row.bundleKey == nil { removeStaged(present.row.length, of: key.segment.lease) }
        // A crash before this leaves files that start-up removes.
        try files.remove(ShardEntry.dataName(key))
        try files.remove(ShardEntry.sidecarName(key))
        return .success(present.row.length)
      } catch { return .failure(Self.refusal(error)) }
    }
    release(try outcome.get())
    forgetIfEmpty(key, slot)
  }

  /// Removes all shards of a bundle, its manifest and its statement.
  ///
  /// A shard that another statement of ours names stays, as that one's: it was countersigned for
  /// two bundles, and the other may be committed, or may still be.
  /// - Throws: ``StorageRefusal``.
  package func dropBundle(_ bundleKey: Digest) throws(StorageRefusal) {
    let mine = rows().filter { $0.bundleKey == bundleKey }
    let others = mine.isEmpty ? [:] : try statements(but: bundleKey)
    for row in mine {
      guard let other = others[row.key] else {
        try drop(row.key)
        continue
      }
      var kept = row
      kept.bundleKey = other
      do { try index.save([kept]) } catch { throw Self.refusal(error) }
      let saved = kept
      try withEntry(row.key) { $0.row = saved }
    }
    do { try index.deleteBundle(bundleKey) } catch { throw Self.refusal(error) }
  }

  /// The bundle of each shard that a statement other than `bundleKey`'s names.
  private func statements(but bundleKey: Digest) throws(StorageRefusal) -> [ShardKey: Digest] {
    var named: [ShardKey: Digest] = [:]
    do {
      for held in try index.statements() where held.statement.bundleKey != bundleKey {
        guard let stored = try index.manifest(held.statement.bundleKey) else { continue }
        for segment in try BundleManifest(canonicalBytes: stored.bytes).segments {
          let key = ShardKey(segment: segment.segment, slot: held.statement.slot)
          named[key] = held.statement.bundleKey
        }
      }
    } catch { throw Self.refusal(error) }
    return named
  }

  // MARK: Repairing

  /// Appends rebuilt bytes to a shard of a bundle whose column this provider takes over. The shard
  /// belongs to the bundle from the start; what it has already is not written again.
  /// - Throws: ``StorageRefusal``.
  package func appendRebuilt(
    _ key: ShardKey, bundle: BundleRecord, offset: UInt64, bytes: UnsafeRawBufferPointer,
    time: LedgerTime
  ) throws(StorageRefusal) {
    let slot = slot(key)
    let outcome: Result<Void, StorageRefusal> = slot.entry.withLock { entry in
      let fresh = ShardRow(
        key: key, group: bundle.group, leafBytes: Int(bundle.codeClass.leafBytes),
        fencingEpoch: 0, length: 0, root: MerkleTree.emptyRoot, stagedAt: time)
      var present = entry ?? ShardEntry(row: fresh)
      do {
        guard entry == nil || present.row.bundleKey == bundle.bundleKey else {
          throw StorageRefusal(.sealed, "shard \(key) is here for another reason")
        }
        guard present.row.length == offset else {
          throw StorageRefusal(
            .wrongOffset, "shard \(key) ends at \(present.row.length)", number: present.row.length)
        }
        var row = present.row
        row.bundleKey = bundle.bundleKey
        row.length = offset + UInt64(bytes.count)
        row.root = try present.hashing(bytes, files).root
        try extend(&present, with: bytes, to: row)
        entry = present
        return .success(())
      } catch {
        if entry != nil { entry = present }
        return .failure(Self.refusal(error))
      }
    }
    if case .failure = outcome { forgetIfEmpty(key, slot) }
    try outcome.get()
  }
}
