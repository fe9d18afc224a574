import Cryptography
import GatewayKit
import Logging
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// One identity's storage: encrypts, packs, codes and places what is put, and gives it back.
package actor StorageEngine: ObjectEngine {
  /// What an engine is built from.
  package struct Configuration: Sendable {
    package var network: any StorageNetwork
    package var transport: any ShardTransport
    package var catalog: SegmentCatalog
    package var index: any MutationIndex & SegmentUseIndex
    /// What of the log must stay in its stripes.
    package var retention: any LogRetention
    /// When deleted bytes are collected.
    package var compaction = CompactionPolicy()
    package var identity: IdentitySeed
    package var limits: SegmentLimits
    /// Whether this gateway may write for the customer; nil where there is only ever one.
    package var writer: WriterGuard?
    /// Bounds the memory of all requests of the gateway together.
    package var budget: BufferBudget
    package var logger: Logger

    package init(
      network: any StorageNetwork, transport: any ShardTransport, catalog: SegmentCatalog,
      index: any MutationIndex & SegmentUseIndex, identity: IdentitySeed,
      limits: SegmentLimits = SegmentLimits(), writer: WriterGuard? = nil,
      budget: BufferBudget = BufferBudget(), retention: (any LogRetention)? = nil, logger: Logger
    ) {
      self.network = network
      self.transport = transport
      self.catalog = catalog
      self.index = index
      self.retention = retention ?? IndexedLogRetention(index: index)
      self.identity = identity
      self.limits = limits
      self.writer = writer
      self.budget = budget
      self.logger = logger
    }
  }

  private let configuration: Configuration
  private let directory: SegmentDirectory
  private let calls: ShardCalls
  private let vouchers: VoucherBook
  private nonisolated let reader: ExtentReader
  private let groups: GroupKeeper
  private let bundler: Bundler
  private let recoder: Recoder
  private let compactor: Compactor
  private nonisolated let pins = SegmentPins()
  private let renewer: BundleRenewer
  private let sender: StripeSender
  private let admission: AdmissionControl
  private let auditor: StagedAuditor
  private let checkpointer: Checkpointer?
  private var writer: SegmentWriter?
  private var degraded: [BundleID: Int] = [:]

  package init(_ configuration: Configuration) {
    self.configuration = configuration
    let signer = configuration.identity.ledgerKey
    let logger = configuration.logger
    directory = SegmentDirectory(
      catalog: configuration.catalog, network: configuration.network, logger: logger)
    calls = ShardCalls(
      network: configuration.network, transport: configuration.transport, signer: signer,
      fencingEpoch: configuration.writer?.epoch ?? 0, limits: configuration.limits)
    vouchers = VoucherBook(
      catalog: configuration.catalog, calls: calls, network: configuration.network,
      signer: signer, logger: logger)
    reader = ExtentReader(
      directory: directory, calls: calls, vouchers: vouchers, health: ProviderHealth(),
      logger: logger)
    groups = GroupKeeper(network: configuration.network, logger: logger)
    bundler = Bundler(
      catalog: configuration.catalog, network: configuration.network, calls: calls,
      directory: directory, logger: logger)
    sender = StripeSender(
      chain: configuration.network.chain, lease: configuration.network.lease, signer: signer,
      fencingEpoch: configuration.writer?.epoch ?? 0,
      timeoutSeconds: configuration.limits.appendTimeoutSeconds, writer: configuration.writer,
      logger: logger)
    admission = AdmissionControl(
      network: configuration.network, catalog: configuration.catalog)
    auditor = StagedAuditor(
      catalog: configuration.catalog, directory: directory, calls: calls, vouchers: vouchers,
      logger: logger)
    renewer = BundleRenewer(network: configuration.network, logger: logger)
    recoder = Recoder(
      catalog: configuration.catalog, network: configuration.network,
      transport: configuration.transport, sender: sender, calls: calls, bundler: bundler,
      reader: reader, groups: groups, recodeAfter: configuration.limits.recodeAfter, logger: logger)
    checkpointer = Checkpointer(configuration)
    compactor = Compactor(
      Compactor.Dependencies(
        catalog: configuration.catalog, network: configuration.network,
        index: configuration.index,
        retention: (checkpointer as (any LogRetention)?) ?? configuration.retention,
        reader: reader, calls: calls, pins: pins, policy: configuration.compaction,
        budget: configuration.budget,
        logger: logger))
  }

  /// Closes what a crash left open and gets a first placement group; returns when PUTs are taken.
  /// - Throws: when the providers of acknowledged data do not answer, or the disk fails.
  package func start() async throws {
    let recovery = SegmentRecovery(
      catalog: configuration.catalog, network: configuration.network, calls: calls,
      log: SegmentLog(
        reader: reader, indexKey: configuration.identity.indexKey,
        lease: configuration.network.lease), index: configuration.index,
      logger: configuration.logger)
    for state in [SegmentRecord.State.open, .sealed] {
      let waiting = try await configuration.catalog.segments(in: state)
      if let last = waiting.last { pins.noteOpened(last.number) }
    }
    let recovered = try await recovery.run()
    let writer = SegmentWriter(
      dependencies: SegmentWriter.Dependencies(
        lease: configuration.network.lease, transport: configuration.transport, sender: sender,
        catalog: configuration.catalog, index: configuration.index, groups: groups,
        pins: pins, writer: configuration.writer,
        indexKey: configuration.identity.indexKey, limits: configuration.limits,
        logger: configuration.logger),
      nextSequence: recovered.highestSequence + 1,
      onSealed: { [bundler] _ in Task { await bundler.bundleSealed() } })
    await directory.follow { number in await writer.openView(of: number) }
    await compactor.follow(writer)
    self.writer = writer
    if let checkpointer { try await checkpointer.begin(isUrgent: recovered.hasDropped) }
    await admission.refresh()
    await groups.refresh()
    await bundler.bundleSealed()
  }

  /// Seals, bundles, pays and re-codes until it is cancelled or fenced.
  package func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.runMoves() }
      group.addTask { await self.runPromptly() }
      await group.next()
      group.cancelAll()
    }
  }

  /// What moves data, one after the other: it may take long.
  private func runMoves() async {
    while !Task.isCancelled {
      do { try await Task.sleep(for: configuration.limits.collectEvery) } catch { return }
      await recoder.pass()
      await compactor.pass()
    }
  }

  private func runPromptly() async {
    var turn = 0
    while !Task.isCancelled {
      // Fenced: nothing of this gateway's may go out any more.
      try? await configuration.writer?.confirm()
      if configuration.writer?.fencedReason != nil { return }
      await admission.refresh()
      await writer?.sealIfDue()
      if turn % 4 == 0 { await groups.refresh() }
      if turn % 4 == 2 { await bundler.bundleSealed() }
      if turn % 10 == 5 {
        await vouchers.settleAll()
        await surveyBundles()
      }
      if turn % 8 == 7 { await auditor.pass() }
      if turn % 8 == 3 { await checkpointIfDue() }
      turn += 1
      try? await Task.sleep(for: .milliseconds(500))
    }
  }

  /// Looks once for garbage to be collected, as ``run()`` does every while.
  package func collectGarbage() async { await compactor.pass() }

  /// Seals the open segment and bundles everything: for a clean end and for tests.
  package func flush() async {
    await writer?.sealIfDue(now: true)
    await bundler.bundleSealed()
    await vouchers.settleAll()
  }

  // MARK: Checkpoints

  /// Writes a checkpoint now and has the ledger name it: no log record up to there is needed to
  /// recover this identity.
  /// - Throws: when this engine has no index that can be written down, or as ``put``.
  package func checkpoint() async throws {
    guard let checkpointer else {
      throw EngineError.unavailable(reason: "this gateway's index cannot be written down")
    }
    try await checkpointer.make(through: self)
  }

  private func checkpointIfDue() async {
    guard let checkpointer, await checkpointer.isDue(logBytes: await writer?.logBytes ?? 0) else {
      return
    }
    // Not waited for: sealing and paying must go on meanwhile.
    Task { [configuration] in
      do { try await self.checkpoint() } catch {
        configuration.logger.warning("no checkpoint was written: \(error)")
      }
    }
  }

  // MARK: ObjectEngine

  package func put<Body: AsyncSequence & Sendable>(
    _ body: Body, bucket: String,
    makeMutation: @escaping @Sendable (StoredBlob) throws -> LogRecord.Mutation
  ) async throws -> StoredBlob where Body.Element == ByteBuffer {
    let writer = try await admitted()
    let hold = pins.holdNew()
    defer { pins.letGo(hold) }
    let fresh = try Self.freshKey(bucketKey: configuration.identity.bucketKey(bucket))
    let pipe = SealingPipe(key: fresh.dataKey, attempt: fresh.attempt)
    var intake = BodyIntake(pipe: pipe, writer: writer, budget: configuration.budget)
    defer { intake.giveUp() }
    var checked: UInt64 = 0
    for try await buffer in body {
      try await intake.take(buffer)
      // Money may run out under way: better no object than one that no bundle takes.
      if intake.length - checked >= Self.admissionStepBytes {
        checked = intake.length
        try await admission.admit()
      }
    }
    if checked > 0 { try await admission.admit() }
    let (before, last) = try await intake.finish()
    let length = intake.length
    let blob: @Sendable ([Extent]) -> StoredBlob = { placed in
      StoredBlob(
        attempt: fresh.attempt, wrappedKey: fresh.wrapped, length: length,
        extents: before + placed)
    }
    let placed = try await writer.append(last.bytes) { try makeMutation(blob($0)) }
    return blob(placed)
  }

  package func commit(_ mutation: LogRecord.Mutation) async throws {
    let writer = try await admitted(takesBytes: !mutation.onlyTakesAway)
    // A copy names bytes that may lose their last other user before the copy is in the index.
    guard let hold = pins.hold(Set(mutation.blobs.flatMap(\.extents).map(\.segment))) else {
      throw EngineError.unavailable(reason: "what is copied is just being moved; try again")
    }
    defer { pins.letGo(hold) }
    _ = try await writer.append(ByteBuffer()) { _ in mutation }
  }

  package nonisolated func read(
    _ blob: StoredBlob, bucket: String, range: Range<UInt64>
  ) -> AsyncThrowingStream<ByteBuffer, any Error> {
    let key: SymmetricKeyBytes
    do {
      key = try blob.wrappedKey.unwrap(
        attempt: blob.attempt, bucketKey: bucketKey(bucket))
    } catch {
      return AsyncThrowingStream { throw EngineError.corrupt(reason: "\(error)") }
    }
    let blobReader = BlobReader(
      blob: blob, key: key, range: range, reader: reader, budget: configuration.budget)
    return AsyncThrowingStream { try await blobReader.next() }
  }

  package func status() async -> EngineStatus {
    let force = await groups.classInForce()
    return EngineStatus(
      classInForce: force.codeClass?.description, unavailableReason: force.reason,
      stagedBytes: await admission.stagedBytes, degradedBundles: degraded.count,
      bundlesToRecode: await recoder.waiting, bundledBytes: await compactor.survey.bundledBytes,
      garbageBytes: await compactor.survey.garbageBytes)
  }

  package func funding() async -> FundingStatus? {
    guard let known = await admission.funding else { return nil }
    return FundingStatus(
      level: known.state.level,
      runwaySeconds: known.state.writableMilliseconds.map { $0 / 1_000 },
      needed: known.state.needed,
      warning: known.state.warning(lease: known.lease, endReason: known.endReason))
  }

  // MARK: Checks

  /// How many bytes of a body are taken in between two looks at the lease's money.
  private static let admissionStepBytes: UInt64 = 4 << 20

  /// The writer, if the lease takes new data.
  private func admitted(takesBytes: Bool = true) async throws -> SegmentWriter {
    guard let writer else {
      throw EngineError.unavailable(reason: "the gateway is still recovering; try again soon")
    }
    try await configuration.writer?.require()
    try await admission.admit(takesBytes: takesBytes)
    return writer
  }

  private nonisolated func bucketKey(_ bucket: String) -> SymmetricKeyBytes {
    configuration.identity.bucketKey(bucket)
  }

  private struct FreshKey: Sendable {
    let attempt: AttemptID
    let dataKey: SymmetricKeyBytes
    let wrapped: WrappedDataKey
  }

  /// A new attempt with a key of its own.
  private static func freshKey(bucketKey: SymmetricKeyBytes) throws -> FreshKey {
    guard let attempt = AttemptID(bytes: RandomBytes.make(count: AttemptID.byteCount)),
      let bytes = Bytes32(RandomBytes.make(count: 32))
    else { throw EngineError.unavailable(reason: "the system gave no random bytes") }
    let key = SymmetricKeyBytes(bytes)
    return FreshKey(
      attempt: attempt, dataKey: key,
      wrapped: WrappedDataKey(key, attempt: attempt, bucketKey: bucketKey))
  }

  /// Looks which bundles have vacant slots, so that reads and `status` know, and which must be
  /// renewed.
  private func surveyBundles() async {
    do {
      var found: [BundleID: Int] = [:]
      var live: [BundleRecord] = []
      for number in try await configuration.catalog.bundles() {
        let id = BundleID(number: number)
        guard let bundle = try await configuration.network.bundle(id) else { continue }
        live.append(bundle)
        if bundle.vacantSlots > 0 { found[id] = bundle.vacantSlots }
      }
      // Not waited for: a renewal takes a block.
      Task { [renewer, live] in await renewer.pass(over: live) }
      if await admission.stagedBytes > 0 {
        Task { [configuration] in try? await configuration.network.showPresence() }
      }
      if found != degraded { await directory.refreshAll() }
      degraded = found
    } catch {
      configuration.logger.debug("bundles could not be surveyed: \(error)")
    }
  }
}
