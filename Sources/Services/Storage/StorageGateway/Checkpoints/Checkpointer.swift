import Logging
import NIOCore
import Primitives
import StorageService

/// Writes the index down from time to time and has the ledger name where, so that a recovery reads
/// the last checkpoint and the log behind it, and not the log from its beginning.
actor Checkpointer {
  private let index: ObjectIndex
  private let catalog: SegmentCatalog
  private let writer: WriterGuard
  private let registry: any WriterRegistry
  private let limits: SegmentLimits
  private let logger: Logger
  private var isRunning = false
  private var isUrgent = false
  /// The writer's count of log bytes at the last checkpoint.
  private var logBytesBefore: UInt64 = 0
  /// Log bytes of earlier runs that no checkpoint covers, estimated.
  private var uncoveredBefore: UInt64 = 0
  private var latestLogBytes: UInt64 = 0
  private var lastSize: UInt64 = 0
  private var lastTime = ContinuousClock.now
  /// The last record that a checkpoint holds which the ledger names; 0 for none.
  private(set) var namedSequence: UInt64 = 0
  /// The segments that this checkpoint's bytes and record are in.
  private(set) var namedSegments: Set<UInt64> = []

  /// What a record takes in a log section, about.
  private static let bytesPerRecord: UInt64 = 300

  /// A checkpointer for an engine; nil when its index cannot be written down or when the ledger
  /// cannot be told.
  init?(_ configuration: StorageEngine.Configuration) {
    guard let index = configuration.index as? ObjectIndex, let writer = configuration.writer else {
      return nil
    }
    self.index = index
    self.writer = writer
    registry = writer.registry
    catalog = configuration.catalog
    limits = configuration.limits
    logger = configuration.logger
  }

  /// Finds out how things stand. `isUrgent`: the log has a gap that only a checkpoint bridges.
  func begin(isUrgent: Bool) async throws {
    self.isUrgent = isUrgent
    let covered = try await index.checkpointedSequence()
    let applied = try await index.appliedSequence()
    uncoveredBefore = applied.subtractingSaturated(covered) * Self.bytesPerRecord
    guard let named = try await registry.record()?.checkpoints.first else { return }
    // One that a crash left unnamed is followed by another soon; until then all log is kept.
    guard named.coveredSequence == covered else { return }
    namedSequence = covered
    namedSegments = try await index.checkpointSegments().union([named.segment])
  }

  /// Whether enough log has gathered, or any is old. - Parameter logBytes: the writer's count since
  /// its start.
  func isDue(logBytes: UInt64) async -> Bool {
    latestLogBytes = logBytes
    if isRunning { return false }
    let gathered = uncoveredBefore + logBytes.subtractingSaturated(logBytesBefore)
    if isUrgent || gathered >= max(limits.checkpointLogBytes, lastSize / 4) { return true }
    guard ContinuousClock.now - lastTime >= limits.checkpointAfter,
      let applied = try? await index.appliedSequence(),
      let covered = try? await index.checkpointedSequence()
    else { return false }
    // The record behind it is the checkpoint's own.
    return applied > covered + 1
  }

  /// Writes a checkpoint through the engine and has it named.
  func make(through engine: StorageEngine) async throws {
    guard !isRunning else { throw EngineError.unavailable(reason: "a checkpoint is being written") }
    isRunning = true
    defer { isRunning = false }
    let logBytes = latestLogBytes
    // Read before the dump begins: later records can lie in no earlier segment.
    let logStart = max(1, try await catalog.current("segment"))
    let dump = index.dump()
    let blob = try await engine.put(dump, bucket: LogRecord.Checkpoint.bucketName) { blob in
      .checkpoint(
        LogRecord.Checkpoint(
          coveredSequence: dump.coveredSequence, logStart: logStart, blob: blob))
    }
    guard let place = blob.extents.last else {
      throw EngineError.corrupt(reason: "a checkpoint without bytes")
    }
    let name = CheckpointName(
      coveredSequence: dump.coveredSequence, logStart: logStart, segment: place.segment,
      stripe: place.stripe)
    try await registry.name(name, epoch: writer.epoch)
    namedSequence = name.coveredSequence
    namedSegments = Set(blob.extents.map(\.segment)).union([place.segment])
    isUrgent = false
    lastTime = .now
    uncoveredBefore = 0
    logBytesBefore = logBytes
    lastSize = blob.length
    logger.info(
      "checkpoint written",
      metadata: ["records": "\(dump.coveredSequence)", "bytes": "\(blob.length)"])
  }
}

/// With checkpoints the log is needed behind the one that the ledger names, and nowhere else.
extension Checkpointer: LogRetention {
  func expendableSequence() async throws -> UInt64 { namedSequence }
  func keptSegments() async throws -> Set<UInt64> { namedSegments }
}
