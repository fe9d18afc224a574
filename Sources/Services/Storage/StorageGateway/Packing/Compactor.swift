import GatewayKit
import Logging
import Primitives
import ServiceKit
import StorageService

/// Ends bundles that nobody wants, and moves what lives in those that hardly anybody wants.
///
/// Survivors are appended like any new data, sealed bytes as they are, with a log record that names
/// their new place. The old bundle goes only when what was appended is on the ledger and in the
/// index, so a crash at any point leaves at least one place for each byte; what was half done is
/// found again from the catalog and the ledger.
actor Compactor {
  struct Dependencies: Sendable {
    let catalog: SegmentCatalog
    let network: any StorageNetwork
    let index: any SegmentUseIndex
    let retention: any LogRetention
    let reader: ExtentReader
    let calls: ShardCalls
    let pins: SegmentPins
    let policy: CompactionPolicy
    let budget: BufferBudget
    let logger: Logger
  }

  /// What a pass found, for `status`.
  struct Survey: Hashable, Sendable {
    /// Payload bytes of bundles that are wanted, as they are paid for.
    var bundledBytes: UInt64 = 0
    /// Of those, bytes that no object and no part uses.
    var garbageBytes: UInt64 = 0
  }

  private let dependencies: Dependencies
  private var writer: SegmentWriter?
  private(set) var survey = Survey()
  /// The segment opened last when a bundle whose survivors moved was first seen empty: it may go
  /// when all up to there are in bundles.
  private var emptySince: [BundleID: UInt64] = [:]

  /// How many blobs move at once.
  private static let parallelMoves = 4
  /// How many blobs are looked up at once.
  private static let blobsPerLook = 1_000

  init(_ dependencies: Dependencies) { self.dependencies = dependencies }

  /// From now on survivors can be appended.
  func follow(_ writer: SegmentWriter) { self.writer = writer }

  /// Looks at all bundles, and does what is due.
  func pass() async {
    do {
      try await finishReleases()
      try await finishCopies()
      let uses = try await look()
      guard let writer, await writer.isWhole else { return }
      let plan = dependencies.policy.plan(uses)
      if dependencies.policy.isEnabled { try await dropDeadStaged() }
      for bundle in plan.release { try await release(bundle) }
      for bundle in plan.move { try await moveSurvivors(of: bundle, through: writer) }
    } catch {
      dependencies.logger.warning("garbage could not be collected: \(error)")
    }
  }

  // MARK: Looking

  private func look() async throws -> [BundleUse] {
    let live = Dictionary(
      uniqueKeysWithValues: try await dependencies.index.segmentUse().map { ($0.segment, $0.live) })
    let expendable = try await dependencies.retention.expendableSequence()
    let kept = try await dependencies.retention.keptSegments()
    var uses: [BundleUse] = []
    for number in try await dependencies.catalog.bundles() {
      let segments = try await dependencies.catalog.segments(ofBundle: number)
      let numbers = segments.map(\.number)
      let isHeld =
        dependencies.pins.isHeld(numbers) || numbers.contains(where: kept.contains)
        || segments.contains { $0.lastSequence > expendable }
      let use = BundleUse(
        bundle: BundleID(number: number),
        payloadBytes: segments.reduce(0) { $0.addingSaturated($1.payloadBytes) },
        liveBytes: numbers.reduce(0) { $0.addingSaturated(live[$1] ?? 0) }, isHeld: isHeld)
      uses.append(use)
    }
    survey = Survey(
      bundledBytes: uses.reduce(0) { $0.addingSaturated($1.payloadBytes) },
      garbageBytes: uses.reduce(0) { $0.addingSaturated($1.garbageBytes) })
    return try await refined(uses)
  }

  /// Adds what costs a query, for those bundles where it decides.
  private func refined(_ uses: [BundleUse]) async throws -> [BundleUse] {
    var refined: [BundleUse] = []
    for use in uses {
      guard !use.isHeld, use.liveBytes > 0, dependencies.policy.isWorthMoving(use) else {
        refined.append(use)
        continue
      }
      var blobs: UInt64 = 0
      for segment in try await dependencies.catalog.segments(ofBundle: use.bundle.number) {
        blobs += try await dependencies.index.blobCount(inSegment: segment.number)
      }
      refined.append(
        BundleUse(
          bundle: use.bundle, payloadBytes: use.payloadBytes, liveBytes: use.liveBytes,
          liveBlobs: blobs, isLocked: try await isLocked(use.bundle), isHeld: false))
    }
    return refined
  }

  /// Whether a bundle would be paid on after its release.
  private func isLocked(_ id: BundleID) async throws -> Bool {
    guard let bundle = try await dependencies.network.bundle(id) else { return false }
    let lockUp = try await dependencies.network.lockUpMilliseconds()
    return bundle.committedAt.advanced(milliseconds: lockUp)
      > (try await dependencies.network.ledgerTime())
  }

  // MARK: Releasing

  /// Releases a bundle of which nothing is wanted, unless something may still need it.
  private func release(_ id: BundleID) async throws {
    let segments = try await dependencies.catalog.segments(ofBundle: id.number)
    guard !segments.isEmpty, try await movesAreBundled(outOf: id) else { return }
    let numbers = segments.map(\.number)
    guard dependencies.pins.claim(numbers) else { return }
    // Claimed, so that no new user can come; one may have come before.
    let live = try await dependencies.index.segmentUse()
      .contains { numbers.contains($0.segment) && $0.live > 0 }
    if live { return dependencies.pins.giveBack(numbers) }
    try await dependencies.catalog.drop(segments)
    emptySince[id] = nil
    try await finishReleases()
  }

  /// Sealed segments that wait for their bundle, because there is no money for it say, and of which
  /// nothing is wanted by now need none: their providers may forget them.
  private func dropDeadStaged() async throws {
    let planned = try await dependencies.catalog.plans()
    let expendable = try await dependencies.retention.expendableSequence()
    let kept = try await dependencies.retention.keptSegments()
    let waiting = try await dependencies.catalog.segments(in: .sealed).filter {
      planned[$0.number] == nil && $0.lastSequence <= expendable && !kept.contains($0.number)
    }
    if waiting.isEmpty { return }
    for segment in waiting where dependencies.pins.claim([segment.number]) {
      let live = try await dependencies.index.segmentUse()
        .contains { $0.segment == segment.number && $0.live > 0 }
      guard !live, try await dependencies.catalog.dropWaiting(segment) else {
        dependencies.pins.giveBack([segment.number])
        continue
      }
      for (slot, provider) in segment.slots.enumerated() {
        // Who is away keeps it until the lease closes.
        try? await dependencies.calls.dropStaged(
          segment: segment.number, slot: UInt8(slot), at: provider)
      }
      dependencies.logger.info("segment \(segment.number) was dropped: nothing of it is wanted")
    }
  }

  /// Whether everything that was appended on behalf of a bundle is in bundles of its own. One that
  /// was never moved out of waits for nobody.
  private func movesAreBundled(outOf id: BundleID) async throws -> Bool {
    guard try await dependencies.catalog.movedOut().contains(id.number) else { return true }
    let floor = emptySince[id] ?? dependencies.pins.lastOpened
    emptySince[id] = floor
    if let writer, let open = await writer.openNumber, open <= floor { return false }
    for state in [SegmentRecord.State.open, .sealed] {
      let waiting = try await dependencies.catalog.segments(in: state)
      if waiting.contains(where: { $0.number <= floor }) { return false }
    }
    return true
  }

  /// Tells the ledger of bundles whose segments were dropped. Doing it again changes nothing.
  private func finishReleases() async throws {
    for number in try await dependencies.catalog.bundlesToRelease() {
      let id = BundleID(number: number)
      if let bundle = try await dependencies.network.bundle(id), !bundle.isReleased,
        bundle.end > (try await dependencies.network.ledgerTime())
      {
        try await dependencies.network.releaseBundle(id)
        dependencies.logger.info("bundle \(id) was released: nothing of it is wanted")
      }
      try await dependencies.catalog.noteReleased(number)
    }
  }

  /// A copy of a bundle that was committed while the gateway died before its note: the old bundle
  /// stands, so the copy goes.
  private func finishCopies() async throws {
    for copy in try await dependencies.catalog.unfinishedCopies() {
      guard let id = try await dependencies.network.bundle(withKey: copy.manifest) else { continue }
      if id.number != copy.bundle, let bundle = try await dependencies.network.bundle(id),
        !bundle.isReleased
      {
        try await dependencies.network.releaseBundle(id)
        dependencies.logger.notice("bundle \(id) was a copy that a crash orphaned; it is released")
      }
      try await dependencies.catalog.forgetPlan(copy.manifest)
    }
  }

  // MARK: Moving

  private func moveSurvivors(of id: BundleID, through writer: SegmentWriter) async throws {
    let segments = try await dependencies.catalog.segments(ofBundle: id.number).map(\.number)
    try await dependencies.catalog.noteMovedOut(of: id.number)
    var moved = 0
    while true {
      let blobs = try await dependencies.index.blobs(
        inSegments: segments, limit: Self.blobsPerLook)
      if blobs.isEmpty { break }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (number, blob) in blobs.enumerated() {
          if number >= Self.parallelMoves { try await group.next() }
          group.addTask { [dependencies] in
            try await Self.move(blob, outOf: Set(segments), through: writer, dependencies)
          }
        }
        try await group.waitForAll()
      }
      moved += blobs.count
    }
    dependencies.logger.info("\(moved) blobs moved out of bundle \(id)")
  }

  /// Appends the bytes that a blob has in these segments elsewhere, and a record that names their
  /// new place. A blob that is deleted meanwhile leaves dead bytes there, and nothing else.
  private static func move(
    _ blob: StoredBlob, outOf segments: Set<UInt64>, through writer: SegmentWriter,
    _ dependencies: Dependencies
  ) async throws {
    let moving = blob.extents.indices.filter { segments.contains(blob.extents[$0].segment) }
    guard let last = moving.last else { return }
    var places: [Int: [Extent]] = [:]
    for index in moving.dropLast() {
      places[index] = try await append(blob.extents[index], through: writer, dependencies)
    }
    let before = places
    do {
      _ = try await append(blob.extents[last], through: writer, dependencies) { placed in
        var places = before
        places[last] = placed
        let extents = blob.extents.indices.flatMap { places[$0] ?? [blob.extents[$0]] }
        guard extents.count <= StoredBlob.extentLimit else {
          throw EngineError.unavailable(reason: "a blob of \(extents.count) extents cannot move")
        }
        return .relocate(
          LogRecord.Relocate(
            bucket: "", key: "", from: blob.attempt,
            to: StoredBlob(
              attempt: blob.attempt, wrappedKey: blob.wrappedKey, length: blob.length,
              extents: extents)))
      }
    } catch IndexRefusal.noSuchKey {
      return
    }
  }

  private static func append(
    _ extent: Extent, through writer: SegmentWriter, _ dependencies: Dependencies,
    makeMutation: (@Sendable ([Extent]) throws -> LogRecord.Mutation)? = nil
  ) async throws -> [Extent] {
    let bytes = Int(extent.length)
    try await dependencies.budget.reserve(bytes)
    defer { dependencies.budget.giveBack(bytes) }
    let sealed = try await dependencies.reader.read(extent)
    return try await writer.append(sealed, makeMutation: makeMutation)
  }
}
