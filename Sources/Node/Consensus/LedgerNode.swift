import Cryptography
import Ledger
import LedgerStore
import Locks
import Logging
import Metrics
import Primitives
import ServiceKit

/// The ledger behind the driver boundary: executes blocks one after the other on a thread of its
/// own, persists them, and answers checks and queries from the last committed state meanwhile.
package actor LedgerNode: LedgerApplication {
  /// How a node is run.
  package struct Configuration: Sendable {
    /// Whether the ledger's invariants are checked: after every block, or, in a state of more rows
    /// than ``rowsCheckedInBlocks``, now and then beside the blocks.
    package var checksInvariants: Bool
    /// The most rows that are added up before a block is committed: some 3 ms of work.
    package var rowsCheckedInBlocks = 2_000
    /// This validator's account and beacon key; nil on a node that only follows.
    package var validator: (account: AccountID, key: VerifiableRandomKey)?
    /// What this validator says a token costs; nil reports no price.
    package var priceSource: (any TokenPriceSource)?
    /// Signs prices: the key of the validator's account.
    package var signingKey: SigningKey?
    /// For how many heights the engine keeps blocks at least; nil keeps all. Blocks since the
    /// oldest served snapshot are kept besides.
    package var keptBlocks: UInt64?
    /// Where snapshots are kept for others; nil takes none.
    package var snapshots: SnapshotStore?
    /// After how many blocks a snapshot is taken, the first after a tenth of it; 0 takes none.
    package var snapshotInterval: UInt64 = 1000

    package init(
      checksInvariants: Bool = true,
      validator: (account: AccountID, key: VerifiableRandomKey)? = nil,
      priceSource: (any TokenPriceSource)? = nil, signingKey: SigningKey? = nil,
      keptBlocks: UInt64? = nil
    ) {
      self.checksInvariants = checksInvariants
      self.validator = validator
      self.priceSource = priceSource
      self.signingKey = signingKey
      self.keptBlocks = keptBlocks.map { max($0, 1) }
    }
  }

  /// The last committed state. Shared as it is: a reader takes a reference, since a copy of the
  /// machine would count up each of the dozens of arrays that it is made of.
  final class Committed: Sendable {
    let machine: LedgerMachine
    let info: ApplicationInfo

    init(machine: LedgerMachine, info: ApplicationInfo) {
      self.machine = machine
      self.info = info
    }
  }

  private struct Pending {
    let machine: LedgerMachine
    let commit: BlockCommit
    let itemHashes: [Digest]
  }

  private let executor = QueueExecutor(label: "trellis.ledger")
  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    executor.asUnownedSerialExecutor()
  }

  package nonisolated let genesis: Genesis
  /// Where the ledger is kept.
  package nonisolated let store: any LedgerStoring
  package nonisolated let verifier = SignatureVerifier()
  nonisolated let configuration: Configuration
  private nonisolated let services: [any ServiceModule]
  private nonisolated let committed: Locked<Committed>
  private nonisolated let failure = Locked<NodeError?>(nil)
  let logger: Logger
  private var isInitialised: Bool
  private var pending: Pending?
  /// The snapshot that is being restored, and the chunks of it that are in.
  var restoration: (snapshot: SnapshotDescription, reader: SnapshotReader)?
  /// Whether a large state's invariants are being checked now, and from what height on again.
  private var isChecking = false
  private var nextCheckedHeight: UInt64 = 0
  /// Blocks from one check of a large state to the next.
  private static let blocksBetweenChecks: UInt64 = 64

  /// Opens the ledger: from the store, or, when that is empty, from the genesis.
  /// - Throws: ``NodeError``.
  package init(
    genesis: Genesis, services: [any ServiceModule], store: any LedgerStoring,
    configuration: Configuration, logger: Logger
  ) throws(NodeError) {
    self.genesis = genesis
    self.services = services
    self.store = store
    self.configuration = configuration
    self.logger = logger
    let stored: StoredLedger?
    do {
      stored = try store.loadLatest()
    } catch {
      throw .store(error)
    }
    isInitialised = stored != nil
    committed = Locked(try Self.open(stored, genesis: genesis, services: services))
  }

  private static func open(
    _ stored: StoredLedger?, genesis: Genesis, services: [any ServiceModule]
  ) throws(NodeError) -> Committed {
    let chain = genesis.chain
    if let stored, stored.meta.chain != chain {
      throw .otherChain(stored: stored.meta.chain, genesis: chain)
    }
    let machine: LedgerMachine
    do {
      machine =
        if let stored {
          try LedgerMachine(
            genesis: genesis, services: services, rows: stored.rows,
            expectedRoot: stored.meta.stateRoot)
        } else {
          try LedgerMachine(genesis: genesis, services: services)
        }
    } catch {
      if case .rootMismatch(let expected, let found) = error {
        throw .stateRootMismatch(
          height: stored?.meta.height ?? 0, stored: expected, computed: found)
      }
      if stored != nil { throw .store(.corrupt(what: "the rows make no ledger: \(error)")) }
      throw .badGenesis("\(error)")
    }
    return Committed(
      machine: machine,
      info: ApplicationInfo(
        chain: chain, chainName: genesis.chainName, height: stored?.meta.height ?? 0,
        stateRoot: machine.stateRoot, blockHash: stored?.meta.blockHash ?? .zero,
        timeMilliseconds: stored?.meta.timeMilliseconds ?? genesis.genesisTimeMilliseconds))
  }

  // MARK: Reading the committed state

  private nonisolated var last: Committed { committed.withLock { $0 } }

  /// The last committed state; never waits for a block.
  package nonisolated var machine: LedgerMachine { last.machine }

  /// Where the last committed state stands.
  package nonisolated var committedInfo: ApplicationInfo { last.info }

  /// Why the node has stopped, or nil while it works.
  package nonisolated var halted: NodeError? { failure.withLock { $0 } }

  package func info() async -> ApplicationInfo { committedInfo }

  package nonisolated func query(_ query: ApplicationQuery) async -> QueryOutcome {
    StateQuery(committed: last, store: store).answer(query)
  }

  package nonisolated func checkTransaction(
    _ item: [UInt8], kind: CheckKind
  ) async -> CheckOutcome {
    let state = last
    do throws(Rejection) {
      let transaction: Transaction
      switch kind {
      case .new:
        let checked = try state.machine.check(item) { verifier.knows($0) }
        verifier.remember(checked.hash)
        transaction = checked.transaction
      case .recheck: transaction = try state.machine.recheck(item)
      }
      return .accepted(
        LanePlace(
          lane: LaneAddress(sender: transaction.sender, lane: transaction.lane),
          sequence: transaction.sequence, expiryHeight: transaction.expiryHeight))
    } catch {
      return .rejected(error)
    }
  }

  /// The sequence that a lane's next transaction must have.
  package nonisolated func nextSequence(_ lane: LaneAddress) -> UInt64 {
    last.machine.nextSequence(of: lane.sender, lane: lane.lane)
  }

  // MARK: Vote extensions

  package func extendVote(height: UInt64) async -> [UInt8] {
    guard let validator = configuration.validator else { return [] }
    let next = height.addingSaturated(1)
    let state = machine
    guard next == state.height + 1 || next == state.height + 2 else { return [] }
    // Others refuse a vote with a price that cannot be one, so it is not said.
    let price = await configuration.priceSource?.price().flatMap {
      $0 > .zero && $0 <= PriceReport.limit ? $0 : nil
    }
    return VoteExtension(
      contribution: state.beaconContribution(
        key: validator.key, account: validator.account, height: next),
      price: price.flatMap { price in
        configuration.signingKey.map {
          PriceReport.sign(price, height: next, chain: state.chain, with: $0)
        }
      }
    ).canonicalBytes()
  }

  package nonisolated func verifyVoteExtension(
    _ extension: [UInt8], height: UInt64, validator: ConsensusAddress
  ) async -> Bool {
    if `extension`.isEmpty { return true }
    guard let extended = try? VoteExtension(canonicalBytes: `extension`) else { return false }
    return last.machine.accepts(extended, by: validator, height: height.addingSaturated(1))
  }

  // MARK: Blocks

  package func initChain(_ start: ChainStart? = nil) async throws(NodeError) -> ChainStarted {
    let state = last
    let validators = state.machine.validatorSet
    if let start {
      guard state.info.height == 0 else {
        throw .outOfOrder("InitChain at height \(state.info.height)")
      }
      try start.check(against: genesis, validators: validators)
      if !start.namesChain {
        logger.warning(
          "the engine's genesis names no chain in app_state; its name and validators fit")
      }
    }
    if isInitialised { return ChainStarted(info: state.info, validators: validators) }
    let meta = StoreMeta(
      chain: state.info.chain, height: 0, stateRoot: state.info.stateRoot, blockHash: .zero,
      timeMilliseconds: state.info.timeMilliseconds)
    try persist(
      BlockCommit(meta: meta, block: nil, results: nil, changes: Self.allRows(of: state.machine)))
    isInitialised = true
    return ChainStarted(info: state.info, validators: validators)
  }

  /// What an empty store is given.
  private static func allRows(
    of machine: LedgerMachine
  ) -> [(key: StateKey, value: [UInt8]?)] {
    var rows: [(key: StateKey, value: [UInt8]?)] = []
    rows.reserveCapacity(machine.rowCount)
    machine.forEachRow { key, value in rows.append((key, value)) }
    return rows
  }

  package func prepareProposal(_ request: ProposalRequest) async throws(NodeError) -> [[UInt8]] {
    try checkRunning()
    return last.machine.proposal(
      extensions: request.votes.compactMap {
        try? VoteExtension(canonicalBytes: $0.voteExtension)
      },
      candidates: request.candidates, signatureVerdicts: verifier.verify(request.candidates),
      byteLimit: request.byteLimit)
  }

  package func processProposal(_ proposal: ProposedBlock) async -> ProposalVerdict {
    let state = machine
    let input = BlockInput(
      height: proposal.height, timeMilliseconds: proposal.timeMilliseconds, items: proposal.items,
      proposer: state.validator(at: proposal.proposer) ?? .zero, lastCommit: proposal.lastCommit,
      misbehaviour: proposal.misbehaviour)
    do throws(Rejection) {
      try state.checkProposal(input, signatureVerdicts: verifier.verify(proposal.items))
      return .accept
    } catch {
      return .reject(reason: error.description)
    }
  }

  package func finalizeBlock(_ block: DecidedBlock) async throws(NodeError) -> FinalizedBlock {
    try checkRunning()
    let started = ContinuousClock.now
    let info = committedInfo
    guard block.height == info.height + 1 else {
      throw .outOfOrder("FinalizeBlock(\(block.height)) after height \(info.height)")
    }
    guard isInitialised else { throw .outOfOrder("FinalizeBlock before InitChain") }
    var next = machine
    let (input, isAmended) = block.input(for: next)
    let outcome = next.execute(input, signatureVerdicts: verifier.verify(input.items))
    if let refusal = outcome.refusal {
      throw .blockRefused(height: block.height, reason: refusal.description)
    }
    try checkInvariants(next, height: block.height)
    let results = StoredResults(outcome, droppingFirst: isAmended)
    let meta = StoreMeta(
      chain: info.chain, height: block.height, stateRoot: outcome.stateRoot,
      blockHash: block.hash, timeMilliseconds: block.timeMilliseconds)
    pending = Pending(
      machine: next,
      commit: BlockCommit(
        meta: meta, block: block.record, results: results, changes: outcome.changes),
      itemHashes: outcome.results.map(\.hash))
    Timer(label: "ledger_block_execution_seconds").record(duration: .now - started)
    return FinalizedBlock(
      height: block.height, results: results, validatorUpdates: outcome.validatorUpdates)
  }

  private func checkInvariants(
    _ machine: LedgerMachine, height: UInt64
  ) throws(NodeError) {
    guard configuration.checksInvariants else { return }
    guard machine.rowCount <= configuration.rowsCheckedInBlocks else {
      return checkBeside(machine, height: height)
    }
    do {
      try machine.checkInvariants()
    } catch {
      let broken = NodeError.invariantBroken(height: height, reason: "\(error)")
      halt(broken)
      throw broken
    }
  }

  /// Adds up a million rows on a copy of the state, which shares what does not change, while blocks
  /// go on. A total that is broken halts the node some blocks later.
  private func checkBeside(_ machine: LedgerMachine, height: UInt64) {
    guard !isChecking, height >= nextCheckedHeight else { return }
    isChecking = true
    nextCheckedHeight = height.addingSaturated(Self.blocksBetweenChecks)
    Task.detached(priority: .utility) { [weak self] in
      var reason: String?
      do { try machine.checkInvariants() } catch { reason = "\(error)" }
      await self?.checked(height: height, broken: reason)
    }
  }

  private func checked(height: UInt64, broken reason: String?) {
    isChecking = false
    if let reason { halt(.invariantBroken(height: height, reason: reason)) }
  }

  package func commit() async throws(NodeError) -> CommitOutcome {
    try checkRunning()
    guard let pending else { throw .outOfOrder("Commit without FinalizeBlock") }
    let started = ContinuousClock.now
    try persist(pending.commit)
    let meta = pending.commit.meta
    let info = ApplicationInfo(
      chain: meta.chain, chainName: genesis.chainName, height: meta.height,
      stateRoot: meta.stateRoot, blockHash: meta.blockHash,
      timeMilliseconds: meta.timeMilliseconds)
    publish(Committed(machine: pending.machine, info: info))
    self.pending = nil
    verifier.forget(pending.itemHashes)
    let outcome = CommitOutcome(info: info, retainHeight: retainHeight(at: meta.height))
    takeSnapshotIfDue(pending.machine)
    Timer(label: "ledger_block_commit_seconds").record(duration: .now - started)
    Gauge(label: "ledger_height").record(meta.height)
    return outcome
  }

  /// Makes a state the last committed one. The one before goes outside of the lock, since letting
  /// go of what only it held takes a while.
  private func publish(_ state: Committed) {
    let previous = committed.withLock { last in
      defer { last = state }
      return last
    }
    withExtendedLifetime(previous) {}
  }

  /// Below which the engine may forget blocks; 0 keeps all. Whoever restores a snapshot needs those
  /// from its height on, so none goes that is younger than the oldest that is served.
  private func retainHeight(at height: UInt64) -> UInt64 {
    guard let kept = configuration.keptBlocks, height > kept else { return 0 }
    let wanted = height - kept + 1
    if let oldest = configuration.snapshots?.descriptions.last {
      return min(wanted, oldest.height)
    }
    let isFirstToCome = configuration.snapshots != nil && configuration.snapshotInterval > 0
    return isFirstToCome ? 0 : wanted
  }

  /// Takes a restored state over: checked as a whole, durable, and the last committed one.
  func adopt(
    _ rows: StateRows, root: Digest, height: UInt64
  ) throws(NodeError) {
    guard !isInitialised else { throw .outOfOrder("a snapshot for a ledger that has a state") }
    let machine: LedgerMachine
    do {
      machine = try LedgerMachine(
        genesis: genesis, services: services, rows: rows, expectedRoot: root)
    } catch {
      throw .badSnapshot("\(error)")
    }
    guard machine.height == height else {
      throw .badSnapshot("it is of height \(machine.height), not \(height)")
    }
    let meta = StoreMeta(
      chain: genesis.chain, height: height, stateRoot: root, blockHash: .zero,
      timeMilliseconds: machine.lastTimeMilliseconds)
    try persist(
      BlockCommit(meta: meta, block: nil, results: nil, changes: Self.allRows(of: machine)))
    isInitialised = true
    let info = ApplicationInfo(
      chain: genesis.chain, chainName: genesis.chainName, height: height, stateRoot: root,
      blockHash: .zero, timeMilliseconds: machine.lastTimeMilliseconds)
    publish(Committed(machine: machine, info: info))
    logger.info("snapshot restored", metadata: ["height": "\(height)"])
  }

  /// Whether there is a state, be it the genesis state.
  var hasState: Bool { isInitialised }

  /// Writes to the store; a failure halts the node, since what is stored is not known any more.
  private func persist(_ commit: BlockCommit) throws(NodeError) {
    do {
      try store.commit(commit)
    } catch {
      halt(.store(error))
      throw .store(error)
    }
  }

  private func checkRunning() throws(NodeError) {
    if let halted { throw .halted(halted.description) }
  }

  /// Stops all further blocks.
  private func halt(_ error: NodeError) {
    failure.withLock { $0 = $0 ?? error }
    logger.critical("the ledger stops", metadata: ["reason": "\(error)"])
  }
}

extension StoredResults {
  /// An outcome as it is kept.
  /// - Parameter droppingFirst: whether the first item was not the block's own.
  init(_ outcome: BlockOutcome, droppingFirst: Bool = false) {
    let dropped = droppingFirst ? 1 : 0
    self.init(
      results: outcome.results.dropFirst(dropped).map {
        StoredItemResult(code: $0.code, codeName: $0.codeName, detail: $0.detail)
      },
      events: outcome.events.map {
        StoredEvent(
          itemIndex: $0.itemIndex.flatMap { UInt32(exactly: $0 - dropped) }, event: $0.event)
      },
      stateRoot: outcome.stateRoot)
  }
}
