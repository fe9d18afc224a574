import Cryptography
import Foundation
import GatewayKit
import Logging
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// Rebuilds a lost gateway of one identity in a directory, from its seed and the network alone.
///
/// The old gateway is fenced first. Then the segments are found: those of bundles by their
/// manifests, those that were only staged by what their providers hold. The last checkpoint is
/// loaded and the log behind it applied. Killed at any point it is run again and goes on.
package struct NetworkRecovery: Sendable {
  /// What a recovery is made of.
  package struct Configuration: Sendable {
    package var ledger: any RecoveryLedger
    package var network: any StorageNetwork
    package var transport: any ShardTransport
    package var identity: IdentitySeed
    /// The directory in which the index, the catalog and the claims are made.
    package var directory: String
    /// Takes the writing over; its claims belong into ``directory``.
    package var writer: WriterGuard
    package var limits: SegmentLimits
    /// Whether providers that do not answer are taken to be gone for good.
    package var ignoresSilent: Bool
    /// How long the old gateway may believe that it still writes.
    package var takeoverWait = WriterGuard.takeoverWait
    /// For tests: what this recovery does without. Nobody outside this module can set it.
    var leftOut: Set<RecoveryMechanism> = []
    package var logger: Logger
    package var report: @Sendable (RecoveryProgress) -> Void

    package init(
      ledger: any RecoveryLedger, network: any StorageNetwork, transport: any ShardTransport,
      identity: IdentitySeed, directory: String, writer: WriterGuard,
      limits: SegmentLimits = SegmentLimits(), ignoresSilent: Bool = false, logger: Logger,
      report: @escaping @Sendable (RecoveryProgress) -> Void = { _ in }
    ) {
      self.ledger = ledger
      self.network = network
      self.transport = transport
      self.identity = identity
      self.directory = directory
      self.writer = writer
      self.limits = limits
      self.ignoresSilent = ignoresSilent
      self.logger = logger
      self.report = report
    }
  }

  private let configuration: Configuration

  package init(_ configuration: Configuration) { self.configuration = configuration }

  /// Where a gateway's index is in its identity's directory.
  package static func indexPath(in directory: String) -> String { directory + "/index.sqlite" }
  /// Where its segment catalog is.
  package static func catalogPath(in directory: String) -> String {
    directory + "/segments.sqlite"
  }
  /// Where its claims are.
  package static func claimsPath(in directory: String) -> String { directory + "/writer.json" }

  /// The parts that a recovery works with, once its files are open.
  private struct Tools {
    let catalog: SegmentCatalog
    let calls: ShardCalls
    let vouchers: VoucherBook
    let directory: SegmentDirectory
    let reader: ExtentReader
    let log: SegmentLog
  }

  /// - Throws: ``RecoveryError``, ``EngineError``, or what ledger, disk and links throw.
  package func run() async throws -> RecoverySummary {
    let begun = ContinuousClock.now
    try FileManager.default.createDirectory(
      atPath: configuration.directory, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    tell(.fencing, "raising the fencing epoch on the ledger")
    if try await !configuration.writer.takeOver() {
      // What an earlier try made here may be overtaken by what others wrote since.
      try removeFiles { $0 != "writer.json" }
    }
    let epoch = configuration.writer.epoch
    let tools = try makeTools()
    try await tools.catalog.raise(VoucherBook.laneCounter, to: epoch)

    let groups = try await configuration.ledger.drawnGroups()
    let bundles = try await configuration.ledger.liveBundles()
    let providers = Set(
      groups.flatMap(\.providers) + bundles.flatMap { $0.slots.compactMap(\.provider) }
    )
    .sorted()
    tell(
      .fencing, "fencing the old gateway at \(providers.count) providers", total: providers.count)
    let survey = await LeaseSurvey.make(
      of: providers, epoch: epoch, calls: tools.calls, logger: configuration.logger)
    try checkReach(of: survey, groups: groups)

    let bundled = try await readManifests(of: bundles, tools)
    let staged = try await rebuildStaged(survey, groups: groups, tools)
    let highest = try await allSegments(tools.catalog).map(\.number).max() ?? 0
    // Numbers that the old gateway may have used unseen are below those of this epoch.
    try await tools.catalog.raise("segment", to: max(highest, epoch << 32))

    let (index, checkpoint) = try await restoredIndex(tools)
    let applied = try await replay(into: index, tools)
    await tools.vouchers.settleAll()
    let left = configuration.takeoverWait - (ContinuousClock.now - begun)
    if left > .zero {
      tell(.waiting, "waiting until the old gateway cannot believe any more that it writes")
      try await Task.sleep(for: left)
    }
    let counts = try await index.counts()
    tell(.done, "recovered \(counts.objects) objects in \(counts.buckets) buckets")
    return RecoverySummary(
      epoch: epoch, providersAsked: providers.count, providersSilent: survey.silent.count,
      bundles: bundles.count, bundledSegments: bundled, stagedSegments: staged,
      checkpointSequence: checkpoint, logRecords: applied,
      lastSequence: try await index.appliedSequence(), buckets: counts.buckets,
      objects: counts.objects)
  }

  private func tell(_ step: RecoveryProgress.Step, _ text: String, count: Int = 0, total: Int = 0) {
    configuration.report(RecoveryProgress(step, text, count: count, total: total))
  }

  private func makeTools() throws -> Tools {
    let signer = configuration.identity.ledgerKey
    let logger = configuration.logger
    let catalog = try SegmentCatalog(path: Self.catalogPath(in: configuration.directory))
    let directory = SegmentDirectory(
      catalog: catalog, network: configuration.network, logger: logger)
    let calls = ShardCalls(
      network: configuration.network, transport: configuration.transport, signer: signer,
      fencingEpoch: configuration.writer.epoch, limits: configuration.limits)
    let vouchers = VoucherBook(
      catalog: catalog, calls: calls, network: configuration.network, signer: signer,
      logger: logger)
    let reader = ExtentReader(
      directory: directory, calls: calls, vouchers: vouchers, health: ProviderHealth(),
      logger: logger)
    return Tools(
      catalog: catalog, calls: calls, vouchers: vouchers, directory: directory, reader: reader,
      log: SegmentLog(
        reader: reader, indexKey: configuration.identity.indexKey,
        lease: configuration.network.lease))
  }

  private func removeFiles(where isUnwanted: (String) -> Bool) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: configuration.directory)
    where isUnwanted(name) {
      try FileManager.default.removeItem(atPath: configuration.directory + "/" + name)
    }
  }

  /// A group of which nobody answers may hold acknowledged data that nobody else knows of. Old
  /// groups, all of whose providers have left, hold nothing that is not in a bundle.
  private func checkReach(of survey: LeaseSurvey, groups: [PlacementGroupRecord]) throws {
    guard !configuration.ignoresSilent else { return }
    for group in groups.suffix(2) where group.providers.allSatisfy(survey.silent.contains) {
      throw RecoveryError.waitsForProviders(
        "none of the \(group.providers.count) providers of placement group \(group.id) answers")
    }
  }

  // MARK: Segments

  private func readManifests(of bundles: [BundleRecord], _ tools: Tools) async throws -> Int {
    let known = Set(try await tools.catalog.bundles())
    let reader = ManifestReader(calls: tools.calls, logger: configuration.logger)
    for (done, bundle) in bundles.enumerated() where !known.contains(bundle.id.number) {
      tell(.manifests, "reading bundles' manifests", count: done, total: bundles.count)
      // A segment that was coded again is in two bundles for a while; the later one counts,
      // whichever an earlier try at this recovery has read.
      var segments: [SegmentRecord] = []
      for segment in try await reader.segments(of: bundle) {
        let present = try await tools.catalog.segment(segment.number)?.bundle ?? 0
        if present < bundle.id.number { segments.append(segment) }
      }
      try await tools.catalog.save(segments)
    }
    // What is kept twice is paid twice: the gateway releases it once it serves.
    let used = Set(try await tools.catalog.bundles())
    for bundle in bundles where !used.contains(bundle.id.number) {
      configuration.logger.notice("bundle \(bundle.id) is in later ones as a whole")
      try await tools.catalog.noteSuperseded(bundle.id.number)
    }
    return try await tools.catalog.segments(in: .bundled).count
  }

  /// Makes the records of segments that no bundle holds, from the last to the first: how far one is
  /// valid depends on those after it.
  private func rebuildStaged(
    _ survey: LeaseSurvey, groups: [PlacementGroupRecord], _ tools: Tools
  ) async throws -> Int {
    if configuration.leftOut.contains(.stagedSegments) { return 0 }
    let rebuilder = StagedRebuilder(
      calls: tools.calls, vouchers: tools.vouchers, transport: configuration.transport,
      indexKey: configuration.identity.indexKey, lease: configuration.network.lease,
      ignoresSilent: configuration.ignoresSilent, logger: configuration.logger)
    let known = Dictionary(
      uniqueKeysWithValues: try await allSegments(tools.catalog).map { ($0.number, $0) })
    let staged = survey.segments(in: groups).filter { known[$0.segment]?.state != .bundled }
    guard let lowest = staged.first?.segment else { return 0 }
    let byNumber = Dictionary(grouping: staged, by: \.segment)
    let numbers = Set(byNumber.keys).union(known.keys.filter { $0 >= lowest }).sorted(by: >)
    var limit: UInt64?
    var count = 0
    for (done, number) in numbers.enumerated() {
      tell(.staged, "rebuilding staged segments", count: done, total: numbers.count)
      let first: StripeHeader?
      if let record = known[number] {
        first = try await tools.log.header(of: record, stripe: 0)
      } else if let copy = byNumber[number]?.last,
        let rebuilt = try await rebuilder.rebuild(copy, before: limit)
      {
        try await tools.catalog.save(rebuilt.record)
        first = rebuilt.headers.first
      } else {
        continue
      }
      count += 1
      if let first { limit = min(limit ?? .max, first.firstLogSequence) }
    }
    return count - known.keys.count { $0 >= lowest && known[$0]?.state == .bundled }
  }

  private func allSegments(_ catalog: SegmentCatalog) async throws -> [SegmentRecord] {
    let bundled = try await catalog.segments(in: .bundled)
    let sealed = try await catalog.segments(in: .sealed)
    return (bundled + sealed).sorted { $0.number < $1.number }
  }

  // MARK: Index

  /// The index with the newest checkpoint that can be read, and the last record it holds.
  private func restoredIndex(_ tools: Tools) async throws -> (ObjectIndex, UInt64) {
    let path = Self.indexPath(in: configuration.directory)
    if FileManager.default.fileExists(atPath: path) {
      let index = try ObjectIndex(path: path)
      return (index, try await index.checkpointedSequence())
    }
    let draft = configuration.directory + "/restoring.sqlite"
    try removeFiles { $0.hasPrefix("restoring.sqlite") }
    let loader = CheckpointLoader(
      log: tools.log, reader: tools.reader, identity: configuration.identity,
      segments: try await allSegments(tools.catalog))
    for name in try await configuration.writer.registry.record()?.checkpoints ?? [] {
      tell(.checkpoint, "loading the checkpoint of record \(name.coveredSequence)")
      do {
        let sequence = try await loader.load(name, into: draft)
        try FileManager.default.moveItem(atPath: draft, toPath: path)
        return (try ObjectIndex(path: path), sequence)
      } catch {
        if error is CancellationError { throw error }
        configuration.logger.warning(
          "the checkpoint of record \(name.coveredSequence) cannot be loaded: \(error)")
        try removeFiles { $0.hasPrefix("restoring.sqlite") }
      }
    }
    return (try ObjectIndex(path: path), 0)
  }

  private func replay(into index: ObjectIndex, _ tools: Tools) async throws -> Int {
    let applied = try await index.appliedSequence()
    let checkpoints = try await configuration.writer.registry.record()?.checkpoints ?? []
    // Segments below hold no record that the index lacks.
    let start = checkpoints.first { $0.coveredSequence <= applied }?.logStart ?? 0
    let segments = try await allSegments(tools.catalog).filter { $0.number >= start }
    let replay = LogReplay(log: tools.log, index: index, logger: configuration.logger)
    let read = configuration.leftOut.contains(.logReplay) ? [] : segments
    let count = try await replay.run(over: read) { done, total in
      if done % 64 == 0 || done == total {
        tell(.log, "applying the log", count: done, total: total)
      }
    }
    // Which record is a segment's last is not known of all; none is later than these.
    let last = try await index.appliedSequence()
    let named = checkpoints.first?.coveredSequence ?? 0
    try await tools.catalog.save(
      try await allSegments(tools.catalog).map { segment in
        var segment = segment
        segment.lastSequence = segment.number < start ? named : last
        return segment
      })
    return count
  }
}
