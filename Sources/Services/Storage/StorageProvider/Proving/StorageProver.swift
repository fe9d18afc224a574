import Cryptography
import Ledger
import Logging
import Metrics
import NIOPosix
import Primitives
import ServiceKit
import StorageService

/// Answers the ledger's proof rounds: it looks at the ledger with every block, sees for itself what
/// is asked of this provider, walks, posts, and opens.
///
/// Nothing needs to be kept between blocks or over a restart: a walk is a function of the ledger's
/// rows and of the shards, and is made again when it is not in memory.
package actor StorageProver {
  let key: SigningKey
  private let store: ShardStore
  let access: any StorageLedgerAccess
  let threads: NIOThreadPool
  let logger: Logger
  /// The walk of the running challenge.
  private var walk: (round: RoundID, attempt: UInt8, walk: PossessionWalk)?
  /// Manifests of the provider's bundles by their hash; checked once.
  private var manifests: [Digest: BundleManifest] = [:]
  /// What was submitted already, so that a block that changes nothing submits nothing.
  private var submitted: Set<Submission> = []
  /// Demands for steps that were answered, or that cannot be.
  var settledDemands: Set<UInt64> = []

  fileprivate struct Submission: Hashable {
    let round: RoundID
    let attempt: UInt8
    let isOpening: Bool
    /// Who misses the window for openings gets it once more, for the same steps.
    let isExtended: Bool
  }

  package init(
    key: SigningKey, store: ShardStore, access: any StorageLedgerAccess, threads: NIOThreadPool,
    logger: Logger = Logger(label: "storage-prover")
  ) {
    self.key = key
    self.store = store
    self.access = access
    self.threads = threads
    self.logger = logger
  }

  var provider: ProviderID { key.accountID }

  /// Does what the ledger asks for now. Called with each block.
  /// - Throws: when the ledger does not answer; the next block tries again.
  package func step() async throws {
    try await openDemanded()
    let record = try await access.value(
      StorageKeys.provider(provider), as: StorageProviderRecord.self)
    guard let record, record.openRound > 0 else {
      (walk, submitted) = (nil, [])
      return
    }
    let id = RoundID(number: record.openRound)
    guard let round = try await access.value(StorageKeys.round(id), as: RoundRecord.self),
      let challenge = try await access.value(
        StorageKeys.challenge(id, provider), as: ChallengeRecord.self), !challenge.state.isOver
    else { return }
    switch round.phase {
    case .walking where challenge.state == .walking || challenge.state == .retrying:
      try await post(round, challenge)
    case .opening where challenge.state == .opening: try await open(round, challenge)
    default: break
    }
  }

  // MARK: Walking

  private func post(_ round: RoundRecord, _ challenge: ChallengeRecord) async throws {
    let submission = Submission(
      round: round.id, attempt: round.attempt, isOpening: false, isExtended: false)
    guard !submitted.contains(submission),
      let walk = try await currentWalk(round, challenge)
    else { return }
    let payload = PostTranscript(
      round: round.id, attempt: round.attempt, transcriptRoot: walk.transcriptRoot)
    try await submit(.postTranscript(payload), lane: ProviderLane.transcripts, as: submission)
  }

  private func open(_ round: RoundRecord, _ challenge: ChallengeRecord) async throws {
    let submission = Submission(
      round: round.id, attempt: round.attempt, isOpening: true, isExtended: round.isExtended)
    guard !submitted.contains(submission), let walk = try await currentWalk(round, challenge)
    else { return }
    guard walk.transcriptRoot == challenge.transcriptRoot else {
      logger.error("The walk does not lead to the transcript that was posted.")
      return
    }
    let count = try await parameter("storage.opened-steps")
    let named = walk.challenge.namedSteps(
      beacon: round.openingBeacon, transcriptRoot: challenge.transcriptRoot,
      count: UInt32(clamping: count))
    let source = try await possession()
    do {
      let openings = try await threads.runIfActive { try walk.openings(of: named, source: source) }
      let payload = OpenSteps(round: round.id, attempt: round.attempt, openings: openings)
      try await submit(.openSteps(payload), lane: ProviderLane.openings, as: submission)
    } catch let error as ShardPossession.Unreadable { try await unreadable(error) }
  }

  private func submit(
    _ payload: StoragePayload, lane: UInt8, as submission: Submission
  ) async throws {
    do {
      try await access.submit(payload, lane: lane)
      submitted.insert(submission)
      Counter(label: "storage_proofs_submitted", dimensions: [("kind", submission.kind)])
        .increment()
    } catch let refusal as LedgerRefusal {
      // Too late, or done already by an earlier life of this process: there is nothing to repeat.
      submitted.insert(submission)
      logger.warning("The ledger refused a proof.", metadata: ["why": "\(refusal)"])
    }
  }

  private func currentWalk(
    _ round: RoundRecord, _ challenge: ChallengeRecord
  ) async throws -> PossessionWalk? {
    if let walk, walk.round == round.id, walk.attempt == round.attempt { return walk.walk }
    let steps = try await parameter("storage.walk-steps")
    let rows = try await obligations()
    let source = try await possession(rows)
    let demanded = WalkChallenge(challenge, round: round, steps: UInt32(clamping: steps))
    do {
      let made = try await threads.runIfActive {
        try PossessionWalk(
          challenge: demanded, obligations: rows, frozenHeight: challenge.frozenHeight,
          source: source)
      }
      walk = (round.id, round.attempt, made)
      return made
    } catch let error as ShardPossession.Unreadable {
      try await unreadable(error)
      return nil
    } catch let error as ShardPossession.Missing {
      try await giveBack(error.bundle, rows)
      return nil
    } catch let error as PossessionError {
      logger.warning("No walk could be made.", metadata: ["why": "\(error)"])
      return nil
    }
  }

  // MARK: What is owed

  func parameter(_ name: String) async throws -> UInt128 {
    guard let record = try await access.value(StateKeys.parameter(name), as: ParameterRecord.self)
    else { throw LedgerRefusal(code: 0, description: "the ledger has no parameter \(name)") }
    return record.value
  }

  func obligations() async throws -> [ObligationRecord] {
    try await access.values(in: StorageKeys.obligations(of: provider), as: ObligationRecord.self)
      .map(\.value)
  }

  private func possession() async throws -> ShardPossession {
    try await possession(try await obligations())
  }

  func possession(_ rows: [ObligationRecord]) async throws -> ShardPossession {
    var columns: [BundleID: (manifest: BundleManifest, slot: UInt8)] = [:]
    let held = try await threads.runIfActive { [store] in try store.index.statements() }
    // A statement's column root is its bundle's own: it binds every shard root.
    var keys: [Digest: Digest] = [:]
    for entry in held { keys[entry.statement.columnRoot] = entry.statement.bundleKey }
    for row in rows {
      guard let bundleKey = keys[row.columnRoot], let manifest = try await manifest(bundleKey)
      else { continue }
      columns[row.bundle] = (manifest, row.slot)
    }
    return ShardPossession(store: store, provider: provider, columns: columns)
  }

  private func manifest(_ key: Digest) async throws -> BundleManifest? {
    if let known = manifests[key] { return known }
    let held = try await threads.runIfActive { [store] in try store.index.manifest(key) }
    guard let held else { return nil }
    let manifest = try BundleManifest(canonicalBytes: held.bytes)
    if manifests.count >= 256 { manifests = [:] }
    manifests[key] = manifest
    return manifest
  }

  // MARK: Damage

  /// A leaf cannot be read. Lost or changed bytes are declared at once, which costs little; a disk
  /// that fails for a moment is tried again with the next block.
  func unreadable(_ error: ShardPossession.Unreadable) async throws {
    logger.error("A shard cannot be read.", metadata: ["why": "\(error.refusal)"])
    guard error.refusal.code == .damaged || error.refusal.code == .unknownShard else { return }
    try await declare(bundle: error.bundle, slot: error.slot)
  }

  func giveBack(_ bundle: BundleID, _ rows: [ObligationRecord]) async throws {
    guard let row = rows.first(where: { $0.bundle == bundle }) else { return }
    logger.error("A bundle's manifest is lost.", metadata: ["bundle": "\(bundle)"])
    try await declare(bundle: bundle, slot: row.slot)
  }

  /// Gives a column back that this provider can no longer read.
  package func declare(bundle: BundleID, slot: UInt8) async throws {
    do {
      try await access.submit(
        .declareCorruption(DeclareCorruption(bundle: bundle, slot: slot)),
        lane: ProviderLane.availability)
      walk = nil
      Counter(label: "storage_corruption_declared").increment()
      logger.error(
        "Declared a damaged column.", metadata: ["bundle": "\(bundle)", "slot": "\(slot)"])
    } catch let refusal as LedgerRefusal {
      logger.warning("The ledger refused a declaration.", metadata: ["why": "\(refusal)"])
    }
  }

  /// Declares the columns of shards that a scrub or a read found damaged.
  package func declareDamage() async throws {
    let damaged = store.rows().filter { $0.isDamaged && $0.bundleKey != nil }
    if damaged.isEmpty { return }
    let rows = try await obligations()
    let held = try await threads.runIfActive { [store] in try store.index.statements() }
    let roots = Dictionary(
      held.map { ($0.statement.bundleKey, $0.statement.columnRoot) },
      uniquingKeysWith: { first, _ in first })
    var given: Set<BundleID> = []
    for shard in damaged {
      guard let key = shard.bundleKey, let root = roots[key],
        let row = rows.first(where: { $0.columnRoot == root && $0.slot == shard.key.slot }),
        given.insert(row.bundle).inserted
      else { continue }
      try await declare(bundle: row.bundle, slot: row.slot)
    }
  }
}

extension StorageProver.Submission {
  fileprivate var kind: String { isOpening ? "opening" : "transcript" }
}
