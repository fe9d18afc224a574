import NIOCore
import Primitives
import StorageService

/// What the S3 side asks of the part that encrypts, packs, codes and places bytes.
///
/// Everything here is for one customer's account: a gateway holds one engine for each identity.
package protocol ObjectEngine: Sendable {
  /// Stores a body and the mutation that makes it visible.
  ///
  /// The body is read with back-pressure and never held whole. Once it has ended, `makeMutation` is
  /// called to check what was promised about it (length, checksums) and to say what the bytes mean;
  /// a throw there leaves nothing behind. It may be called again with other extents when a stripe
  /// was lost and is written anew. The call returns when data and log record survive the
  /// losses that the class promises and the index has been synced.
  ///
  /// - Parameters:
  ///   - body: the plain bytes.
  ///   - bucket: whose key wraps the data key.
  ///   - makeMutation: makes the log record's content from the stored blob.
  /// - Throws: ``EngineError``, or what `body` or `makeMutation` threw.
  func put<Body: AsyncSequence & Sendable>(
    _ body: Body, bucket: String,
    makeMutation: @escaping @Sendable (StoredBlob) throws -> LogRecord.Mutation
  ) async throws -> StoredBlob where Body.Element == ByteBuffer

  /// Makes a mutation that carries no new bytes durable and visible.
  /// - Throws: ``EngineError``, or what the index refuses.
  func commit(_ mutation: LogRecord.Mutation) async throws

  /// The plain bytes of `range`, verified shard by shard and record by record before they are given
  /// out. Reads with any k of n shards; stops when nobody consumes.
  /// - Precondition: `range` lies within the blob's length.
  func read(
    _ blob: StoredBlob, bucket: String, range: Range<UInt64>
  ) -> AsyncThrowingStream<ByteBuffer, any Error>

  /// How the engine stands: class in force, staged bytes, what is degraded.
  func status() async -> EngineStatus

  /// How long the customer's money lasts; nil where nobody keeps count.
  func funding() async -> FundingStatus?
}

extension ObjectEngine {
  package func funding() async -> FundingStatus? { nil }
}

/// How long a customer's money lasts, for response headers, `status` and the page.
package struct FundingStatus: Hashable, Sendable {
  package let level: LeaseFunding.Level
  /// Seconds until new data is refused; nil for without an end.
  package let runwaySeconds: UInt64?
  /// What must be added before new data is taken.
  package let needed: Credits
  /// What to tell the customer; nil while there is nothing to be done.
  package let warning: String?

  package init(
    level: LeaseFunding.Level, runwaySeconds: UInt64?, needed: Credits, warning: String?
  ) {
    self.level = level
    self.runwaySeconds = runwaySeconds
    self.needed = needed
    self.warning = warning
  }
}

/// Why the engine did not do what was asked.
package enum EngineError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Too few operators are alive for the weakest class, the staging reserve is full, or the ledger
  /// is down: try again later (S3: 503 SlowDown).
  case unavailable(reason: String)
  /// Another gateway writes for this customer: this one may neither write nor read (S3: 503).
  case fenced(reason: String)
  /// The lease has no money for more writes (S3: 403). `needed` says how much.
  case unfunded(needed: Credits)
  /// Fewer than k shards of a stripe could be read and verified.
  case unreadable(reason: String)
  /// The stored bytes do not decrypt: they are not what was written.
  case corrupt(reason: String)

  package var description: String {
    switch self {
    case .unavailable(let reason), .fenced(let reason): reason
    case .unfunded(let needed):
      "The storage lease has run out of credits: \(needed) more are needed; top it up."
    case .unreadable(let reason): "Too few shards could be read: \(reason)"
    case .corrupt(let reason): "Stored data failed its integrity check: \(reason)"
    }
  }
}

/// How an engine stands, for `status` and the page.
package struct EngineStatus: Hashable, Sendable, Codable {
  /// The class of new segments, such as `RS(6,12)`; nil when none can be opened.
  package var classInForce: String?
  /// Why no class is in force, when none is.
  package var unavailableReason: String?
  /// Payload bytes that are acknowledged and not yet in a committed bundle.
  package var stagedBytes: UInt64
  /// Bundles with fewer live slots than n.
  package var degradedBundles: Int
  /// Bundles of a weaker class than the one in force, waiting to be coded again.
  package var bundlesToRecode: Int
  /// Payload bytes of bundles that are wanted.
  package var bundledBytes: UInt64
  /// Of those, bytes that nobody wants and that are still paid for.
  package var garbageBytes: UInt64

  package init(
    classInForce: String?, unavailableReason: String?, stagedBytes: UInt64, degradedBundles: Int,
    bundlesToRecode: Int, bundledBytes: UInt64 = 0, garbageBytes: UInt64 = 0
  ) {
    self.classInForce = classInForce
    self.unavailableReason = unavailableReason
    self.stagedBytes = stagedBytes
    self.degradedBundles = degradedBundles
    self.bundlesToRecode = bundlesToRecode
    self.bundledBytes = bundledBytes
    self.garbageBytes = garbageBytes
  }
}

/// Where log records become visible: the S3 side's index.
package protocol MutationIndex: Sendable {
  /// Applies records in order of their sequence in one durable transaction. Records whose sequence
  /// was applied before are skipped.
  /// - Returns: by sequence number, the records that have no effect and why (a precondition that
  ///   did not hold, say). They stay in the log and have no effect on replay either.
  /// - Throws: when the index's disk fails; the records then stay in the network's log and are
  ///   applied at the next start.
  func apply(_ records: [LogRecord]) async throws -> [UInt64: any Error]
  /// The highest sequence that was applied; 0 when none was.
  func appliedSequence() async throws -> UInt64
}
