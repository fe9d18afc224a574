import Cryptography
import Logging
import NIOCore
import NIOPosix
import Primitives
import ServiceKit
import StorageService

/// A storage provider: answers its link, proves, repairs, claims, scrubs.
///
/// What it needs is handed to it; it makes no sockets. `handler` is what a `LinkServer` calls, and
/// `run()` does the rest until it is cancelled. Neither a ledger nor a gateway that is down ends
/// it.
package final class StorageProviderService: Sendable {
  /// What the service is made of.
  package struct Configuration: Sendable {
    /// The provider's account key: it signs acknowledgements, statements and transactions.
    package var key: SigningKey
    /// The directory of shard files.
    package var shardDirectory: String
    /// The path of the index.
    package var indexPath: String
    /// How many bytes of shards it holds at most.
    package var quotaBytes: UInt64
    /// How fast it reads its own shards again, in bytes a second.
    package var scrubBytesPerSecond = 8 << 20
    /// How long it rests between two rounds of reading them, in seconds.
    package var scrubRestSeconds = 600
    /// Whether the owner wants no new work; asked with each block.
    package var isPaused: @Sendable () -> Bool = { false }
    /// Threads for disk work.
    package var diskThreads = 4

    package init(
      key: SigningKey, shardDirectory: String, indexPath: String, quotaBytes: UInt64
    ) {
      self.key = key
      self.shardDirectory = shardDirectory
      self.indexPath = indexPath
      self.quotaBytes = quotaBytes
    }
  }

  /// The shards.
  package let store: ShardStore
  /// Answers requests of the node link.
  package let handler: StorageLinkHandler
  package let prover: StorageProver
  package let repairer: StorageRepairer
  package let upkeep: StorageUpkeep
  package let answerer: RetrievalAnswerer
  private let ledger: LedgerView
  private let access: any StorageLedgerAccess
  private let threads: NIOThreadPool
  private let scrubber: ShardScrubber
  private let logger: Logger

  /// Opens the store and repairs what a crash left behind.
  /// - Parameters:
  ///   - access: the ledger, signed for by the same key.
  ///   - peers: other providers, for repairs.
  ///   - files: the shard files; the directory of the configuration unless a test says otherwise.
  /// - Throws: when the index or the directory cannot be opened.
  package init(
    _ configuration: Configuration, access: any StorageLedgerAccess, peers: any ProviderCalling,
    limits: any StorageLimiting, files: (any ShardFileSystem)? = nil,
    logger: Logger = Logger(label: "storage-provider")
  ) throws {
    self.access = access
    self.logger = logger
    let key = configuration.key
    threads = NIOThreadPool(numberOfThreads: max(2, configuration.diskThreads))
    threads.start()
    let index = try ShardIndex(path: configuration.indexPath)
    store = try ShardStore(
      index: index, files: files ?? DiskFileSystem(directory: configuration.shardDirectory),
      quotaBytes: configuration.quotaBytes, logger: logger)
    let accounts = try RetrievalAccounts(index: index)
    let pause = PauseSwitch(configuration.isPaused)
    ledger = LedgerView(access)
    handler = StorageLinkHandler(
      key: key, store: store, ledger: ledger, accounts: accounts, limits: limits,
      threads: threads, isPaused: { pause.isPaused }, logger: logger)
    prover = StorageProver(
      key: key, store: store, access: access, threads: threads, logger: logger)
    repairer = StorageRepairer(
      key: key, store: store, access: access, ledger: ledger, peers: peers, limits: limits,
      threads: threads, logger: logger)
    upkeep = StorageUpkeep(
      key: key, store: store, access: access, ledger: ledger, accounts: accounts,
      threads: threads, isPaused: { pause.look() }, logger: logger)
    answerer = RetrievalAnswerer(
      key: key, store: store, access: access, threads: threads, logger: logger)
    scrubber = ShardScrubber(
      store: store, threads: threads, bytesPerSecond: configuration.scrubBytesPerSecond,
      rest: .seconds(configuration.scrubRestSeconds), logger: logger)
  }

  deinit { threads.shutdownGracefully { _ in } }

  /// Whether the ledger was reached, so that requests can be judged.
  package var isReady: Bool {
    get async { await ledger.height > 0 }
  }

  /// Reads the ledger's clock; ``run()`` does it with each block.
  /// - Throws: when the ledger does not answer.
  package func refreshClock() async throws { try await ledger.refreshClock() }

  /// Works until it is cancelled.
  package func run() async {
    await withDiscardingTaskGroup { group in
      let duties: [(String, @Sendable () async throws -> Void)] = [
        ("prove", { [prover] in try await prover.step() }),
        ("repair", { [repairer] in try await repairer.step() }),
        ("retrieve", { [answerer] in try await answerer.step() }),
        ("upkeep", { [upkeep] in try await upkeep.step() }),
      ]
      let signals = duties.map { _ in BlockSignal() }
      for (duty, signal) in zip(duties, signals) {
        group.addTask { [self] in await work(duty.0, on: signal, duty.1) }
      }
      group.addTask { [self] in await follow(signals) }
      group.addTask { [scrubber, prover] in
        try? await scrubber.run { try? await prover.declareDamage() }
      }
    }
    try? await threads.shutdownGracefully()
  }

  /// Reads the ledger's clock with each block and wakes the duties.
  private func follow(_ signals: [BlockSignal]) async {
    // At the start too: what is due may have been so for long, and an idle ledger makes no block.
    await refresh(signals)
    for await _ in access.heights() { await refresh(signals) }
    for signal in signals { signal.finish() }
  }

  private func refresh(_ signals: [BlockSignal]) async {
    do { try await ledger.refreshClock() } catch {
      logger.debug("The ledger's clock could not be read.", metadata: ["why": "\(error)"])
    }
    for signal in signals { signal.send() }
  }

  /// Runs a duty at each block, one run at a time, and again after a pause when it failed.
  private func work(
    _ name: String, on signal: BlockSignal, _ duty: @Sendable () async throws -> Void
  ) async {
    var pause = Duration.milliseconds(200)
    for await _ in signal.blocks {
      do {
        try await duty()
        pause = .milliseconds(200)
      } catch {
        if Task.isCancelled { return }
        logger.debug("A duty is tried again.", metadata: ["duty": "\(name)", "why": "\(error)"])
        try? await Task.sleep(for: pause)
        pause = min(pause * 2, .seconds(5))
        signal.send()
      }
    }
  }
}

/// Says that there is a new block; several at once are one.
private struct BlockSignal: Sendable {
  let blocks: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() {
    (blocks, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func send() { continuation.yield() }
  func finish() { continuation.finish() }
}
