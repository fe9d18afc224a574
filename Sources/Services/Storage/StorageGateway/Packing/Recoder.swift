import Logging
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// Codes bundles of a weaker class again when operators have returned, and those of a stronger one
/// that an operator leaves while nobody could take its columns: with as many operators as columns
/// nobody could ever go.
///
/// A segment's payload is read from any k shards and appended, stripe by stripe and unchanged, to a
/// group of the stronger class under the same segment number. Extents are logical, so no object's
/// record changes; the catalog points to the new shards once their bundle is on the ledger, and
/// only then is the old bundle released.
actor Recoder {
  private let catalog: SegmentCatalog
  private let network: any StorageNetwork
  private let transport: any ShardTransport
  private let sender: StripeSender
  private let calls: ShardCalls
  private let bundler: Bundler
  private let reader: ExtentReader
  private let groups: GroupKeeper
  private let logger: Logger
  /// Bundles that wait to be coded again.
  private(set) var waiting = 0
  /// How long a class must have been in force before anything is coded again.
  private let recodeAfter: Duration
  private var steadyClass: CodeClass?
  private var steadySince = ContinuousClock.now

  init(
    catalog: SegmentCatalog, network: any StorageNetwork, transport: any ShardTransport,
    sender: StripeSender, calls: ShardCalls, bundler: Bundler, reader: ExtentReader,
    groups: GroupKeeper,
    recodeAfter: Duration, logger: Logger
  ) {
    self.catalog = catalog
    self.network = network
    self.transport = transport
    self.sender = sender
    self.calls = calls
    self.bundler = bundler
    self.reader = reader
    self.groups = groups
    self.recodeAfter = recodeAfter
    self.logger = logger
  }

  /// Codes one bundle again, if one is weaker than the class in force and that class has been in
  /// force for a while: operators that come and go must not set all data moving.
  func pass() async {
    guard let target = await groups.classInForce().codeClass else { return }
    if target != steadyClass {
      steadyClass = target
      steadySince = .now
    }
    do {
      var due: [(bundle: UInt64, segments: [SegmentRecord])] = []
      for bundle in try await catalog.bundles() {
        let segments = try await catalog.segments(ofBundle: bundle)
        guard let codeClass = segments.first?.codeClass else { continue }
        if codeClass.totalShards < target.totalShards {
          due.append((bundle, segments))
        } else if codeClass.totalShards > target.totalShards, try await isStranded(bundle) {
          due.append((bundle, segments))
        }
      }
      waiting = due.count
      guard let next = due.first, ContinuousClock.now - steadySince >= recodeAfter else {
        return
      }
      try await recode(next.segments, from: BundleID(number: next.bundle))
      waiting -= 1
    } catch {
      logger.warning("a bundle could not be coded again yet: \(error)")
    }
  }

  private func isStranded(_ bundle: UInt64) async throws -> Bool {
    guard let record = try await network.bundle(BundleID(number: bundle)), record.vacantSlots > 0
    else { return false }
    return try await network.isStranded(record)
  }

  private func recode(_ segments: [SegmentRecord], from old: BundleID) async throws {
    let group = try await groups.take()
    let bundle: BundleID
    do {
      var moved: [SegmentRecord] = []
      for segment in segments { moved.append(try await copy(segment, to: group)) }
      bundle = try await bundler.commit(moved)
    } catch {
      await dropCopies(of: segments, in: group)
      throw error
    }
    logger.info("bundle \(old) was coded again as bundle \(bundle) in \(group.codeClass)")
    try await network.releaseBundle(old)
  }

  /// A shard is known by segment and slot, so copies that lead nowhere would stand in the next
  /// try's way, and cost staging. Providers refuse for what they have countersigned, and for the
  /// old bundle's own shards.
  private func dropCopies(of segments: [SegmentRecord], in group: PlacementGroupRecord) async {
    for segment in segments {
      await withTaskGroup(of: Void.self) { tasks in
        for (slot, provider) in group.providers.enumerated() {
          tasks.addTask { [calls, logger] in
            do {
              try await calls.dropStaged(
                segment: segment.number, slot: UInt8(slot), at: provider)
            } catch {
              logger.debug("a copy at provider \(provider) was not dropped: \(error)")
            }
          }
        }
      }
    }
  }

  private func copy(
    _ segment: SegmentRecord, to group: PlacementGroupRecord
  ) async throws -> SegmentRecord {
    var copy = try OpenSegment(number: segment.number, group: group, transport: transport)
    for (number, length) in segment.stripeLengths.enumerated() {
      let payload = try await reader.read(
        Extent(segment: segment.number, stripe: UInt32(number), offset: 0, length: length))
      let offset = copy.shardBytes
      let chunks = try await copy.append(
        StripePayload(payload, dataShards: Int(group.codeClass.dataShards)))
      let failed = await sender.failures(of: await sender.send(chunks, of: copy, at: offset))
      guard failed.isEmpty else {
        await groups.noteFailures(of: failed)
        await groups.discardCurrent()
        throw EngineError.unavailable(reason: "\(failed.count) providers did not acknowledge")
      }
    }
    guard let sealed = copy.record.sealed(atStripes: copy.record.stripeLengths.count) else {
      throw CatalogError.damaged("segment \(segment.number) has no stripe")
    }
    return sealed
  }
}
