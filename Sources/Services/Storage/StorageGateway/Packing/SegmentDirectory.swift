import Logging
import Primitives
import ServiceKit
import StorageService

/// A segment as a reader sees it: who holds its shards, and the roots they must lead to.
struct SegmentShards: Sendable {
  let number: UInt64
  let codeClass: CodeClass
  let layout: SegmentLayout
  /// The holder of each slot; nil while the slot is vacant.
  let holders: [ProviderID?]
  /// The shards' roots at ``SegmentLayout/shardBytes``.
  let roots: [Digest]

  /// One shard; nil when nobody holds it.
  func reference(slot: Int) -> ShardReference? {
    guard slot < holders.count, slot < roots.count, let provider = holders[slot] else {
      return nil
    }
    return ShardReference(
      provider: provider, segment: number, slot: UInt8(slot), shardBytes: layout.shardBytes,
      root: roots[slot], leafBytes: Int(codeClass.leafBytes))
  }
}

/// Where segments are: from the writer while they are open, from the catalog afterwards, with the
/// ledger's word on who holds the slots of a bundle now.
actor SegmentDirectory {
  private let catalog: SegmentCatalog
  private let network: any StorageNetwork
  private let logger: Logger
  /// Asks the writer for an open segment.
  private var openSegment: (@Sendable (UInt64) async -> OpenView?)?
  private var cached: [UInt64: SegmentShards] = [:]
  private var refreshedAt: [UInt64: ContinuousClock.Instant] = [:]

  /// An open segment's record and how many of its stripes are durable.
  struct OpenView: Sendable {
    let record: SegmentRecord
    let durableStripes: Int
  }

  /// The most segments kept in memory.
  private static let cacheLimit = 4096

  init(catalog: SegmentCatalog, network: any StorageNetwork, logger: Logger) {
    self.catalog = catalog
    self.network = network
    self.logger = logger
  }

  func follow(_ openSegment: @escaping @Sendable (UInt64) async -> OpenView?) {
    self.openSegment = openSegment
  }

  /// The shards of a segment.
  /// - Throws: ``EngineError/unreadable(reason:)`` when the segment is unknown here.
  func shards(of number: UInt64) async throws -> SegmentShards {
    if let known = cached[number] { return known }
    if let open = await openSegment?(number) {
      if let sealed = open.record.sealed(atStripes: open.durableStripes) {
        return try view(of: sealed, holders: sealed.slots)
      }
    }
    guard let record = try await catalog.segment(number), !record.shardRoots.isEmpty else {
      throw EngineError.unreadable(reason: "segment \(number) is not in this gateway's catalog")
    }
    var holders: [ProviderID?] = record.slots
    if let bundle = record.bundle,
      let onLedger = try? await network.bundle(BundleID(number: bundle))
    {
      holders = onLedger.slots.map(\.provider)
    }
    let view = try view(of: record, holders: holders)
    if cached.count >= Self.cacheLimit { cached.removeAll() }
    cached[number] = view
    return view
  }

  /// Forgets what is cached of a segment, at most once a second, so that the next read asks the
  /// ledger who holds it now.
  func refresh(_ number: UInt64) {
    let now = ContinuousClock.now
    if let last = refreshedAt[number], now - last < .seconds(1) { return }
    refreshedAt[number] = now
    cached[number] = nil
  }

  /// Forgets everything cached: slots have changed hands.
  func refreshAll() {
    cached.removeAll()
    refreshedAt.removeAll()
  }

  private func view(of record: SegmentRecord, holders: [ProviderID?]) throws -> SegmentShards {
    guard
      let layout = SegmentLayout(
        stripePayloadLengths: record.stripeLengths,
        dataShards: Int(record.codeClass.dataShards))
    else { throw EngineError.corrupt(reason: "segment \(record.number)'s lengths are impossible") }
    return SegmentShards(
      number: record.number, codeClass: record.codeClass, layout: layout, holders: holders,
      roots: record.shardRoots)
  }
}
