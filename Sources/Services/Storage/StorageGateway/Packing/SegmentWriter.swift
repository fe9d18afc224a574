import Cryptography
import Logging
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// Turns entries into stripes and stripes into durable bytes: the gateway's group commit.
///
/// While a stripe is under way entries gather, and the next stripe takes them all, so load makes
/// groups larger and an idle network pays no waiting time (``GroupGathering``). Stripes complete in
/// order. A stripe that does not get its acknowledgements ends its segment; its entries go into a
/// new segment of a group without the providers that failed.
actor SegmentWriter {
  /// What the writer needs, built once.
  struct Dependencies: Sendable {
    let lease: LeaseID
    let transport: any ShardTransport
    let sender: StripeSender
    let catalog: SegmentCatalog
    let index: any MutationIndex
    let groups: GroupKeeper
    let pins: SegmentPins
    /// Whether this gateway may write; nil where there is only one.
    var writer: WriterGuard?
    let indexKey: SymmetricKeyBytes
    let limits: SegmentLimits
    let logger: Logger
  }

  private let dependencies: Dependencies
  private var queue: [PendingEntry] = []
  private var segment: OpenSegment?
  private var nextSequence: UInt64
  /// The last sequence number that is durable and in the index.
  private var publishedSequence: UInt64
  /// Why nothing more can be taken, once something has broken that only a restart repairs.
  private var brokenReason: String?
  private var isBuilding = false
  private var gathering = GroupGathering()
  private var stripesUnderWay = 0
  private var lastCompletion: Task<Bool, Never>?
  private var lastSave: Task<Bool, Never>?
  private var segmentFailed = false
  /// Bytes of the log sections that were published since the start.
  private(set) var logBytes: UInt64 = 0
  private var openedAt: ContinuousClock.Instant?
  /// Called with each segment that was sealed, so that a bundle takes it.
  private let onSealed: @Sendable (SegmentRecord) -> Void

  init(
    dependencies: Dependencies, nextSequence: UInt64,
    onSealed: @escaping @Sendable (SegmentRecord) -> Void
  ) {
    self.dependencies = dependencies
    self.nextSequence = nextSequence
    publishedSequence = nextSequence - 1
    self.onSealed = onSealed
  }

  /// Makes bytes and their record durable. Returns where the bytes lie.
  func append(
    _ data: ByteBuffer,
    makeMutation: (@Sendable ([Extent]) throws -> LogRecord.Mutation)?
  ) async throws -> [Extent] {
    try checkWritable()
    return try await withCheckedThrowingContinuation { continuation in
      queue.append(
        PendingEntry(data: data, makeMutation: makeMutation, continuation: continuation))
      pump()
    }
  }

  /// Seals the open segment if it is older than its limit, or at once when `now` is set.
  func sealIfDue(now: Bool = false) async {
    // With records that the index does not have it stays open: the next start applies them.
    guard let openedAt, let current = segment, !isBuilding, stripesUnderWay == 0,
      brokenReason == nil
    else { return }
    let age = ContinuousClock.now - openedAt
    guard now || age >= dependencies.limits.sealAfter else { return }
    await seal(current)
  }

  /// Whether everything that is durable is in the index, too.
  var isWhole: Bool { brokenReason == nil }

  /// The number of the open segment.
  var openNumber: UInt64? { segment?.record.number }

  /// An open segment for readers of staged data; nil when it is not open here.
  func openView(of number: UInt64) -> SegmentDirectory.OpenView? {
    guard let segment, segment.record.number == number else { return nil }
    return SegmentDirectory.OpenView(
      record: segment.record, durableStripes: segment.durableStripes)
  }

  // MARK: Building

  private func pump() {
    guard !isBuilding, !queue.isEmpty, !segmentFailed,
      stripesUnderWay < dependencies.limits.stripesUnderWay
    else { return }
    let bytes = queue.prefix(64).reduce(0) { $0 + $1.unplacedBytes }
    switch gathering.decide(
      count: queue.count, bytes: bytes, groupsUnderWay: stripesUnderWay, now: .now)
    {
    case .wait: return
    case .waitUntil(let end):
      Task {
        try? await Task.sleep(until: end)
        pump()
      }
    case .close:
      isBuilding = true
      Task { await build() }
    }
  }

  private func build() async {
    do {
      try await ensureSegment()
      try await buildStripe()
    } catch {
      // Nothing was sent: everyone who waits is told why, and nothing is kept.
      failQueue(error)
    }
    isBuilding = false
    if segmentFailed && stripesUnderWay == 0 { await abandonSegment() }
    pump()
  }

  private func checkWritable() throws {
    if let reason = dependencies.writer?.fencedReason { throw EngineError.fenced(reason: reason) }
    if let brokenReason { throw EngineError.unavailable(reason: brokenReason) }
  }

  private func ensureSegment() async throws {
    try checkWritable()
    if let current = segment, current.record.payloadBytes < dependencies.limits.segmentBytes,
      current.record.stripeLengths.count < SegmentLimits.stripesPerSegment
    {
      return
    }
    if let full = segment {
      _ = await lastCompletion?.value
      // The last stripe may have failed while we waited; then the segment is already gone.
      if let current = segment, current.record.number == full.record.number { await seal(current) }
    }
    let group = try await dependencies.groups.take()
    let number = try await dependencies.catalog.next("segment")
    dependencies.pins.noteOpened(number)
    segment = try OpenSegment(number: number, group: group, transport: dependencies.transport)
    openedAt = .now
  }

  private func buildStripe() async throws {
    guard var current = segment else { return }
    let id = SegmentID(lease: dependencies.lease, number: current.record.number)
    let builder = StripeBuilder(
      segment: id, stripe: UInt32(current.record.stripeLengths.count),
      capacity: min(
        StripeLayout.largestPayload(dataShards: Int(current.record.codeClass.dataShards)),
        dependencies.limits.stripeBytes),
      dataShards: Int(current.record.codeClass.dataShards),
      indexKey: dependencies.indexKey, unixMilliseconds: UnixTime.milliseconds())
    var sequence = nextSequence
    guard
      let built = try builder.fill(
        from: &queue, sequence: &sequence, nonce: RandomBytes.make(count: 12))
    else { return }
    nextSequence = sequence
    gathering.closed(count: built.entries.count, bytes: built.payload.length)
    do {
      let offset = current.shardBytes
      let chunks = try await current.append(built.payload)
      if let last = built.records.last { current.record.lastSequence = last.sequence }
      // Stripes may have become durable while this one was coded; the copy does not know of them.
      current.durableStripes = segment?.durableStripes ?? current.durableStripes
      segment = current
      if segmentFailed {
        // A stripe before this one was lost while this one was coded.
        await lost(built, failed: [])
        return
      }
      await send(built, chunks: chunks, at: offset, in: current)
    } catch {
      for entry in built.entries { entry.fail(error) }
      throw error
    }
  }

  // MARK: Sending

  /// A stripe whose chunks are under way.
  private struct UnderWay: Sendable {
    let built: StripeBuilder.Built
    /// Stripes of the segment, this one included.
    let stripe: Int
    let sent: SentStripe
    /// Whether the catalog knows the stripe's length.
    let saved: Task<Bool, Never>
  }

  private func send(
    _ built: StripeBuilder.Built, chunks: [ByteBuffer], at offset: UInt64, in current: OpenSegment
  ) async {
    let sent = await dependencies.sender.send(chunks, of: current, at: offset)
    stripesUnderWay += 1
    let before = lastCompletion
    // One save after the other: a late save of fewer stripes must not replace one of more.
    let savedBefore = lastSave
    let saved = Task { [record = current.record] in
      _ = await savedBefore?.value
      return await self.save(record)
    }
    lastSave = saved
    let stripe = UnderWay(
      built: built, stripe: current.record.stripeLengths.count, sent: sent, saved: saved)
    lastCompletion = Task { await self.complete(stripe, after: before) }
  }

  /// Waits for a stripe's acknowledgements, for the catalog, and for the stripes before it; then
  /// makes its records visible and tells its entries, or starts the fail-over.
  private func complete(_ stripe: UnderWay, after before: Task<Bool, Never>?) async -> Bool {
    let failed = await dependencies.sender.failures(of: stripe.sent)
    var isDurable = await stripe.saved.value && failed.isEmpty
    if let before, await !before.value { isDurable = false }
    if isDurable {
      segment?.durableStripes = stripe.stripe
      await publish(stripe.built)
    } else {
      await lost(stripe.built, failed: failed)
    }
    stripesUnderWay -= 1
    gathering.ended(now: .now)
    if segmentFailed && stripesUnderWay == 0 && !isBuilding { await abandonSegment() }
    pump()
    return isDurable
  }

  private func save(_ record: SegmentRecord) async -> Bool {
    do {
      try await dependencies.catalog.save(record)
      return true
    } catch {
      dependencies.logger.error("the segment catalog cannot be written: \(error)")
      return false
    }
  }

  private func publish(_ built: StripeBuilder.Built) async {
    do {
      let refused =
        built.records.isEmpty ? [:] : try await dependencies.index.apply(built.records)
      for owner in built.owners {
        if let reason = refused[owner.sequence] { owner.entry.fail(reason) }
      }
      if let last = built.records.last { publishedSequence = last.sequence }
      logBytes += UInt64(built.logBytes)
      for entry in built.entries { entry.stripeSucceeded() }
    } catch {
      // The records are in the network's log; a restart applies them. Nothing may follow before.
      dependencies.logger.error("the index cannot be written: \(error)")
      brokenReason = "the gateway's index cannot be written (\(error)); restart it when it can be"
      for entry in built.entries { entry.fail(error) }
    }
  }

  // MARK: Failing over

  private var lostEntries: [PendingEntry] = []

  private func lost(_ built: StripeBuilder.Built, failed: [ProviderID]) async {
    segmentFailed = true
    await dependencies.groups.noteFailures(of: failed)
    for entry in built.entries where !lostEntries.contains(where: { $0 === entry }) {
      lostEntries.append(entry)
    }
  }

  /// All stripes under way have been decided: what the segment holds is sealed, its lost numbers
  /// are taken back, and what was lost goes back to the head of the queue.
  ///
  /// The seal is synced first: a recovery must never find records past it, whose numbers will be
  /// used again.
  private func abandonSegment() async {
    let again = lostEntries.filter { !$0.hasFailed }
    lostEntries = []
    if brokenReason == nil, let current = segment, await !seal(current) {
      brokenReason = "the gateway's segment catalog cannot be written; restart it when it can be"
    }
    await dependencies.groups.discardCurrent()
    nextSequence = publishedSequence + 1
    lastCompletion = nil
    for entry in again { entry.startAgain() }
    queue.removeAll { entry in again.contains { $0 === entry } }
    queue.insert(contentsOf: again, at: 0)
    segmentFailed = false
    do { try checkWritable() } catch { failQueue(error) }
  }

  private func failQueue(_ error: any Error) {
    let waiting = queue
    queue = []
    for entry in waiting { entry.fail(error) }
  }

  @discardableResult
  private func seal(_ current: OpenSegment) async -> Bool {
    segment = nil
    openedAt = nil
    do {
      if let sealed = current.sealed() {
        try await dependencies.catalog.save(sealed)
        onSealed(sealed)
      } else {
        var dropped = current.record
        dropped.state = .dropped
        try await dependencies.catalog.save(dropped)
      }
      return true
    } catch {
      // It stays open in the catalog; the next start closes it from there.
      dependencies.logger.error("segment \(current.record.number) was not sealed: \(error)")
      return false
    }
  }
}
