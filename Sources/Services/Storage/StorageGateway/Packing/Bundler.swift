import Logging
import Primitives
import ServiceKit
import StorageService

/// Takes sealed segments to the ledger: manifest, countersignatures, one transaction a bundle.
///
/// A provider that does not countersign leaves its slot vacant, and the ledger has it repaired;
/// with fewer than k signatures the bundle waits. The ledger knows a bundle by its manifest's hash,
/// so a commit that is repeated after a crash finds what is already there.
actor Bundler {
  private let catalog: SegmentCatalog
  private let network: any StorageNetwork
  private let calls: ShardCalls
  private let directory: SegmentDirectory
  private let logger: Logger
  private var isRunning = false
  private var again = false

  /// The most payload bytes of one bundle: 1 GiB, the unit of deletion and renewal.
  static let bundleByteLimit: UInt64 = 1 << 30

  init(
    catalog: SegmentCatalog, network: any StorageNetwork, calls: ShardCalls,
    directory: SegmentDirectory, logger: Logger
  ) {
    self.catalog = catalog
    self.network = network
    self.calls = calls
    self.directory = directory
    self.logger = logger
  }

  /// Bundles whatever is sealed. Segments that could not be bundled now stay sealed for next time.
  func bundleSealed() async {
    if isRunning {
      again = true
      return
    }
    isRunning = true
    repeat {
      again = false
      await pass()
    } while again
    isRunning = false
  }

  private func pass() async {
    do {
      let sealed = try await catalog.segments(in: .sealed)
      for segments in Self.batches(sealed, plans: try await catalog.plans()) {
        do {
          try await commit(segments)
        } catch {
          logger.warning(
            "\(segments.count) segments of group \(segments[0].group) are not bundled yet: \(error)"
          )
        }
      }
    } catch {
      logger.error("sealed segments cannot be listed: \(error)")
    }
  }

  /// Segments of one group and class together, in order, at most a bundle's size. What was
  /// submitted together already, and may be on the ledger, stays together and alone.
  static func batches(
    _ sealed: [SegmentRecord], plans: [UInt64: Digest] = [:]
  ) -> [[SegmentRecord]] {
    var batches: [[SegmentRecord]] = []
    var planned: [Digest: Int] = [:]
    var open: [UInt64: Int] = [:]
    var bytes: [UInt64] = []
    for segment in sealed {
      if let plan = plans[segment.number] {
        if let index = planned[plan] {
          batches[index].append(segment)
        } else {
          planned[plan] = batches.count
          batches.append([segment])
          bytes.append(segment.payloadBytes)
        }
      } else if let index = open[segment.group],
        bytes[index] + segment.payloadBytes <= bundleByteLimit,
        batches[index].count < BundleManifest.segmentLimit
      {
        batches[index].append(segment)
        bytes[index] += segment.payloadBytes
      } else {
        open[segment.group] = batches.count
        batches.append([segment])
        bytes.append(segment.payloadBytes)
      }
    }
    return batches
  }

  /// Commits a bundle of these sealed segments and notes it in the catalog.
  /// - Throws: when too few providers countersign or the ledger does not take it.
  @discardableResult
  func commit(_ segments: [SegmentRecord]) async throws -> BundleID {
    let manifest = try manifest(of: segments)
    try await checkFunded(manifest)
    let end = try await network.ledgerTime()
      .advanced(milliseconds: try await network.bundleTermMilliseconds())
    let signed = await countersigned(manifest, by: segments[0].slots, end: end)
    let commit = CommitBundle(
      lease: network.lease, group: manifest.group, bundleKey: manifest.hash,
      segmentCount: UInt32(segments.count), end: end, slots: signed)
    let present = signed.count { $0.signature != nil }
    guard present >= Int(manifest.codeClass.dataShards) else {
      throw EngineError.unavailable(
        reason: "\(present) of \(signed.count) providers countersigned; "
          + "\(manifest.codeClass.dataShards) are needed")
    }
    try await catalog.savePlan(manifest: manifest.hash, of: segments)
    let bundle = try await network.commitBundle(commit)
    try await catalog.save(
      segments.map { segment in
        var segment = segment
        segment.state = .bundled
        segment.bundle = bundle.number
        return segment
      })
    await directory.refreshAll()
    logger.info(
      "bundle \(bundle) committed",
      metadata: [
        "segments": "\(segments.count)", "class": "\(manifest.codeClass)",
        "signatures": "\(present)/\(signed.count)",
      ])
    return bundle
  }

  /// Providers sign nothing for a bundle that the ledger would refuse: a countersigned shard cannot
  /// be dropped until its statement ends.
  private func checkFunded(_ manifest: BundleManifest) async throws {
    let (columns, overflow) = manifest.columnByteCount.multipliedReportingOverflow(
      by: UInt64(manifest.codeClass.totalShards))
    let needed = try await network.leaseState().needed(addingBytes: overflow ? .max : columns)
    guard needed == .zero else { throw EngineError.unfunded(needed: needed) }
  }

  private func manifest(of segments: [SegmentRecord]) throws -> BundleManifest {
    let entries = try segments.map { segment in
      guard
        let layout = SegmentLayout(
          stripePayloadLengths: segment.stripeLengths,
          dataShards: Int(segment.codeClass.dataShards))
      else { throw CatalogError.damaged("the lengths of segment \(segment.number)") }
      return SegmentEntry(
        segment: SegmentID(lease: network.lease, number: segment.number),
        stripePayloadLengths: segment.stripeLengths, shardBytes: layout.shardBytes,
        shardRoots: segment.shardRoots)
    }
    guard
      let manifest = BundleManifest(
        lease: network.lease, group: PlacementGroupID(number: segments[0].group),
        codeClass: segments[0].codeClass, segments: entries)
    else { throw CatalogError.damaged("segments of group \(segments[0].group)") }
    return manifest
  }

  private func countersigned(
    _ manifest: BundleManifest, by providers: [ProviderID], end: LedgerTime
  ) async -> [SlotCommitment] {
    let bytes = manifest.canonicalBytes()
    let key = manifest.hash
    let drafts = providers.indices.map { draft(slot: $0, of: manifest, key: key, end: end) }
    return await withTaskGroup(of: (Int, SlotCommitment).self) { group in
      for (slot, provider) in providers.enumerated() {
        group.addTask { [calls, logger] in
          do {
            let (staged, signature) = try await calls.countersign(
              bytes, key: key, statement: drafts[slot], provider: provider)
            return (slot, drafts[slot].commitment(staged: staged, signature: signature))
          } catch {
            logger.warning("provider \(provider) did not countersign slot \(slot): \(error)")
            return (slot, drafts[slot].commitment(staged: 0, signature: nil))
          }
        }
      }
      var commitments = drafts.map { $0.commitment(staged: 0, signature: nil) }
      for await (slot, commitment) in group { commitments[slot] = commitment }
      return commitments
    }
  }

  /// The statement as the gateway sees it; the provider fills in its staged time, at most the
  /// largest that 64 bits hold (the ledger bounds it by the group's age).
  private func draft(
    slot: Int, of manifest: BundleManifest, key: Digest, end: LedgerTime
  ) -> SlotStatement {
    SlotStatement(
      chain: network.chain, lease: network.lease, group: manifest.group, bundleKey: key,
      slot: UInt8(slot), columnRoot: manifest.columnTree(slot: slot).root,
      leafCount: manifest.columnLeafCount, byteCount: manifest.columnByteCount,
      stagedByteMilliseconds: .max, end: end)
  }
}

extension SlotStatement {
  /// The same statement with the provider's staged time.
  func with(stagedByteMilliseconds: UInt64) -> SlotStatement {
    SlotStatement(
      chain: chain, lease: lease, group: group, bundleKey: bundleKey, slot: slot,
      columnRoot: columnRoot, leafCount: leafCount, byteCount: byteCount,
      stagedByteMilliseconds: stagedByteMilliseconds, end: end)
  }

  /// What the ledger is told of the slot.
  func commitment(staged: UInt64, signature: Signature?) -> SlotCommitment {
    SlotCommitment(
      columnRoot: columnRoot, leafCount: leafCount, byteCount: byteCount,
      stagedByteMilliseconds: staged, signature: signature)
  }
}
