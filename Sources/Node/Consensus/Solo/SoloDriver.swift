import Cryptography
import Ledger
import LedgerStore
import Logging
import Metrics
import Primitives
import ServiceKit

/// Orders blocks inside the process: the embedded default, for one validator.
///
/// A block is made as soon as a transaction waits and the interval since the last block is over;
/// when the ledger has work due (a draw, a deadline, an epoch's end), as soon as its clock can be
/// there; otherwise never. A block's effects are durable before anyone hears of it. Since block,
/// rows, results and index are stored in one transaction, a crash at any moment leaves the last
/// whole block, and a transaction without an answer is simply sent again.
package actor SoloDriver {
  /// How blocks are made.
  package struct Configuration: Sendable {
    /// The least time between two blocks, in milliseconds.
    package var intervalMilliseconds: UInt64 = 1000
    /// How long a block that a transaction brings waits for others to join it, in milliseconds.
    package var gatherMilliseconds: UInt64 = 5
    /// The most transactions of a block.
    package var countLimit = 20_000
    /// The most bytes of a block's items.
    package var byteLimit = 20 << 20
    /// How long `broadcast_tx_commit` waits, in milliseconds.
    package var commitWaitMilliseconds: UInt64 = 20_000

    package init(intervalMilliseconds: UInt64 = 1000) {
      self.intervalMilliseconds = intervalMilliseconds
    }
  }

  package nonisolated let application: LedgerNode
  package nonisolated let events = ChainEvents()
  package nonisolated let configuration: Configuration
  private nonisolated let key: SigningKey
  private nonisolated let clock: any BlockClock
  private nonisolated let signal = WakeSignal()
  private nonisolated let logger: Logger

  private var mempool = Mempool()
  private var schedule: BlockSchedule
  private var waiters: [Digest: [CheckedContinuation<ItemFate, Never>]] = [:]
  private var halted: NodeError?

  /// A driver for `application`, which signs blocks with the validator's ledger key.
  package init(
    application: LedgerNode, key: SigningKey, configuration: Configuration = Configuration(),
    clock: any BlockClock = SystemBlockClock(), logger: Logger
  ) {
    self.application = application
    self.key = key
    self.configuration = configuration
    self.clock = clock
    self.logger = logger
    schedule = BlockSchedule(
      intervalMilliseconds: configuration.intervalMilliseconds,
      lastTime: application.committedInfo.timeMilliseconds, wall: clock.wallMilliseconds(),
      steady: clock.steadyMilliseconds())
  }

  /// The validator's account.
  package nonisolated var proposer: AccountID { key.accountID }

  /// Why no block is made any more; nil while the driver works.
  package var haltReason: String? { (halted ?? application.halted)?.description }

  // MARK: Making blocks

  /// Makes blocks until the task is cancelled.
  /// - Throws: ``NodeError`` when the ledger or its store fails: nothing was acknowledged that is
  ///   not durable, and the process should end and be started again.
  package func run() async throws {
    do {
      _ = try await application.initChain()
      while !Task.isCancelled {
        let due = nextDue()
        if let due, due <= clock.steadyMilliseconds() {
          try await makeBlock()
        } else {
          await sleepUntilWork(or: due)
        }
      }
    } catch is CancellationError {
      return
    } catch {
      halt(error)
      throw error
    }
  }

  /// When the next block is due on the steady clock; nil when only a transaction brings one.
  func nextDue() -> UInt64? {
    let machine = application.machine
    let isReady = mempool.hasReady { machine.nextSequence(of: $0.sender, lane: $0.lane) }
    return schedule.due(
      hasTransactions: isReady, work: machine.nextWork, ledgerTime: machine.time)
  }

  private func sleepUntilWork(or due: UInt64?) async {
    let (signal, clock) = (signal, clock)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await signal.wait() }
      if let due { group.addTask { try? await clock.sleep(untilSteady: due) } }
      _ = await group.next()
      group.cancelAll()
    }
  }

  /// Makes, stores and announces one block.
  func makeBlock() async throws {
    if configuration.gatherMilliseconds > 0, mempool.count > 0 {
      try await clock.sleep(
        untilSteady: clock.steadyMilliseconds() + configuration.gatherMilliseconds)
    }
    let info = application.committedInfo
    let steady = clock.steadyMilliseconds()
    let time = schedule.blockTime(wall: clock.wallMilliseconds(), steady: steady)
    let items = try await proposal(height: info.height + 1, time: time)
    let header = BlockHeader(
      height: info.height + 1, timeMilliseconds: time, chain: info.chain,
      previousBlockHash: info.blockHash, itemsHash: StoredBlock.itemsHash(of: items),
      appHash: info.stateRoot, proposer: proposer)
    let block = StoredBlock(
      header: header,
      signature: key.sign(domain: StoredBlock.signatureDomain, header.hash.bytes), items: items)
    let finalized = try await application.finalizeBlock(DecidedBlock(block))
    _ = try await application.commit()
    schedule.made(time: time, steady: steady)
    committed(CommittedBlock(block: block, results: finalized.results))
  }

  private func proposal(height: UInt64, time: UInt64) async throws -> [[UInt8]] {
    let machine = application.machine
    let chosen = mempool.selection(
      countLimit: configuration.countLimit, byteLimit: configuration.byteLimit
    ) { machine.nextSequence(of: $0.sender, lane: $0.lane) }
    let address = ConsensusAddress(publicKey: proposer.value)
    // As with an engine of many validators, nobody voted for a block before the first.
    let votes =
      height == 1
      ? []
      : [
        ExtendedVote(
          vote: CommitVote(validator: address, power: 1, flag: .commit),
          voteExtension: await application.extendVote(height: height - 1))
      ]
    let items = try await application.prepareProposal(
      ProposalRequest(
        height: height, timeMilliseconds: time, candidates: chosen.map(\.bytes),
        byteLimit: configuration.byteLimit, votes: votes))
    let verdict = await application.processProposal(
      ProposedBlock(height: height, timeMilliseconds: time, items: items, proposer: address))
    if case .reject(let reason) = verdict {
      throw NodeError.blockRefused(height: height, reason: reason)
    }
    return items
  }

  /// Tells everyone of a durable block.
  private func committed(_ block: CommittedBlock) {
    let height = block.block.header.height
    for (index, item) in block.block.items.enumerated().dropFirst() {
      resolve(
        Digest.sha256(item), .committed(CommittedItem(block: block, index: index)))
    }
    let machine = application.machine
    let stale = mempool.removeStale(height: height) {
      machine.nextSequence(of: $0.sender, lane: $0.lane)
    }
    for transaction in stale { resolve(transaction.hash, .dropped) }
    events.publish(block)
    Counter(label: "ledger_transactions_total").increment(by: block.block.items.count - 1)
    Gauge(label: "ledger_mempool_transactions").record(mempool.count)
    logger.debug(
      "block",
      metadata: [
        "height": "\(height)", "transactions": "\(block.block.items.count - 1)",
      ])
  }

  private func halt(_ error: any Error) {
    halted = error as? NodeError ?? .halted("\(error)")
    logger.critical("no more blocks", metadata: ["reason": "\(error)"])
    let waiting = waiters
    waiters = [:]
    for continuation in waiting.values.flatMap(\.self) { continuation.resume(returning: .halted) }
  }

  private func resolve(_ hash: Digest, _ fate: ItemFate) {
    for continuation in waiters.removeValue(forKey: hash) ?? [] {
      continuation.resume(returning: fate)
    }
  }

  // MARK: Transactions

  /// Takes a transaction in. Bytes that wait already, or are in a block, are taken as done.
  package func submit(_ item: [UInt8]) async -> Submission {
    let hash = Digest.sha256(item)
    if let reason = haltReason { return .unavailable(reason) }
    if mempool.contains(hash) { return .waiting(hash) }
    if let found = committedTransaction(hash) { return .committed(found) }
    switch await application.checkTransaction(item, kind: .new) {
    case .rejected(let rejection):
      // It may have been committed while it was checked.
      if let found = committedTransaction(hash) { return .committed(found) }
      return .rejected(hash, rejection)
    case .accepted(let place):
      return insert(WaitingTransaction(hash: hash, bytes: item, place: place))
    }
  }

  /// A transaction of a stored block; item 0, which nobody sends, is none.
  private nonisolated func committedTransaction(_ hash: Digest) -> CommittedItem? {
    committedItem(hash).flatMap { $0.index > 0 ? $0 : nil }
  }

  private func insert(_ transaction: WaitingTransaction) -> Submission {
    do throws(MempoolRefusal) {
      try mempool.insert(transaction)
    } catch {
      switch error {
      case .full(let count, let bytes):
        return .unavailable("mempool is full: \(count) transactions, \(bytes) bytes")
      case .laneFull(let limit):
        return .unavailable("mempool is full: \(limit) transactions wait in this lane")
      case .placeTaken(let other):
        return .rejected(
          transaction.hash,
          Rejection(
            .sequenceUsed,
            "transaction \(other) with sequence \(transaction.place.sequence) waits already"))
      }
    }
    signal.wake()
    return .waiting(transaction.hash)
  }

  /// Takes a transaction in and waits until it is durable in a block.
  package func submitAndWait(_ item: [UInt8]) async -> Submission {
    let submission = await submit(item)
    guard case .waiting(let hash) = submission else { return submission }
    if let found = committedItem(hash) { return .committed(found) }
    let deadline = clock.steadyMilliseconds() + configuration.commitWaitMilliseconds
    let timer = Task { [clock] in
      try await clock.sleep(untilSteady: deadline)
      self.resolve(hash, .late)
    }
    let fate = await fate(of: hash)
    timer.cancel()
    switch fate {
    case .committed(let item): return .committed(item)
    case .late: return .waiting(hash)
    case .halted: return .unavailable(haltReason ?? "the node stops")
    case .dropped:
      if let found = committedItem(hash) { return .committed(found) }
      return .rejected(
        hash, Rejection(.expired, "it expired, or another transaction used its sequence"))
    }
  }

  private func fate(of hash: Digest) async -> ItemFate {
    guard mempool.contains(hash) else {
      return committedItem(hash).map { .committed($0) } ?? .dropped
    }
    return await withCheckedContinuation { waiters[hash, default: []].append($0) }
  }

  /// A transaction that is in a stored block.
  package nonisolated func committedItem(_ hash: Digest) -> CommittedItem? {
    let store = application.store
    guard let location = try? store.location(ofItem: hash),
      let block = try? store.block(at: location.height),
      let results = try? store.results(at: location.height)
    else { return nil }
    return CommittedItem(
      block: CommittedBlock(block: block, results: results), index: location.index)
  }

  /// What waits: at most `limit` transactions, and how many and how many bytes there are in all.
  package func unconfirmed(limit: Int) -> (items: [[UInt8]], total: Int, bytes: Int) {
    (mempool.listing(limit: limit).map(\.bytes), mempool.count, mempool.byteCount)
  }
}
