import Cryptography
import ErasureCoding
import Ledger
import Logging
import Metrics
import NIOCore
import NIOPosix
import Primitives
import ServiceKit
import StorageService

/// Rebuilds the columns that the ledger assigns to this provider.
///
/// It needs nobody's key and no gateway: the manifest and k shards come from the other holders,
/// each range checked against the roots that the bundle's hash binds; the column is rebuilt window
/// by window, so memory is bounded by k + 1 windows of 1 MiB. What was rebuilt before a crash is
/// kept.
package actor StorageRepairer {
  /// Bytes of each shard that are read at a time.
  static let windowBytes: UInt64 = UInt64(ReadOrder.byteLimit)
  /// How long a read order stays valid, in milliseconds of the ledger's clock.
  static let orderMilliseconds: UInt64 = 300_000

  let key: SigningKey
  let store: ShardStore
  let access: any StorageLedgerAccess
  let ledger: LedgerView
  let peers: any ProviderCalling
  let limits: any StorageLimiting
  let threads: NIOThreadPool
  let logger: Logger

  /// Why a repair does not go on for now.
  package enum Failure: Error, Hashable, Sendable {
    /// Fewer than k other holders answered with good bytes.
    case tooFewHelpers(needed: Int, found: Int)
    /// No holder sent the manifest with the right hash.
    case noManifest
    /// k good shards give a column with another root: the bundle is no codeword, which is its
    /// customer's fault and nobody's here.
    case notACodeword(segment: SegmentID)
  }

  package init(
    key: SigningKey, store: ShardStore, access: any StorageLedgerAccess, ledger: LedgerView,
    peers: any ProviderCalling, limits: any StorageLimiting, threads: NIOThreadPool,
    logger: Logger = Logger(label: "storage-repairer")
  ) {
    self.key = key
    self.store = store
    self.access = access
    self.ledger = ledger
    self.peers = peers
    self.limits = limits
    self.threads = threads
    self.logger = logger
  }

  var provider: ProviderID { key.accountID }

  /// Works off what is assigned now. - Throws: when the ledger does not answer.
  package func step() async throws {
    for assignment in try await assignments() {
      do {
        try await repair(assignment)
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        logger.warning(
          "A repair did not finish; it is tried again.",
          metadata: ["bundle": "\(assignment.bundle)", "why": "\(error)"])
      }
    }
  }

  private func assignments() async throws -> [(bundle: BundleID, slot: UInt8)] {
    try await access.values(in: StorageKeys.assignments(of: provider), as: UInt8.self)
      .compactMap { row in
        var decoder = CanonicalDecoder(Array(row.key.bytes.suffix(8)))
        guard let bundle = try? BundleID(from: &decoder) else { return nil }
        return (bundle, row.value)
      }
  }

  // MARK: One column

  private func repair(_ assignment: (bundle: BundleID, slot: UInt8)) async throws {
    guard
      let bundle = try await access.value(
        StorageKeys.bundle(assignment.bundle), as: BundleRecord.self),
      bundle.slots.indices.contains(Int(assignment.slot)),
      bundle.slots[Int(assignment.slot)].provider == nil
    else { return }
    let manifest = try await manifest(of: bundle)
    let slot = Int(assignment.slot)
    let plan = Helpers(
      bundle: bundle, slot: slot,
      candidates: bundle.slots.indices.filter {
        $0 != slot && bundle.slots[$0].provider != nil
      })
    var helpers = plan
    for index in manifest.segments.indices {
      do {
        try await rebuild(manifest.segments[index], manifest: manifest, helpers: &helpers)
      } catch Failure.notACodeword {
        return try await report(manifest, segmentIndex: index, helpers: plan)
      }
    }
    try await complete(bundle, manifest: manifest, slot: slot, helpers: helpers.used)
  }

  /// Which other holders are read, and which turned out to be of no use.
  struct Helpers {
    let bundle: BundleRecord
    let slot: Int
    /// Slots that may still help, in order.
    var candidates: [Int]
    /// Slots that were read.
    var used: [UInt8] = []
  }

  private func manifest(of bundle: BundleRecord) async throws -> BundleManifest {
    let held = try await threads.runIfActive { [store] in
      try store.index.manifest(bundle.bundleKey)
    }
    if let held { return try BundleManifest(canonicalBytes: held.bytes) }
    for slot in bundle.slots {
      guard let holder = slot.provider, holder != provider else { continue }
      guard let bytes = try? await fetchManifest(bundle.bundleKey, from: holder),
        let manifest = try? BundleManifest(canonicalBytes: bytes),
        manifest.hash == bundle.bundleKey
      else { continue }
      let time = await ledger.time
      try await threads.runIfActive { [store] in
        try store.index.saveManifest(
          bundle.bundleKey, of: bundle.lease, bytes: bytes, total: bytes.count, at: time)
      }
      return manifest
    }
    throw Failure.noManifest
  }

  private func fetchManifest(_ key: Digest, from holder: ProviderID) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let answer = try await peers.call(
        .getManifest(key: key, offset: UInt32(bytes.count)), of: holder)
      guard case .manifest(let part) = answer.response, part.key == key,
        Int(part.offset) == bytes.count
      else { throw StorageRefusal(.malformed, "not the manifest that was asked for") }
      bytes += answer.tail.readableBytesView
      if bytes.count == Int(part.totalBytes) { return bytes }
      guard answer.tail.readableBytes > 0, bytes.count < Int(part.totalBytes) else {
        throw StorageRefusal(.malformed, "a manifest that does not end")
      }
    }
  }

  // MARK: One segment

  private func rebuild(
    _ segment: SegmentEntry, manifest: BundleManifest, helpers: inout Helpers
  ) async throws {
    let key = ShardKey(segment: segment.segment, slot: UInt8(helpers.slot))
    if let row = store.row(key), row.isDamaged || row.bundleKey != manifest.hash {
      // A segment that was coded again has the same number in its new bundle: never drop that.
      if let other = row.bundleKey, other != manifest.hash, try await ledger.isCommitted(other) {
        throw StorageRefusal(.sealed, "shard \(key) is in the committed bundle \(other)")
      }
      // An older life of this shard: damaged, or staged and never bundled.
      try await threads.runIfActive { [store] in try store.drop(key) }
    }
    var offset = store.row(key)?.length ?? 0
    let code = try ReedSolomon(
      dataShards: Int(manifest.codeClass.dataShards),
      totalShards: Int(manifest.codeClass.totalShards))
    let bundle = helpers.bundle
    while offset < segment.shardBytes {
      try Task.checkCancellation()
      let range = offset..<min(offset + Self.windowBytes, segment.shardBytes)
      let window = try await window(range, of: segment, manifest: manifest, helpers: &helpers)
      let time = await ledger.time
      let slot = helpers.slot
      try await threads.runIfActive { [store] in
        // The code works byte by byte at equal offsets, so stripe boundaries do not matter.
        let rebuilt = try code.reconstruct(chunks: window, wanted: [slot])[slot] ?? []
        try rebuilt.withUnsafeBytes {
          try store.appendRebuilt(
            key, bundle: bundle, offset: range.lowerBound, bytes: $0, time: time)
        }
      }
      offset = range.upperBound
    }
    try await checkRoot(key, segment, slot: helpers.slot)
  }

  private func checkRoot(_ key: ShardKey, _ segment: SegmentEntry, slot: Int) async throws {
    if store.row(key)?.root == segment.shardRoots[slot] { return }
    try await threads.runIfActive { [store] in try store.drop(key) }
    throw Failure.notACodeword(segment: segment.segment)
  }

  /// A range of k other shards, read side by side and verified. Holders that fail are not asked
  /// again in this repair.
  func window(
    _ range: Range<UInt64>, of segment: SegmentEntry, manifest: BundleManifest,
    helpers: inout Helpers
  ) async throws -> [Int: [UInt8]] {
    let needed = Int(manifest.codeClass.dataShards)
    var chunks: [Int: [UInt8]] = [:]
    while chunks.count < needed {
      let asked = helpers.candidates.filter { chunks[$0] == nil }.prefix(needed - chunks.count)
      guard chunks.count + asked.count == needed else {
        throw Failure.tooFewHelpers(needed: needed, found: chunks.count + asked.count)
      }
      let found = try await read(
        range, of: segment, from: Array(asked), bundle: helpers.bundle, slot: helpers.slot)
      for slot in asked {
        if let bytes = found[slot] {
          chunks[slot] = bytes
          if !helpers.used.contains(UInt8(slot)) { helpers.used.append(UInt8(slot)) }
        } else {
          helpers.candidates.removeAll { $0 == slot }
          helpers.used.removeAll { $0 == UInt8(slot) }
        }
      }
    }
    return chunks
  }

  func read(
    _ range: Range<UInt64>, of segment: SegmentEntry, from slots: [Int], bundle: BundleRecord,
    slot: Int
  ) async throws -> [Int: [UInt8]] {
    let chain = try await ledger.chain()
    let expiry = await ledger.time.advanced(milliseconds: Self.orderMilliseconds)
    return await withTaskGroup(of: (Int, [UInt8]?).self) { group in
      for source in slots {
        guard let holder = bundle.slots[source].provider else { continue }
        let order = ReadOrder(
          chain: chain, lease: bundle.lease, provider: holder, reader: provider,
          authority: .repair(bundle: bundle.id, slot: UInt8(slot)),
          segment: segment.segment.number, slot: UInt8(source), shardBytes: segment.shardBytes,
          offset: range.lowerBound, length: UInt32(range.upperBound - range.lowerBound),
          expiry: expiry)
        let request = StorageRequest.read(Signed(order, by: key))
        let root = segment.shardRoots[source]
        let leafBytes = Int(bundle.codeClass.leafBytes)
        group.addTask { [peers, logger] in
          do {
            let answer = try await peers.call(request, of: holder)
            return (
              source,
              Self.open(answer, range: range, root: root, segment: segment, leafBytes: leafBytes)
            )
          } catch {
            logger.debug(
              "A helper did not help.", metadata: ["provider": "\(holder)", "why": "\(error)"])
            return (source, nil)
          }
        }
      }
      var found: [Int: [UInt8]] = [:]
      for await (source, bytes) in group { found[source] = bytes }
      limits.countRepair(sent: 0, received: found.values.reduce(0) { $0 + $1.count })
      return found
    }
  }

  static func open(
    _ answer: (response: StorageResponse, tail: ByteBuffer), range: Range<UInt64>, root: Digest,
    segment: SegmentEntry, leafBytes: Int
  ) -> [UInt8]? {
    guard case .range(let proof) = answer.response else { return nil }
    return answer.tail.withUnsafeReadableBytes { tail in
      proof.open(
        tail, range: range, root: root, shardBytes: segment.shardBytes, leafBytes: leafBytes
      ).map { Array(tail[$0]) }
    }
  }

  // MARK: Taking over

  private func complete(
    _ bundle: BundleRecord, manifest: BundleManifest, slot: Int, helpers: [UInt8]
  ) async throws {
    // Its end may have moved while the column was rebuilt.
    let current =
      try await access.value(StorageKeys.bundle(bundle.id), as: BundleRecord.self) ?? bundle
    let statement = current.repairStatement(slot: slot, chain: try await ledger.chain())
    let column = manifest.columnTree(slot: slot)
    guard column.root == statement.columnRoot else {
      throw StorageRefusal(.disagreement, "the manifest's column is not the ledger's")
    }
    let time = await ledger.time
    try await threads.runIfActive { [store] in
      try store.seal(manifest, statement: statement, time: time)
    }
    let payload = CompleteRepair(
      bundle: bundle.id, slot: UInt8(slot), helpers: helpers.sorted(),
      countersignature: statement.signed(by: key))
    try await access.submit(.completeRepair(payload), lane: ProviderLane.repairs)
    Counter(label: "storage_repairs_completed").increment()
    logger.notice("Rebuilt a column.", metadata: ["bundle": "\(bundle.id)", "slot": "\(slot)"])
  }
}
